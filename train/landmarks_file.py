"""The file between ``extract`` and ``fit``: one row of landmarks for each labelled picture."""

import json
import zipfile
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.core.errors import DataError
from edge.core.files import replacing
from edge.core.labels import FER2013

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Rows:
    """N labelled pictures."""

    landmarks: NDArray[np.float32]
    """float32 (N, 468, 3), px of the prepared picture; zeros where no face was found."""
    found: NDArray[np.bool_]
    """bool (N,)"""
    presence: NDArray[np.float32]
    """float32 (N,), 0–1; 0 where no face was found."""
    label: NDArray[np.uint8]
    """uint8 (N,), index into ``edge.core.labels.FER2013``."""
    split: NDArray[np.str_]
    """(N,), as in the data set."""
    votes: NDArray[np.uint8]
    """uint8 (N, 10), order of ``FERPLUS_VOTES``; zeros where there are none."""
    name: NDArray[np.str_]
    """(N,), where the picture came from."""
    picture_hash: NDArray[np.str_]
    """(N,), SHA-1 of the picture's pixels and shape."""

    def __len__(self) -> int:
        return len(self.label)


@dataclass(frozen=True, slots=True)
class LandmarksFile:
    """Rows and where they came from."""

    rows: Rows
    info: dict[str, Any]
    """``data`` (file, sha256), ``preparation``, ``landmark_models``, ``detection``, ``skipped``
    (rows), ``versions``, ``created``."""


def concatenate(parts: list[Rows]) -> Rows:
    """One after the other."""
    return Rows(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Rows)))


def save(path: Path, rows: Rows, info: dict[str, Any]) -> None:
    """Write the file, whole or not at all.

    Raises:
        OSError: the folder cannot be written, or the disk is full.
    """
    arrays = {f.name: getattr(rows, f.name) for f in fields(Rows)}
    with replacing(path) as temporary:
        write_npz(temporary, {"info": np.array(json.dumps({"schema": SCHEMA, **info})), **arrays})


def write_npz(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    """``np.savez``, which leaves its archive open when the disk is full, to fail once more at exit.

    Raises:
        OSError: a full disk, for instance.
    """
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)


def load(path: Path) -> LandmarksFile:
    """Read and verify the file.

    Raises:
        DataError: missing, truncated, or not a landmarks file of this version.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            info = json.loads(str(archive["info"]))
            rows = Rows(*(archive[f.name] for f in fields(Rows)))
    except FileNotFoundError:
        raise DataError(f"no landmarks file {path}: python -m train extract makes one") from None
    except Exception as error:  # a flipped bit in an npz raises anything from zlib.error to SyntaxError
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(
            f"{path} is not a landmarks file or is damaged ({reason}): run extract again"
        ) from None
    if info.get("schema") != SCHEMA:
        raise DataError(f"{path} has schema {info.get('schema')}, expected {SCHEMA}: run extract again")
    _check(path, rows)
    return LandmarksFile(rows, info)


def _check(path: Path, rows: Rows) -> None:
    count = len(rows.label)
    lengths = {f.name: len(getattr(rows, f.name)) for f in fields(Rows)}
    if set(lengths.values()) != {count} or rows.landmarks.shape[1:] != (468, 3):
        raise DataError(f"{path} has arrays that do not fit together: {lengths}; run extract again")
    if count and rows.label.max() >= len(FER2013):
        raise DataError(f"{path} has labels beyond {len(FER2013) - 1}: run extract again")
