"""Inner tensors of a TFLite model as further outputs.

The landmark network has processed the pixels already; what it found beside the shape is in its
feature maps. A new list of outputs is added to the end of the flatbuffer, and the subgraph's field
``outputs`` refers to it. Nothing else changes, so the first outputs stay bit-identical.
"""

import struct

from edge.core.errors import ModelError
from edge.landmarks.surgery import flatbuffer as fb


def tap(model: bytes, tensors: tuple[int, ...]) -> bytes:
    """The model with further outputs: a pure function of its bytes.

    Args:
        model: TFLite flatbuffer with one subgraph.
        tensors: indices of the tensors to add behind its own outputs.

    Raises:
        ModelError: the bytes are no such flatbuffer, or it lacks a tensor.
    """
    try:
        subgraph = fb.subgraph_of(model)
        count = fb.length(model, fb.follow(model, fb.field(model, subgraph, fb.SUBGRAPH_TENSORS)))
        if not all(0 <= tensor < count for tensor in tensors):
            raise ModelError(f"the model has tensors 0…{count - 1}, expected {', '.join(map(str, tensors))}")
        field = fb.field(model, subgraph, fb.SUBGRAPH_OUTPUTS)
        old = fb.follow(model, field)
        outputs = (*struct.unpack_from(f"<{fb.length(model, old)}i", model, old + 4), *tensors)
    except fb.TRUNCATED:
        raise ModelError(fb.NO_MODEL) from None
    tapped = bytearray(model)
    fb.refer(tapped, field, fb.vector(fb.Vector(len(outputs), struct.pack(f"<{len(outputs)}i", *outputs))))
    return bytes(tapped)
