"""``python -m edge``: the commands of ``mien`` that run on the device."""

import sys

from edge.cli.startup import start


def main() -> int:
    """See ``edge.cli.main.main``."""
    return start("edge.cli.main")


if __name__ == "__main__":
    sys.exit(main())
