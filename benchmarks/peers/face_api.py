"""face-api as a peer: what its two files in ``recognizers`` share. It runs in a process of Node."""

import atexit
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.workers.process import Worker

VERSION = "1.7.15"
TRAINED_ON = "public data sets and pictures of the web that are not named; FER2013 is not ruled out"
LABELS = {
    "neutral": "neutral",
    "happy": "happy",
    "sad": "sad",
    "angry": "angry",
    "fearful": "fear",
    "disgusted": "disgust",
    "surprised": "surprise",
}
_SCRIPT = Path(__file__).parent / "recognizers" / "face_api_npm" / "worker.js"
_ANSWER_S = 60.0
"""Seconds that Node has for an answer: less than this process has, so that Node does not outlive it."""


class FaceApi:
    """The networks of face-api in Node, on WebAssembly with one thread."""

    NPM = "face_api_npm"
    TRAINED_ON = TRAINED_ON
    LABELS = LABELS

    def __init__(self, detect: bool, folder: Path = Path(sys.prefix)) -> None:
        """Start Node and load the networks.

        Args:
            detect: find the face with face-api's own detector, SSD MobileNet V1; else each picture is a face.
            folder: folder of ``node_modules``.

        Raises:
            OSError: there is no Node.
            BackendError: Node cannot run the networks; the message has the reason.
        """
        self._worker = Worker("node", (str(_SCRIPT), str(folder)))
        atexit.register(self.close)
        try:
            self.packages: dict[str, str] = self._worker.ask({"open": detect}, _ANSWER_S)["packages"]
            """Node and the packages of npm → version."""
        except BaseException:
            self.close()
            raise
        self.processes = (self._worker.pid,)
        """Process number of Node."""

    def answer(self, rgb: NDArray[np.uint8]) -> list[float] | None:
        """Probabilities of a picture uint8 (H, W, 3), in the order of ``LABELS``; None: no face found.

        Raises:
            BackendError: Node has ended, or the networks fail; the message has the reason.
        """
        found = self._worker.ask({"picture": rgb.shape[:2]}, _ANSWER_S, rgb.tobytes())["expressions"]
        return None if found is None else [found[name] for name in LABELS]

    def close(self) -> None:
        """End Node and wait, so that its CPU time counts as this process's."""
        atexit.unregister(self.close)
        self._worker.close()
