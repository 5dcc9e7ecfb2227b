"""Command lines to be typed or pasted."""

from __future__ import annotations

import os
from collections.abc import Sequence


def shell(argv: Sequence[str]) -> str:
    """A command line that the user's shell takes as it is."""
    if os.name == "nt":
        import subprocess

        return subprocess.list2cmdline(argv)
    import shlex

    return shlex.join(argv)
