"""What the parts of the pipeline are: source, landmark backend, classifier and sink."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edge.core.types import Face, Frame, Input, Prediction, SourceStats, Status


class FrameSource(Protocol):
    """Gives frames, one after the other.

    ``close()`` may be called from another thread or a signal handler and makes a waiting
    ``__iter__`` end soon.
    """

    stats: SourceStats

    def __iter__(self) -> Iterator[Frame]: ...

    def close(self) -> None: ...


class LandmarkBackend(Protocol):
    """Finds the faces of a frame and their landmarks."""

    def detect(self, frame: Frame) -> list[Face]: ...

    def close(self) -> None: ...


class Classifier(Protocol):
    """Computes the probabilities of a face's expressions from the inputs that it takes of the face."""

    labels: tuple[str, ...]
    inputs: tuple[Input, ...]

    def predict(self, inputs: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
        """The probabilities, float32 (C,), from one array for each of ``inputs``."""
        ...

    def close(self) -> None: ...


class Sink(Protocol):
    """Takes the results of a run. How a sink is opened, and what it needs:
    ``edge.sinks.outputs.SinkKind``."""

    def write(self, prediction: Prediction) -> None: ...

    def report(self, status: Status) -> None:
        """Take the status of the run, about once a second; may do nothing."""
        ...

    def close(self) -> None: ...
