"""``python -m train``."""

import sys

from edge.cli.start import start

if __name__ == "__main__":
    sys.exit(start("train.cli"))
