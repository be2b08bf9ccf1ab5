"""Compare the JSON lines of two runs over the same frames: ``clip_labels.py HERE THERE``; see roots.sh.

The frames and the labels must be the same; the largest difference of a probability is printed.
"""

import json
import sys
from pathlib import Path
from typing import Any


def labels(line: dict[str, Any]) -> list[str]:
    """One label for each face."""
    return [face["label"] for face in line["faces"]]


def difference(here: dict[str, Any], there: dict[str, Any]) -> float:
    """Largest difference of a probability between the faces of two lines; 0 without a face."""
    pairs = [
        (face["probabilities"][name], probability)
        for face, other in zip(here["faces"], there["faces"], strict=False)
        for name, probability in other["probabilities"].items()
    ]
    return max((abs(one - other) for one, other in pairs), default=0.0)


def main() -> None:
    """One line that says what was compared, or what differs first."""
    here, there = (list(map(json.loads, Path(path).read_text().splitlines())) for path in sys.argv[1:3])
    frames = list(range(len(here)))
    if [line["frame"] for line in here] != frames or [line["frame"] for line in there] != frames or not here:
        sys.exit(f"expected the same frames, 0, 1, 2 …; found {len(here)} lines here, {len(there)} there")
    for one, other in zip(here, there, strict=True):
        if labels(one) != labels(other):
            sys.exit(f"frame {one['frame']}: {labels(one)} here, {labels(other)} there")
    found = [label for line in here for label in labels(line)]
    print(
        f"{len(here)} frames, {len(found)} faces ({', '.join(sorted(set(found))) or 'none'}): same labels; "
        f"largest difference of a probability {max(map(difference, here, there)):.4f}"
    )


if __name__ == "__main__":
    main()
