"""A job's life: the queue in the service's process, and the worker process that validates and trains."""
