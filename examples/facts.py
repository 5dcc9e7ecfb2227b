"""A metric of one's own, for `fttool evaluate --metric facts.py:numbers`: a description must not change the facts."""

import re


def numbers(expected, answer):
    """The share of the numbers in the expected text (price, size) that stand in the answer too."""
    wanted = set(re.findall(r"\d+", expected))
    return len(wanted & set(re.findall(r"\d+", answer))) / len(wanted) if wanted else None
