"""``python -m mien``, and the command ``mien``."""

import sys

from mien._siblings import ROOT, load_sibling


def main() -> int:
    """See ``mien.cli.main``."""
    load_sibling("edge")
    from edge.cli.startup import start

    return start("mien.cli")


if __name__ == "__main__":
    if not sys.flags.safe_path and sys.path[0] != str(ROOT):
        del sys.path[0]  # the caller's folder, which may hold a train.py of its own
    sys.exit(main())
