"""A training that was stopped goes on: what it has come to after each epoch, in a file beside its run
folder."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.cli.console import say
from edge.core.files import replacing
from train.dataset.landmarks_folder import write_npz


class Checkpoint:
    """``.NAME.unfinished.npz`` beside the run folder ``NAME``.

    It belongs to one training: another one with other data or settings starts anew.
    """

    def __init__(self, out: Path, training: dict[str, Any]) -> None:
        """
        Args:
            out: the run folder.
            training: all that the training depends on, as JSON takes it.
        """
        self.path = out.parent / f".{out.name}.unfinished.npz"
        self._training = json.dumps(training, sort_keys=True)

    def load(self) -> tuple[list[NDArray[Any]], dict[str, Any]] | None:
        """What ``save`` was last given; None: there is nothing of this training. A damaged file is named."""
        if not self.path.exists():
            return None
        kept = self._read()
        if kept is None:
            say(f"warning: {self.path} is of another training, or damaged: starting anew", sys.stderr)
        return kept

    def _read(self) -> tuple[list[NDArray[Any]], dict[str, Any]] | None:
        try:
            with self.path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                head = json.loads(str(archive["head"]))
                if head["training"] != self._training:
                    return None
                return [archive[f"array_{number}"] for number in range(head["arrays"])], head["progress"]
        except Exception:  # a flipped bit in an npz raises anything from zlib.error to SyntaxError
            return None

    def save(self, arrays: list[NDArray[Any]], progress: dict[str, Any]) -> None:
        """Keep the state after an epoch, in place of that of the one before.

        Args:
            arrays: weights, of any shape.
            progress: as JSON takes it.

        Raises:
            OSError: a full disk, for instance; the state before is still there.
        """
        head = {"training": self._training, "arrays": len(arrays), "progress": progress}
        numbered = {f"array_{number}": np.asarray(array) for number, array in enumerate(arrays)}
        with replacing(self.path) as temporary:
            write_npz(temporary, {"head": np.array(json.dumps(head)), **numbered})

    def remove(self) -> None:
        """The training is over."""
        self.path.unlink(missing_ok=True)
