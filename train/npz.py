"""Files of arrays (``.npz``), which hold most of what a training reads and writes."""

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def write_npz(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    """Write an uncompressed ``.npz`` file. (``np.savez`` leaves its archive open when the disk is full, and
    fails once more at exit.)

    Raises:
        OSError: a full disk, for instance.
    """
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)


def read_npz(path: Path, names: Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
    """Read all arrays of an uncompressed ``.npz`` file, or only those with these names.

    Raises:
        Exception: a missing or damaged file raises anything from ``OSError`` to ``SyntaxError``: callers
            catch everything and name the file.
    """
    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        if any(info.compress_type for info in archive.zip.infolist()):
            raise ValueError("it is compressed, and so may be of any size")
        # An entry that is no .npy file comes as bytes.
        return {name: np.asarray(archive[name]) for name in (archive.files if names is None else names)}


def fit_together(arrays: dict[str, NDArray[Any]], kinds: dict[str, tuple[str, int]]) -> bool:
    """Whether all arrays have one length, and each its kind of NumPy data type and number of dimensions.

    Those that ``kinds`` does not name are lists of texts.
    """
    found = {name: (array.dtype.kind, array.ndim) for name, array in arrays.items()}
    right = all(kind == kinds.get(name, ("U", 1)) for name, kind in found.items())
    return right and len({len(array) for array in arrays.values()}) == 1
