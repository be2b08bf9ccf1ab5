"""A part of the face landmark network as a Keras network with the same weights, which can be trained."""

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray
from tensorflow.lite.python import schema_py_generated
from tensorflow.lite.tools import flatbuffer_utils

START = 83
"""Index of the feature map ``p_re_lu_9``, (24, 24, 64): layers before it stay fixed, layers after it are
trained."""

ENDS = (141, 179, 177)
"""Indices of the last feature map at 6×6, and of the last ones at 3×3 in the branches for landmarks and
presence."""

_NAMES = {
    value: name for name, value in vars(schema_py_generated.BuiltinOperator).items() if isinstance(value, int)
}


def landmark_network(flatbuffer: bytes, start: int, ends: tuple[int, ...]) -> keras.Model:
    """The part of ``face_landmark.tflite`` from its tensor ``start`` to its tensors ``ends``.

    Args:
        flatbuffer: the model; its weights after ``start`` are float16, with a DEQUANTIZE before each use.
        start: index of the feature map that is the input.
        ends: indices of the feature maps that are the outputs, computed from ``start`` alone.

    Returns:
        float32 (N, H, W, C) → float32 (N, H', W', C') for each of ``ends``; trainable.

    Raises:
        KeyError: a tensor of ``ends`` is not computed from ``start`` alone.
    """
    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(flatbuffer))
    graph = model.subgraphs[0]
    source = layers.Input(tuple(int(side) for side in graph.tensors[start].shape[1:]))
    values: dict[int, keras.KerasTensor] = {start: source}
    weights: dict[int, NDArray[np.float32]] = {}
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex]
        name = _NAMES[max(code.builtinCode, code.deprecatedBuiltinCode)]
        (end,) = operator.outputs
        if name == "DEQUANTIZE":
            tensor = graph.tensors[operator.inputs[0]]
            data = model.buffers[tensor.buffer].data
            if data is not None:  # else it is the one of the input: edge.landmarks.surgery.pixel_input
                weights[end] = np.frombuffer(bytes(data), np.float16).reshape(tensor.shape).astype(np.float32)
            continue
        known = [values[tensor] for tensor in operator.inputs if tensor in values]
        shape = [int(side) for side in graph.tensors[end].shape]
        if name == "ADD" and len(known) == 2:
            values[end] = layers.Add()(known)
        elif known and name != "ADD" and len(shape) == 4 and shape[1] > 1:
            own = [weights[tensor] for tensor in operator.inputs[1:] if tensor in weights]
            values[end] = _layer(name, known[0], own, shape)
    return keras.Model(source, [values[end] for end in ends])


def _layer(
    name: str, value: keras.KerasTensor, weights: list[NDArray[np.float32]], shape: list[int]
) -> keras.KerasTensor:
    """The layer of one operator. Kernels are (C', H, W, C) and (1, H, W, C) in the flatbuffer."""
    stride = int(value.shape[1]) // shape[1]
    if name == "MAX_POOL_2D":
        return layers.MaxPool2D(stride)(value)
    if name == "PAD":  # further channels, all zero
        return keras.ops.pad(value, ((0, 0), (0, 0), (0, 0), (0, shape[3] - int(value.shape[3]))))
    if name == "PRELU":
        layer = layers.PReLU(shared_axes=[1, 2])
    elif name == "CONV_2D":
        size = weights[0].shape[1:3]
        weights[0] = weights[0].transpose(1, 2, 3, 0)
        layer = layers.Conv2D(shape[3], size, strides=stride, padding="same")
    elif name == "DEPTHWISE_CONV_2D":
        size = weights[0].shape[1:3]
        weights[0] = weights[0].transpose(1, 2, 3, 0)
        layer = layers.DepthwiseConv2D(size, strides=stride, padding="same")
    else:
        raise KeyError(f"the landmark network has an operator {name} that is not known here")
    result = layer(value)
    layer.set_weights(weights)
    return result
