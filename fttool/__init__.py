"""fttool: prepare, check and fine-tune language models."""

__version__ = "0.1.0"
