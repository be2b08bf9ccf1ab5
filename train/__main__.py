"""``python -m train``."""

import sys

from edge.cli.startup import start

if __name__ == "__main__":
    sys.exit(start("train.cli"))
