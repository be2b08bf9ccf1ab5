"""Derive the table of ``train/mirror.py`` from MediaPipe's canonical face.

    python -m train.make_mirror face_landmarker.task

The Tasks bundle is a zip with ``geometry_pipeline_metadata_landmarks.binarypb``: a protobuf
(``face_geometry/protos/geometry_pipeline_metadata.proto``) with the vertices and triangles of the
canonical face. The face is exactly symmetrical about x = 0: every vertex has one partner.
"""

import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.core.features import MESH_POINTS

MEMBER = "geometry_pipeline_metadata_landmarks.binarypb"
_VERTEX_FLOATS = 5  # x, y, z, u, v


def canonical_face(task_file: Path) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Vertices float32 (468, 3), cm, and triangles int64 (898, 3) of the canonical face."""
    with zipfile.ZipFile(task_file) as archive:
        metadata = archive.read(MEMBER)
    mesh = next(value for field, value in _fields(metadata) if field == 1 and isinstance(value, bytes))
    vertices = b"".join(value for field, value in _fields(mesh) if field == 3 and isinstance(value, bytes))
    triangles = [value for field, value in _fields(mesh) if field == 4 and isinstance(value, int)]
    points = np.frombuffer(vertices, "<f4").reshape(MESH_POINTS, _VERTEX_FLOATS)[:, :3]
    return points, np.array(triangles, np.int64).reshape(-1, 3)


def mirror_partners(vertices: NDArray[np.float32]) -> NDArray[np.int64]:
    """int64 (N,): for each vertex, the one nearest to its mirror image."""
    mirrored = vertices * np.array([-1, 1, 1], np.float32)
    distances = np.linalg.norm(vertices[None] - mirrored[:, None], axis=2)  # (N, N)
    return distances.argmin(axis=1)


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(number, value) of each field: varints as int, all else as bytes."""
    position = 0

    def varint() -> int:
        nonlocal position
        value = shift = 0
        while True:
            byte = message[position]
            position += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while position < len(message):
        tag = varint()
        kind = tag & 7
        if kind == 0:
            yield tag >> 3, varint()
            continue
        length = {1: 8, 5: 4}.get(kind) or varint()
        yield tag >> 3, message[position : position + length]
        position += length


if __name__ == "__main__":
    partners = mirror_partners(canonical_face(Path(sys.argv[1]))[0]).tolist()
    for start in range(0, MESH_POINTS, 18):
        print("   ", ", ".join(map(str, partners[start : start + 18])) + ",")
