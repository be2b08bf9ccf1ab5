"""``python -m convert``."""

import sys

from edge.cli.start import start

if __name__ == "__main__":
    sys.exit(start("convert.cli"))
