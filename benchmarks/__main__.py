"""``python -m benchmarks``."""

import sys

from edge.cli.start import start

if __name__ == "__main__":
    sys.exit(start("benchmarks.cli.main"))
