"""Print how far the shipped networks' answers to synthetic faces are from those in their bundles."""

from pathlib import Path

import numpy as np

import edge
from edge.bundles import golden
from edge.bundles.format import read_bundle
from edge.bundles.self_test import codes
from edge.head.classifier import TfliteClassifier


def main() -> None:
    """One line per bundle: the largest difference in codes. ``mien check`` refuses what is too far."""
    for folder in sorted((Path(edge.__file__).parent / "bundles" / "shipped").iterdir()):
        bundle = read_bundle(folder)
        apart = np.abs(codes(TfliteClassifier(bundle), bundle).astype(np.int16) - bundle.golden)
        print(f"bundle {folder.name}: answers at most {apart.max()} codes off (allowed: {golden.TOLERANCE})")


if __name__ == "__main__":
    main()
