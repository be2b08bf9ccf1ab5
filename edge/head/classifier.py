"""The classifier: a face's inputs → probabilities, through the int8 network of a bundle."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.bundles.format import Bundle
from edge.core.errors import BundleError, RefusedError
from edge.core.quantize import CodeSoftmax
from edge.core.runtime import make_interpreter
from edge.core.types import InputTensor
from edge.head.inputs import inputs_of

REMEDY = "convert it again, or install the TFLite runtime of requirements-edge.txt"
"""The advice for a bundle whose network does not run on this device."""


class TfliteClassifier:
    """The bundle's network on the TFLite runtime, with standardization before it and a softmax behind it.

    The network's first step is to quantize its float32 inputs: the runtime does that faster than NumPy or
    OpenCV, and feature maps need no step before the network at all.
    """

    def __init__(self, bundle: Bundle, threads: int = 1) -> None:
        """Build the interpreter.

        Raises:
            BackendError: the runtime is missing or does not load.
            BundleError: the network takes an input that this program does not have, the runtime refuses the
                model, or its tensors are not those that ``model.json`` describes.
        """
        self.labels = bundle.labels
        self.inputs = inputs_of(bundle)
        self._softmax = CodeSoftmax(bundle.output, bundle.temperature)
        try:
            self._interpreter = make_interpreter(bundle.model, threads, f"the model of bundle {bundle.path}")
            inputs, outputs = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        except RefusedError as error:
            raise BundleError(f"{error}: {REMEDY}") from None
        except UnicodeDecodeError:
            raise BundleError(f"the model of bundle {bundle.path} is damaged: {REMEDY}") from None
        takes = sorted(f"{each['name']} {_described(each['dtype'], each['shape'])}" for each in inputs)
        expected = sorted(
            f"{each.tensor} {_described(each.dtype, (1, *each.shape))}" for each in bundle.inputs
        )
        gives = [_described(each["dtype"], each["shape"]) for each in outputs]
        if takes != expected or gives != [_described(np.int8, (1, len(bundle.labels)))]:
            raise BundleError(
                f"bundle {bundle.path}: the model must take {', '.join(expected)} and give int8 "
                f"[1, {len(bundle.labels)}], but takes {', '.join(takes)} and gives {', '.join(gives)}: "
                "convert it again"
            )
        index = {each["name"]: each["index"] for each in inputs}
        self._slots = [_Slot(each, self._interpreter.tensor(index[each.tensor])) for each in bundle.inputs]
        self._output = self._interpreter.tensor(outputs[0]["index"])

    def predict(self, inputs: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
        """Probabilities of one face.

        Args:
            inputs: one array for each ``Input`` in ``self.inputs``, as its ``make`` computes it.

        Returns:
            float32 (C,), in the order of ``labels``; sums to 1.
        """
        return self._softmax.probabilities(self.codes(inputs))

    def codes(self, inputs: Sequence[NDArray[Any]]) -> NDArray[np.int8]:
        """The network's quantized logits of the same inputs: int8 (C,).

        Raises:
            RuntimeError: the network cannot be run.
        """
        for values, slot in zip(inputs, self._slots, strict=True):
            slot.fill(values)
        self._interpreter.invoke()
        # A copy: an array of the interpreter's memory that is kept stops it from running again.
        return np.array(self._output()[0], np.int8)

    def close(self) -> None:
        """Do nothing: there is nothing to release."""


class _Slot:
    """An input tensor of the interpreter."""

    def __init__(self, tensor: InputTensor, memory: Callable[[], NDArray[Any]]) -> None:
        """
        Args:
            tensor: what ``model.json`` says of the tensor.
            memory: gives the tensor's memory, with its leading 1; the array must not be kept.
        """
        self._memory = memory
        self._shape = tensor.shape
        self._standardization = tensor.standardization
        self._buffer = np.empty(tensor.shape, np.float32)

    def fill(self, values: NDArray[Any]) -> None:
        """Write one face's numbers into the tensor, standardized where the bundle says so."""
        # Behind the landmark network, each call of NumPy costs 10 µs: as few as possible.
        if values.shape != self._shape:
            values = values.reshape(self._shape)
        if self._standardization is None:
            self._memory()[0] = values
        else:
            mean, std = self._standardization
            np.subtract(values, mean, out=self._buffer)
            np.divide(self._buffer, std, out=self._memory()[0])


def _described(dtype: Any, shape: Sequence[int]) -> str:
    return f"{np.dtype(dtype)} {[int(side) for side in shape]}"
