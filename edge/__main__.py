"""``python -m edge``: the device's part of the command ``mien``."""

import sys

from edge.cli.start import start


def main() -> int:
    """See ``edge.cli.main.main``."""
    return start("edge.cli.main")


if __name__ == "__main__":
    sys.exit(main())
