"""The trainer `baseline`: a classifier for labels, nearest examples and n-grams for free text. Not a language model."""
