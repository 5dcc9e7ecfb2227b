"""The endpoints, one module per kind of object; each has its `routes`."""
