"""What texts begin and end with in common."""

from __future__ import annotations


def shared_prefix(left: str, right: str) -> str:
    """What both begin with."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return left[:low]


def shared_suffix(left: str, right: str) -> str:
    """What both end with."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left.endswith(right[len(right) - middle :]):
            low = middle
        else:
            high = middle - 1
    return left[len(left) - low :]
