"""Fine-tuned models answer: completions and chats, token by token."""
