"""The process that serves: starting it, finding it, stopping it, and all that surrounds the API."""
