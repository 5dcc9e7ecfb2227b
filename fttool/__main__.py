"""`python -m fttool`."""

from fttool.cli import entry

if __name__ == "__main__":
    entry()
