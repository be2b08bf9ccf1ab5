"""TFLite flatbuffers without a schema or a converter: reading what is there, adding to the end.

Offsets follow FlatBuffers' internals (https://flatbuffers.dev/internals/), numbers of fields TensorFlow
Lite's ``schema.fbs``. References only point forward: what is new goes to the end, and what refers to it is
turned there.

Positions are bytes from the start. All functions that read raise one of ``CUT_OFF`` where the flatbuffer is
cut off, or is none.
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

CUT_OFF = (struct.error, OverflowError)
"""The second where the place is beyond what a 32-bit processor counts to."""
NO_MODEL = "the model is not a TFLite flatbuffer, or it was cut off"

_ALIGNMENT = 16
"""That of a model's constants."""


class Vector(NamedTuple):
    """What a new table refers to: numbers or characters."""

    elements: int
    data: bytes


Fields = Mapping[int, "int | Vector | Fields"]
"""Of a new table: a number from 0 to 2³² − 1 (of a field of one byte, its first), a vector or a table."""


def subgraph_of(model: bytes) -> int:
    """Position of the only subgraph's table.

    Raises:
        ModelError: there is another number of subgraphs.
    """
    subgraphs = follow(model, field(model, follow(model, 0), MODEL_SUBGRAPHS))
    if length(model, subgraphs) != 1:
        raise ModelError(f"expected a model with one subgraph, not {length(model, subgraphs)}")
    return element(model, subgraphs, 0)


def field(model: bytes, table: int, number: int) -> int:
    """Position of a field of a table: the table starts with the distance back to its vtable, which
    starts with its own size and the table's, followed by each field's distance from the table.

    Raises:
        ModelError: the field has its default, and no place.
    """
    vtable = table - struct.unpack_from("<i", model, table)[0]
    (size,) = struct.unpack_from("<H", model, vtable)
    offset = struct.unpack_from("<H", model, vtable + 4 + 2 * number)[0] if 4 + 2 * number < size else 0
    if not offset:
        raise ModelError(f"the model's table at byte {table} lacks field {number}")
    return table + int(offset)


def follow(model: bytes, position: int) -> int:
    """Where the reference at ``position`` points to."""
    return position + int(struct.unpack_from("<I", model, position)[0])


def length(model: bytes, vector: int) -> int:
    """How many elements a vector has."""
    return int(struct.unpack_from("<I", model, vector)[0])


def number(model: bytes, position: int) -> int:
    """The 32-bit integer there."""
    return int(struct.unpack_from("<i", model, position)[0])


def slot(model: bytes, vector: int, index: int) -> int:
    """Position of an element of four bytes.

    Raises:
        ModelError: the vector is shorter.
    """
    if not 0 <= index < length(model, vector):
        raise ModelError(f"the model has {length(model, vector)} elements there, expected number {index}")
    return vector + 4 + 4 * index


def element(model: bytes, vector: int, index: int) -> int:
    """Position of the table that an element refers to.

    Raises:
        ModelError: the vector is shorter.
    """
    return follow(model, slot(model, vector, index))


def refer(model: bytearray, position: int, data: bytes) -> None:
    """Add ``data`` to the end, at a multiple of 16, and turn the reference at ``position`` to it."""
    model += bytes(-len(model) % _ALIGNMENT)
    struct.pack_into("<I", model, position, len(model) - position)
    model += data


def vector(values: Vector) -> bytes:
    """A vector as it stands in a flatbuffer, on its own."""
    return struct.pack("<I", values.elements) + values.data


def table(fields: Fields) -> bytes:
    """A table with all that it refers to; its vtable comes last. Every field takes four bytes."""
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
