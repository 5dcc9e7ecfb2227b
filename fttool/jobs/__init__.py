"""The client side of a fine-tuning job, on any OpenAI-shaped service. See docs/contributing.md."""
