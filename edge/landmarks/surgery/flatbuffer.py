"""Reading TFLite flatbuffers and adding to their end, without a schema or a converter.

Offsets follow FlatBuffers' internals (https://flatbuffers.dev/internals/), field numbers TensorFlow Lite's
``schema.fbs``. References only point forward: new data goes to the end, and the reference to it is changed.

Positions are bytes from the start. All functions that read raise one of ``TRUNCATED`` where the flatbuffer is
truncated, or the bytes are no flatbuffer.
"""

import struct
from collections.abc import Mapping
from typing import NamedTuple

from edge.core.errors import ModelError

# Fields of the tables, by their number in schema.fbs.
MODEL_OPERATOR_CODES, MODEL_SUBGRAPHS, MODEL_BUFFERS = 1, 2, 4
SUBGRAPH_TENSORS, SUBGRAPH_INPUTS, SUBGRAPH_OUTPUTS, SUBGRAPH_OPERATORS = 0, 1, 2, 3
OPERATOR_CODE, OPERATOR_INPUTS, OPERATOR_OUTPUTS = 0, 1, 2
CODE_BUILTIN = 0
TENSOR_SHAPE, TENSOR_TYPE, TENSOR_BUFFER, TENSOR_QUANTIZATION = 0, 1, 2, 4
QUANTIZATION_SCALE, QUANTIZATION_ZERO_POINT = 2, 3
BUFFER_DATA = 0

TRUNCATED = (struct.error, OverflowError)
"""Errors of a read beyond the end; the second one where a 32-bit processor cannot address the position."""
NO_MODEL = "the model is not a TFLite flatbuffer, or it is truncated"

_ALIGNMENT = 16
"""Alignment of a model's constants, bytes."""


class Vector(NamedTuple):
    """A vector of numbers or characters that a new table refers to."""

    elements: int
    data: bytes


Fields = Mapping[int, "int | Vector | Fields"]
"""Fields of a new table by their numbers: an integer from 0 to 2³² − 1 (little-endian, so a field of one byte
reads its first), a vector or a table."""


def subgraph_of(model: bytes) -> int:
    """Position of the only subgraph's table.

    Raises:
        ModelError: the model has none, or more than one.
    """
    subgraphs = follow(model, field(model, follow(model, 0), MODEL_SUBGRAPHS))
    if length(model, subgraphs) != 1:
        raise ModelError(f"expected a model with one subgraph, not {length(model, subgraphs)}")
    return element(model, subgraphs, 0)


def field(model: bytes, table: int, number: int) -> int:
    """Position of a field of a table: the table starts with the distance back to its vtable, which
    starts with its own size and the table's, followed by each field's distance from the table.

    Raises:
        ModelError: the field has its default value, and so no position.
    """
    vtable = table - struct.unpack_from("<i", model, table)[0]
    (size,) = struct.unpack_from("<H", model, vtable)
    offset = struct.unpack_from("<H", model, vtable + 4 + 2 * number)[0] if 4 + 2 * number < size else 0
    if not offset:
        raise ModelError(f"the model's table at byte {table} lacks field {number}")
    return table + int(offset)


def follow(model: bytes, position: int) -> int:
    """The position that the reference at ``position`` points to."""
    return position + int(struct.unpack_from("<I", model, position)[0])


def length(model: bytes, vector: int) -> int:
    """Number of elements of a vector."""
    return int(struct.unpack_from("<I", model, vector)[0])


def number(model: bytes, position: int) -> int:
    """The 32-bit integer at ``position``."""
    return int(struct.unpack_from("<i", model, position)[0])


def slot(model: bytes, vector: int, index: int) -> int:
    """Position of an element of four bytes.

    Raises:
        ModelError: the vector is shorter.
    """
    if not 0 <= index < length(model, vector):
        raise ModelError(
            f"a vector of the model has {length(model, vector)} elements, expected index {index}"
        )
    return vector + 4 + 4 * index


def element(model: bytes, vector: int, index: int) -> int:
    """Position of the table that an element refers to.

    Raises:
        ModelError: the vector is shorter.
    """
    return follow(model, slot(model, vector, index))


def refer(model: bytearray, position: int, data: bytes) -> None:
    """Append ``data`` at a multiple of 16 bytes, and make the reference at ``position`` point to it."""
    model += bytes(-len(model) % _ALIGNMENT)
    struct.pack_into("<I", model, position, len(model) - position)
    model += data


def vector(values: Vector) -> bytes:
    """The bytes of a vector: its length and its elements."""
    return struct.pack("<I", values.elements) + values.data


def table(fields: Fields) -> bytes:
    """The bytes of a table and all that it refers to, with the vtable last. Every field takes four bytes."""
    data = bytearray(4 + 4 * len(fields))
    places = [0] * (max(fields) + 1)
    for place, (number, value) in enumerate(fields.items(), start=1):
        places[number] = 4 * place
        if isinstance(value, int):
            struct.pack_into("<I", data, 4 * place, value)
        elif isinstance(value, Vector):
            data += bytes((-len(data) - 4) % _ALIGNMENT)  # its count comes before the boundary
            struct.pack_into("<I", data, 4 * place, len(data) - 4 * place)
            data += vector(value)
        else:
            refer(data, 4 * place, table(value))
    data += bytes(-len(data) % _ALIGNMENT)
    struct.pack_into("<i", data, 0, -len(data))
    return bytes(data) + struct.pack(
        f"<{2 + len(places)}H", 4 + 2 * len(places), 4 + 4 * len(fields), *places
    )
