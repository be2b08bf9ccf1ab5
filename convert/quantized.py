"""Keras → TFLite flatbuffers."""

import contextlib
import io
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.lite.tools import flatbuffer_utils

from edge.core.errors import DataError
from edge.core.stderr import muted_stderr


def to_int8(model: keras.Model, calibration: dict[str, NDArray[Any]]) -> bytes:
    """Full-integer quantization: int8 weights per channel, int8 activations, int8 logits.

    The inputs keep their types, and the network quantizes float32 ones itself, each with a scale of its own:
    the runtime's kernel does that faster than Python could fill int8 inputs.

    Jacob et al., 2018, arXiv:1712.05877; TensorFlow Lite's 8-bit quantization specification.

    Args:
        model: (N, …), one or more → float32 (N, C).
        calibration: (K, …) for each input by its name, in their order; it determines the ranges of all
            tensors.

    Returns:
        The flatbuffer: (1, …), one or more → int8 (1, C).
    """

    def representative() -> Iterator[dict[str, NDArray[Any]]]:
        # By name: the converter orders inputs as it likes.
        for row in zip(*calibration.values(), strict=True):
            yield {name: values[None] for name, values in zip(calibration, row, strict=True)}

    def configure(converter: tf.lite.TFLiteConverter) -> None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = representative
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_output_type = tf.int8

    return _convert(model, list(calibration), configure)


def set_output_range(model: bytes, low: float, high: float) -> bytes:
    """Replace the range of the int8 output that the calibration found.

    Half of the disagreements between int8 and float are ties between codes, and the rarest logits
    make the steps coarse. Only the requantization at the end of the last layer changes.

    Args:
        model: full-integer flatbuffer whose output comes from a fully connected layer.
        low: real value of code −128, at most 0; lower logits saturate.
        high: real value of code 127, at least 0.

    Raises:
        DataError: the range is empty: the network gives the same logit for everything.
    """
    low, high = min(low, 0.0), max(high, 0.0)
    if not low < high:
        raise DataError(
            "the network gives no other logit than 0 on the calibration rows, expected different ones: train "
            "again"
        )
    parts = flatbuffer_utils.convert_bytearray_to_object(bytearray(model))
    graph = parts.subgraphs[0]
    assert graph.operators[-1].outputs[0] == graph.outputs[0]
    scale = (high - low) / 255
    quantization = graph.tensors[graph.outputs[0]].quantization
    quantization.scale, quantization.zeroPoint = [scale], [round(-128 - low / scale)]
    return bytes(flatbuffer_utils.convert_object_to_bytearray(parts))


def to_float32(model: keras.Model, names: Sequence[str]) -> bytes:
    """The flatbuffer without quantization: (1, …), one or more inputs with these names → float32 (1, C)."""
    return _convert(model, names, lambda converter: None)


def to_dynamic_range(model: keras.Model, names: Sequence[str]) -> bytes:
    """The flatbuffer with int8 weights and float32 activations, which the runtime quantizes row by row:
    (1, …), one or more inputs with these names → float32 (1, C). Needs no calibration rows."""

    def configure(converter: tf.lite.TFLiteConverter) -> None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]

    return _convert(model, names, configure)


def _convert(
    model: keras.Model, names: Sequence[str], configure: Callable[[tf.lite.TFLiteConverter], None]
) -> bytes:
    """The flatbuffer of a network, converted as ``configure`` sets the converter up.

    Raises:
        OSError: the folder for temporary files cannot be written, or its disk is full.
    """
    # One row at a time is what the device runs. With the number of rows fixed, no operator computes shapes.
    signature = [
        tf.TensorSpec((1, *tensor.shape[1:]), tensor.dtype, name=name)
        for name, tensor in zip(names, model.inputs, strict=True)
    ]
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("serve", lambda *inputs: model(list(inputs)), input_signature=signature)
    # The converter chats on stdout, on stderr and in warnings; its errors are exceptions.
    with (
        tempfile.TemporaryDirectory(prefix="convert-") as folder,
        contextlib.redirect_stdout(io.StringIO()),
        muted_stderr(),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        try:
            archive.write_out(folder, verbose=False)
        except tf.errors.OpError as error:
            reason = error.message.rpartition("; ")[2]
            raise OSError(f"TensorFlow cannot write its files in {folder}: {reason}") from None
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        configure(converter)
        return bytes(converter.convert())
