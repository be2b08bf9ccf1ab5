"""Weights of the networks in the npm package ``@vladmandic/face-api`` 1.7.15 (MIT licence).

Its folder ``model`` has a manifest and a file of weights for each network. It stays where the user put it.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.core.errors import DataError
from edge.core.files import sha256

MEAN_RGB = (122.782, 117.001, 104.298)
"""Mean colour that the networks subtract from the pixels."""


def read_weights(folder: Path, files: Mapping[str, str]) -> dict[str, NDArray[np.float32]]:
    """The weights of a network by their names.

    Args:
        folder: the package, its folder ``model``, or the folder that it was unpacked in.
        files: names of the manifest and of the file of weights, in this order → their SHA-256.

    Raises:
        DataError: a file is missing or not the known one.
    """
    places = [folder / "package" / "model", folder / "model"]
    folder = next(filter(Path.is_dir, places), folder)
    contents = []
    for name, expected in files.items():
        try:
            contents.append((folder / name).read_bytes())
        except OSError as error:
            raise DataError(
                f"{folder / name} cannot be read ({error.strerror}): expected the package "
                "@vladmandic/face-api 1.7.15, unpacked (npm pack @vladmandic/face-api@1.7.15)"
            ) from None
        if sha256(contents[-1]) != expected:
            raise DataError(
                f"{folder / name} is not that of @vladmandic/face-api 1.7.15, its SHA-256 differs: unpack "
                "that version (npm pack @vladmandic/face-api@1.7.15)"
            )
    manifest, raw = contents
    return _decoded(json.loads(manifest)[0]["weights"], raw)


def _decoded(manifest: list[dict[str, Any]], raw: bytes) -> dict[str, NDArray[np.float32]]:
    """Weights by their names. The file has them one after the other, as float32 or as codes with a scale and
    a minimum."""
    weights, offset = {}, 0
    for entry in manifest:
        count, quantization = int(np.prod(entry["shape"])), entry.get("quantization")
        dtype = np.dtype(quantization["dtype"] if quantization else "<f4")
        values = np.frombuffer(raw, dtype, count, offset).astype(np.float32).reshape(entry["shape"])
        if quantization:
            values = values * np.float32(quantization["scale"]) + np.float32(quantization["min"])
        weights[entry["name"]] = values
        offset += count * dtype.itemsize
    return weights
