"""The API: OpenAI's endpoints, over HTTP, with their bodies, answers and errors."""
