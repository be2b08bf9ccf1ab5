"""Feature vector → probabilities, through the int8 model of a bundle."""

import numpy as np
from numpy.typing import NDArray

from edge.core.bundle import Bundle
from edge.core.errors import BundleError
from edge.core.quantize import CodeSoftmax, Quantizer
from edge.runtime import make_interpreter


class TfliteClassifier:
    """The bundle's MLP on the TFLite runtime; standardization and softmax in NumPy around it."""

    def __init__(self, bundle: Bundle, threads: int = 1) -> None:
        """Build the interpreter.

        Raises:
            BackendError: the runtime is missing or refuses the model.
            BundleError: the model's tensors are not the ones that ``model.json`` describes.
        """
        self.labels = bundle.labels
        self._quantizer = Quantizer(bundle.mean, bundle.std, bundle.input)
        self._softmax = CodeSoftmax(bundle.output)
        self._interpreter = make_interpreter(bundle.model, threads, f"the model of bundle {bundle.path}")
        (source,) = self._interpreter.get_input_details()
        (target,) = self._interpreter.get_output_details()
        for tensor, size in ((source, len(bundle.mean)), (target, len(bundle.labels))):
            if tensor["dtype"] is not np.int8 or list(tensor["shape"]) != [1, size]:
                raise BundleError(
                    f"bundle {bundle.path}: the model must have int8 [1, {size}] where it has "
                    f"{np.dtype(tensor['dtype']).name} {list(map(int, tensor['shape']))}: convert it again"
                )
        self._input = self._interpreter.tensor(source["index"])
        self._output = self._interpreter.tensor(target["index"])

    def predict(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probabilities of one face.

        Args:
            features: float32 (F,), from ``edge.core.features``.

        Returns:
            float32 (C,), in the order of ``labels``; sums to 1.
        """
        self._quantizer.quantize(features, self._input()[0])
        self._interpreter.invoke()
        return self._softmax.probabilities(self._output()[0])

    def close(self) -> None:
        """Nothing to release; part of the protocol."""
