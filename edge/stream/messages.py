"""The messages of the socket, in both directions: lines of JSON in UTF-8 (``docs/reference/socket.md``).

Besides those below, a service sends the records of ``edge.core.record``.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edge import __version__
from edge.core.record import SCHEMA, json_line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COMMANDS = ("pause", "resume")
MESH = "mesh"
"""What a reader may ask for, and the key of each face that holds it then."""
MESH_POINTS = 468
MESHES_PER_S = 15
"""Most records per second that have meshes."""
MAX_REQUEST_BYTES = 4096
"""Longest line of a reader, with its newline."""
MAX_MESSAGE_BYTES = 1 << 20
"""Longest line of a service: one about 16 faces with their meshes has 50 kB."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a reader asks for: one of the two."""

    mesh: bool | None = None
    """Whether it wants meshes from now on; None: as before."""
    command: str = ""
    """One of ``COMMANDS``; empty: none."""


def hello(device: str, bundle: str, labels: Sequence[str]) -> dict[str, Any]:
    """The first message to each reader, and the first after the bundle has changed."""
    about = {"device": device, "version": __version__, "bundle": bundle, "labels": list(labels)}
    return {"schema": SCHEMA, "hello": about}


def want_mesh(wanted: bool) -> dict[str, Any]:
    """A reader's request for meshes, or for none."""
    return {"want": [MESH] if wanted else []}


def command(name: str) -> dict[str, Any]:
    """A reader's command, one of ``COMMANDS``."""
    return {"command": name}


def line(message: Mapping[str, Any]) -> bytes:
    """A message as it goes over the socket, with its newline."""
    return json_line(message).encode()


def read_request(text: bytes) -> Request:
    """The request in a reader's line.

    Raises:
        ValueError: the line is anything else.
    """
    try:
        message = json.loads(text.decode())
    except RecursionError:
        raise ValueError("too deeply nested") from None
    for mesh in (True, False):
        if message == want_mesh(mesh):
            return Request(mesh=mesh)
    for name in COMMANDS:
        if message == command(name):
            return Request(command=name)
    raise ValueError("not a request")


def encoded_mesh(landmarks: NDArray[np.float32], width: int, height: int) -> str:
    """The mesh of a face as it is in a record: points up to half a picture outside fit, others are clipped.

    Args:
        landmarks: float32 (468 or more, 2 or more), x and y in px.
        width: width of the picture, px.
        height: height of the picture, px.

    Returns:
        Base64 of little-endian uint16, x0 y0 x1 y1 … of 468 points; x is
        ``round((x / width + 0.5) / 2 * 65535)``, y likewise with the height.
    """
    import numpy as np

    # Cutting off the fraction of a number that is 0.5 larger rounds it.
    values = landmarks[:MESH_POINTS, :2] * (65535 / 2 / np.array([width, height])) + (65535 / 4 + 0.5)
    return base64.b64encode(values.clip(0, 65535).astype("<u2").tobytes()).decode()
