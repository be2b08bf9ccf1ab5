"""Features of a face → probabilities, through the int8 model of a bundle."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.core import features
from edge.core.bundle import Bundle
from edge.core.errors import BundleError, RefusedError
from edge.core.quantize import CodeSoftmax
from edge.runtime import make_interpreter

WHAT_TO_DO = "convert it again, or install the TFLite runtime of requirements-edge.txt"
"""With a bundle whose network does not run here."""


class TfliteClassifier:
    """The bundle's network on the TFLite runtime; standardization and softmax in NumPy around it.

    Inputs are float32, and the network's first step is to quantize them: the runtime does that faster
    than NumPy or OpenCV, and feature maps need no step of ours at all.
    """

    def __init__(self, bundle: Bundle, threads: int = 1) -> None:
        """Build the interpreter.

        Raises:
            BackendError: the runtime is missing or does not load.
            BundleError: the runtime refuses the model, or its tensors are not the ones that ``model.json``
                describes.
        """
        self.labels = bundle.labels
        self._mean, self._std = bundle.mean, bundle.std
        self._buffer = np.empty_like(bundle.mean)
        self._softmax = CodeSoftmax(bundle.output, bundle.temperature)
        try:
            self._interpreter = make_interpreter(bundle.model, threads, f"the model of bundle {bundle.path}")
            sources, targets = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        except RefusedError as error:
            raise BundleError(f"{error}: {WHAT_TO_DO}") from None
        except UnicodeDecodeError:
            raise BundleError(f"the model of bundle {bundle.path} is damaged: {WHAT_TO_DO}") from None
        # The converter sorts inputs by a name of its own; their lengths tell them apart.
        lengths = [features.LENGTHS[name] for name in bundle.inputs]
        takes = sorted(_length(tensor, np.float32) for tensor in sources)
        gives = [_length(tensor, np.int8) for tensor in targets]
        if takes != sorted(lengths) or gives != [len(bundle.labels)]:
            raise BundleError(
                f"bundle {bundle.path}: the model must take float32 {lengths} and give int8 "
                f"[{len(bundle.labels)}], but has {takes} and {gives}: convert it again"
            )
        index = {_length(tensor, np.float32): tensor["index"] for tensor in sources}
        self._inputs = [self._interpreter.tensor(index[length]) for length in lengths]
        self._output = self._interpreter.tensor(targets[0]["index"])

    def predict(self, inputs: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Probabilities of one face.

        Args:
            inputs: float32 (F,) for each of the bundle's inputs: ``edge.core.features.extract``, and
                for a fused bundle ``maps`` of ``Face.embedding``.

        Returns:
            float32 (C,), in the order of ``labels``; sums to 1.
        """
        return self._softmax.probabilities(self.codes(inputs))

    def codes(self, inputs: Sequence[NDArray[np.float32]]) -> NDArray[np.int8]:
        """The network's logits of the same inputs as they are: int8 (C,).

        Raises:
            RuntimeError: the network cannot be run.
        """
        landmarks, *maps = inputs
        first, *rest = self._inputs
        np.subtract(landmarks, self._mean, out=self._buffer)
        np.divide(self._buffer, self._std, out=first()[0])
        for values, tensor in zip(maps, rest, strict=True):
            tensor()[0] = values
        self._interpreter.invoke()
        # A copy: who keeps an array of the interpreter's memory keeps it from running again.
        return np.array(self._output()[0], np.int8)

    def close(self) -> None:
        """Nothing to release; part of the protocol."""


def _length(tensor: dict[str, Any], dtype: type) -> int:
    """F of a (1, F) tensor of that type; −1: it is something else."""
    shape = [int(side) for side in tensor["shape"]]
    return shape[1] if tensor["dtype"] is dtype and len(shape) == 2 and shape[0] == 1 else -1
