"""Features of a face → probabilities, through the int8 model of a bundle."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.core.bundle import Bundle
from edge.core.errors import BundleError
from edge.core.quantize import CodeSoftmax, Quantizer
from edge.runtime import make_interpreter


class TfliteClassifier:
    """The bundle's network on the TFLite runtime; standardization and softmax in NumPy around it."""

    def __init__(self, bundle: Bundle, threads: int = 1) -> None:
        """Build the interpreter.

        Raises:
            BackendError: the runtime is missing or refuses the model.
            BundleError: the model's tensors are not the ones that ``model.json`` describes.
        """
        self.labels = bundle.labels
        self._quantizers = [Quantizer(entry.mean, entry.std, entry.quantization) for entry in bundle.inputs]
        self._softmax = CodeSoftmax(bundle.output, bundle.temperature)
        self._interpreter = make_interpreter(bundle.model, threads, f"the model of bundle {bundle.path}")
        # The converter sorts inputs by a name of its own; their lengths tell them apart.
        sources = {_length(tensor): tensor for tensor in self._interpreter.get_input_details()}
        targets = {_length(tensor): tensor for tensor in self._interpreter.get_output_details()}
        lengths = [len(entry.mean) for entry in bundle.inputs]
        if sorted(sources) != sorted(lengths) or list(targets) != [len(bundle.labels)]:
            raise BundleError(
                f"bundle {bundle.path}: the model must take int8 {lengths} and give int8 "
                f"[{len(bundle.labels)}], but has {list(sources)} and {list(targets)}: convert it again"
            )
        self._inputs = [self._interpreter.tensor(sources[length]["index"]) for length in lengths]
        self._output = self._interpreter.tensor(targets[len(bundle.labels)]["index"])

    def predict(self, inputs: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Probabilities of one face.

        Args:
            inputs: float32 (F,) for each of the bundle's inputs: ``edge.core.features.extract``, and
                for a fused bundle ``Face.embedding``.

        Returns:
            float32 (C,), in the order of ``labels``; sums to 1.
        """
        for quantizer, values, codes in zip(self._quantizers, inputs, self._inputs, strict=True):
            quantizer.quantize(values, codes()[0])
        self._interpreter.invoke()
        return self._softmax.probabilities(self._output()[0])

    def close(self) -> None:
        """Nothing to release; part of the protocol."""


def _length(tensor: dict[str, Any]) -> int:
    """F of an int8 (1, F) tensor; −1: it is something else."""
    shape = [int(side) for side in tensor["shape"]]
    return shape[1] if tensor["dtype"] is np.int8 and len(shape) == 2 and shape[0] == 1 else -1
