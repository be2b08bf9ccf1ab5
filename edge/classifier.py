"""Features of a face → probabilities, through the int8 model of a bundle."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.core.bundle import Bundle
from edge.core.errors import BundleError
from edge.core.quantize import CodeSoftmax, Quantization
from edge.runtime import make_interpreter


class Quantizer:
    """Features → int8 codes: standardize, scale, round to the nearest, clip.

    Mean, standard deviation, scale and zero point are folded into one factor and one summand. OpenCV
    rounds, clips and casts in one pass, three times as fast as NumPy. This runs for each face of each
    frame.
    """

    def __init__(self, mean: NDArray[np.float32], std: NDArray[np.float32], to: Quantization) -> None:
        """Precompute.

        Args:
            mean: float32 (F,)
            std: float32 (F,), > 0.
            to: the model's input tensor.
        """
        factor = 1.0 / (std.astype(np.float64) * to.scale)
        self._factor = factor.astype(np.float32)[None]
        self._summand = (to.zero_point - mean * factor).astype(np.float32)[None]
        self._buffer = np.empty_like(self._factor)

    def quantize(self, features: NDArray[np.float32], codes: NDArray[np.int8]) -> None:
        """Write the nearest codes, clipped to −128…127, into ``codes``.

        Args:
            features: float32 (F,); codes beyond ±2³¹ would wrap, which ``edge.core.features.FARTHEST``
                rules out for landmarks, and the landmark network's weights for its maps.
            codes: int8 (1, F), overwritten.
        """
        cv2.multiply(features[None], self._factor, self._buffer)
        cv2.add(self._buffer, self._summand, codes, dtype=cv2.CV_8S)


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
        sources, targets = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        lengths = [len(entry.mean) for entry in bundle.inputs]
        takes, gives = sorted(map(_length, sources)), [_length(tensor) for tensor in targets]
        if takes != sorted(lengths) or gives != [len(bundle.labels)]:
            raise BundleError(
                f"bundle {bundle.path}: the model must take int8 {lengths} and give int8 "
                f"[{len(bundle.labels)}], but has {takes} and {gives}: convert it again"
            )
        index = {_length(tensor): tensor["index"] for tensor in sources}
        self._inputs = [self._interpreter.tensor(index[length]) for length in lengths]
        self._output = self._interpreter.tensor(targets[0]["index"])

    def predict(self, inputs: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Probabilities of one face.

        Args:
            inputs: float32 (F,) for each of the bundle's inputs: ``edge.core.features.extract``, and
                for a fused bundle ``Face.embedding``.

        Returns:
            float32 (C,), in the order of ``labels``; sums to 1.
        """
        for quantizer, values, codes in zip(self._quantizers, inputs, self._inputs, strict=True):
            quantizer.quantize(values, codes())
        self._interpreter.invoke()
        return self._softmax.probabilities(self._output()[0])

    def close(self) -> None:
        """Nothing to release; part of the protocol."""


def _length(tensor: dict[str, Any]) -> int:
    """F of an int8 (1, F) tensor; −1: it is something else."""
    shape = [int(side) for side in tensor["shape"]]
    return shape[1] if tensor["dtype"] is np.int8 and len(shape) == 2 and shape[0] == 1 else -1
