"""``python -m train.study``."""

import sys

from edge.cli.start import start

if __name__ == "__main__":
    sys.exit(start("train.study.cli"))
