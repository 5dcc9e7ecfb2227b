"""How good answers are. Pure functions: answers in, numbers out; nothing is asked, printed or written here.

measure.py         all metrics of one model: the way in        paired.py    two models on the same rows
labels.py          which class an answer names, how surely     columns.py   what is kept of each row: a few numbers
classification.py  scikit-learn's metrics of classes           curves.py    those of probabilities
calibration.py     is it right as often as it is sure?         text.py      free text: matches, overlap, BLEU …
intervals.py       how far to trust a number                   custom.py    the user's own function
"""
