"""A TFLite model that takes uint8 pixels in place of floats from 0 to 1.

A crop can be cut straight into such an input, and XNNPACK converts it faster than NumPy does. It needs an
operator ``DEQUANTIZE``, of which the model has one for every constant, since they are stored in 16 bits. The
16 numbers of the first bias are stored in 32 bits instead, and their operator is moved to the input. It
computes ``float32(pixel) × float32(1/255)``, as NumPy would, so the outputs stay bit-identical.
"""

import struct

from edge.core.errors import ModelError
from edge.landmarks.surgery import flatbuffer as fb

_DEQUANTIZE = 6
_UINT8 = 3


def take_pixels(model: bytes) -> bytes:
    """The model with a uint8 input: a pure function of its bytes.

    Only the positions to change are checked; that the result is a model for pixels is known by its hash
    (``edge.landmarks.models``).

    Args:
        model: TFLite flatbuffer with one subgraph, whose first input, float32, goes to a convolution with a
            bias of 16 bits.

    Returns:
        The same model, whose first input is uint8 of the same shape, with scale 1/255, zero point 0 and no
        name.

    Raises:
        ModelError: the model has no such input, convolution or bias.
    """
    try:
        return _take_pixels(model)
    except fb.TRUNCATED:
        raise ModelError(fb.NO_MODEL) from None


def _take_pixels(model: bytes) -> bytes:
    subgraph = fb.subgraph_of(model)
    tensors, operators, inputs = (
        fb.follow(model, fb.field(model, subgraph, number))
        for number in (fb.SUBGRAPH_TENSORS, fb.SUBGRAPH_OPERATORS, fb.SUBGRAPH_INPUTS)
    )
    entrance = fb.slot(model, inputs, 0)
    floats = fb.number(model, entrance)
    convolution = _operator(model, operators, fb.OPERATOR_INPUTS, floats)
    bias = fb.number(model, _end_slot(model, convolution, fb.OPERATOR_INPUTS, 2))
    expander = _operator(model, operators, fb.OPERATOR_OUTPUTS, bias)
    if _code(model, expander) != _DEQUANTIZE:
        raise ModelError("the bias of the model's first convolution must be stored in 16 bits")
    takes, gives = (_end_slot(model, expander, side, 0) for side in (fb.OPERATOR_INPUTS, fb.OPERATOR_OUTPUTS))
    packed = fb.number(model, takes)

    buffer = fb.number(model, fb.field(model, fb.element(model, tensors, packed), fb.TENSOR_BUFFER))
    buffers = fb.follow(model, fb.field(model, fb.follow(model, 0), fb.MODEL_BUFFERS))
    halves = _data(model, fb.element(model, buffers, buffer))
    constant = struct.pack(f"<{len(halves)}f", *halves)
    pixels: fb.Fields = {
        fb.TENSOR_SHAPE: _shape(model, tensors, floats),
        fb.TENSOR_TYPE: _UINT8,
        fb.TENSOR_QUANTIZATION: {
            fb.QUANTIZATION_SCALE: fb.Vector(1, struct.pack("<f", 1 / 255)),
            fb.QUANTIZATION_ZERO_POINT: fb.Vector(1, struct.pack("<q", 0)),
        },
    }
    weights: fb.Fields = {fb.TENSOR_SHAPE: _shape(model, tensors, bias), fb.TENSOR_BUFFER: buffer}
    content: fb.Fields = {fb.BUFFER_DATA: fb.Vector(len(constant), constant)}
    changed = bytearray(model)
    fb.refer(changed, fb.slot(model, tensors, bias), fb.table(weights))
    fb.refer(changed, fb.slot(model, buffers, buffer), fb.table(content))
    fb.refer(changed, fb.slot(model, tensors, packed), fb.table(pixels))
    struct.pack_into("<i", changed, gives, floats)
    struct.pack_into("<i", changed, entrance, packed)
    return bytes(changed)


def _operator(model: bytes, operators: int, side: int, tensor: int) -> int:
    """The first operator whose first input or output is ``tensor``."""
    for index in range(fb.length(model, operators)):
        operator = fb.element(model, operators, index)
        if fb.number(model, _end_slot(model, operator, side, 0)) == tensor:
            return operator
    raise ModelError(f"no operator of the model takes or gives tensor {tensor}")


def _end_slot(model: bytes, operator: int, side: int, index: int) -> int:
    """Position of the index of one of an operator's input or output tensors."""
    return fb.slot(model, fb.follow(model, fb.field(model, operator, side)), index)


def _code(model: bytes, operator: int) -> int:
    """The number of an operator's ``BuiltinOperator``, up to 126."""
    codes = fb.follow(model, fb.field(model, fb.follow(model, 0), fb.MODEL_OPERATOR_CODES))
    index = fb.number(model, fb.field(model, operator, fb.OPERATOR_CODE))
    place = fb.field(model, fb.element(model, codes, index), fb.CODE_BUILTIN)
    return int(struct.unpack_from("<B", model, place)[0])


def _shape(model: bytes, tensors: int, index: int) -> fb.Vector:
    """The shape of a tensor, as a vector for a new table."""
    shape = fb.follow(model, fb.field(model, fb.element(model, tensors, index), fb.TENSOR_SHAPE))
    count = fb.length(model, shape)
    (sides,) = struct.unpack_from(f"{4 * count}s", model, shape + 4)
    return fb.Vector(count, sides)


def _data(model: bytes, buffer: int) -> tuple[float, ...]:
    """The 16-bit floats of a buffer."""
    data = fb.follow(model, fb.field(model, buffer, fb.BUFFER_DATA))
    return struct.unpack_from(f"<{fb.length(model, data) // 2}e", model, data + 4)
