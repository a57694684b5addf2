"""`python -m tests.lab` makes the folder with Asterisk in it, if it is not there, and says what is in it."""

from __future__ import annotations

import sys

from tests.lab.root import LabError, provide


def main() -> int:
    """Give 0, or 2 after saying what is missing."""
    try:
        root = provide()
    except LabError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"asterisk: {root.version} ({root.outside.parent if root.prefix else root.program})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
