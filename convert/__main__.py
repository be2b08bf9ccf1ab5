"""``python -m convert``."""

import sys

from edge.cli.startup import start

if __name__ == "__main__":
    sys.exit(start("convert.cli"))
