"""Training files: what a line may hold, what is wrong with it, and the examples that trainers see."""
