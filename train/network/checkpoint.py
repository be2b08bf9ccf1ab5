"""The state of a training after each epoch, kept in a file, so that a stopped training can go on."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.cli.console import say
from edge.core.files import replacing
from train.npz import read_npz, write_npz
from train.settings import TrainingSettings
from train.versions import training_versions


class Checkpoint:
    """The file ``.NAME.unfinished.npz`` beside the run folder ``NAME``.

    It belongs to one training: a training with other data or settings starts anew.
    """

    def __init__(self, out: Path, training: dict[str, Any]) -> None:
        """
        Args:
            out: the run folder.
            training: everything that the training depends on, see ``training_identity``; JSON values.
        """
        self.path = out.parent / f".{out.name}.unfinished.npz"
        self._training = json.dumps(training, sort_keys=True)

    def load(self) -> tuple[list[NDArray[Any]], dict[str, Any]] | None:
        """The arrays and the progress that ``save`` was last given; None if there are none of this training.
        A file of another training, or a damaged one, is a warning."""
        if not self.path.exists():
            return None
        kept = self._read()
        if kept is None:
            say(f"warning: {self.path} is of another training, or damaged: starting anew", sys.stderr)
        return kept

    def _read(self) -> tuple[list[NDArray[Any]], dict[str, Any]] | None:
        try:
            arrays = read_npz(self.path)
            head = json.loads(str(arrays["head"]))
            if head["training"] != self._training:
                return None
            return [arrays[f"array_{number}"] for number in range(head["arrays"])], head["progress"]
        except Exception:  # a flipped bit in an npz raises anything from zlib.error to SyntaxError
            return None

    def save(self, arrays: list[NDArray[Any]], progress: dict[str, Any]) -> None:
        """Keep the state after an epoch, in place of the state after the epoch before.

        Args:
            arrays: weights, of any shape.
            progress: JSON values.

        Raises:
            OSError: a full disk, for instance; the state before is still there.
        """
        head = {"training": self._training, "arrays": len(arrays), "progress": progress}
        numbered = {f"array_{number}": np.asarray(array) for number, array in enumerate(arrays)}
        with replacing(self.path) as temporary:
            write_npz(temporary, {"head": np.array(json.dumps(head)), **numbered})

    def remove(self) -> None:
        """Remove the file, when the training is over."""
        self.path.unlink(missing_ok=True)


def training_identity(
    landmarks: dict[str, Any], settings: TrainingSettings, others: Sequence[Path] = ()
) -> dict[str, Any]:
    """Everything that a checkpoint must share with the training that goes on from it.

    Args:
        landmarks: ``info`` of the landmarks folder.
        settings: settings of the training.
        others: run folders that the training learns or starts from.
    """
    return {
        "landmarks": landmarks,
        "settings": asdict(settings),
        "others": [(run / "run.json").read_text() for run in others],
        "versions": training_versions(),
    }
