"""The service misbehaves on purpose (`serve --fault`), so that clients can be tested against it."""
