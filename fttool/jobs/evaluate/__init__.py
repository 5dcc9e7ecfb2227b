"""A model is asked the examples of a file, many at a time, and what it answers is kept.

examples.py   a JSONL file becomes questions; what its completions have in common
plan.py       how to ask: labels or text, stop sequence, how long an answer may be
asking.py     one question; gate.py: how many at once, and when; pool.py: all of them
answers.py    the file of answers: what is in it is not asked again
run.py        all of that together
"""
