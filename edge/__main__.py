"""``python -m edge``: the device's part of the command ``mien``."""

import sys

from edge.core.start import start


def main() -> int:
    """See ``edge.cli.main``."""
    return start("edge.cli")


if __name__ == "__main__":
    sys.exit(main())
