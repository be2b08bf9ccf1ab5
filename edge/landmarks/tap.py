"""Inner tensors of a TFLite model as further outputs, without a schema or a converter.

The landmark network has looked at the pixels already; what it saw beside the shape is in its
feature maps. A new list of outputs is added to the end of the flatbuffer, and the subgraph's field
``outputs`` is turned to it. Nothing else changes, so the first outputs stay bit-identical.

Offsets follow FlatBuffers' internals (https://flatbuffers.dev/internals/) and TensorFlow Lite's
``schema.fbs``: ``Model.subgraphs`` is field 2, ``SubGraph.outputs`` is field 2.
"""

import struct

from edge.core.errors import ModelError

_SUBGRAPHS = 2
_TENSORS = 0
_OUTPUTS = 2


def tap(model: bytes, tensors: tuple[int, ...]) -> bytes:
    """The model with more outputs: a pure function of its bytes.

    Args:
        model: TFLite flatbuffer with one subgraph.
        tensors: indices of the tensors that follow its own outputs.

    Raises:
        ModelError: not such a flatbuffer, or it lacks a tensor.
    """
    try:
        subgraph = _subgraph(model)
        count = _length(model, _follow(model, _field(model, subgraph, _TENSORS)))
        if not all(0 <= tensor < count for tensor in tensors):
            raise ModelError(f"the model has tensors 0…{count - 1}, expected {', '.join(map(str, tensors))}")
        field = _field(model, subgraph, _OUTPUTS)
        old = _follow(model, field)
        size = _length(model, old)
        outputs = (*struct.unpack_from(f"<{size}i", model, old + 4), *tensors)
    except struct.error:
        raise ModelError("the model is not a TFLite flatbuffer, or it was cut off") from None
    tapped = bytearray(model)
    tapped += b"\0" * (-len(tapped) % 4)
    struct.pack_into("<I", tapped, field, len(tapped) - field)
    tapped += struct.pack(f"<I{len(outputs)}i", len(outputs), *outputs)
    return bytes(tapped)


def _subgraph(model: bytes) -> int:
    """Position of the only subgraph's table."""
    subgraphs = _follow(model, _field(model, _follow(model, 0), _SUBGRAPHS))
    if _length(model, subgraphs) != 1:
        raise ModelError(f"expected a model with one subgraph, not {_length(model, subgraphs)}")
    return _follow(model, subgraphs + 4)


def _field(model: bytes, table: int, number: int) -> int:
    """Position of a field of a table: the table starts with the distance back to its vtable, which
    starts with its own size and the table's, followed by each field's distance from the table."""
    vtable = table - struct.unpack_from("<i", model, table)[0]
    (size,) = struct.unpack_from("<H", model, vtable)
    offset = struct.unpack_from("<H", model, vtable + 4 + 2 * number)[0] if 4 + 2 * number < size else 0
    if not offset:
        raise ModelError(f"the model's table at byte {table} lacks field {number}")
    return table + int(offset)


def _follow(model: bytes, position: int) -> int:
    """Where the offset at ``position`` points to."""
    return position + int(struct.unpack_from("<I", model, position)[0])


def _length(model: bytes, vector: int) -> int:
    return int(struct.unpack_from("<I", model, vector)[0])
