"""The landmarks folder, which ``extract`` writes and ``fit`` reads: shards with the faces of all pictures.

Shards are written one after the other, so that extract needs memory for a few of them only, however
many pictures there are; fit reads all faces of one view at a time. ``info.json`` comes last and makes
the folder whole.
"""

import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.core.errors import DataError, as_data_error
from edge.core.files import check_folder, is_json_with, replacing
from edge.head.inputs import INPUTS
from evaluation import Preparation
from evaluation.label_sets import EMOTIONS
from train.npz import fit_together, read_npz, write_npz

SCHEMA = 3
INFO_FILE = "info.json"


@dataclass(frozen=True, slots=True)
class Faces:
    """The faces of N pictures in one view, unaugmented or augmented."""

    landmarks: NDArray[np.float32]
    """float32 (N, P, D): mesh (468, 3), px of the prepared picture, or 68 points (68, 2); zeros where
    no face was found."""
    found: NDArray[np.bool_]
    """bool (N,), whether a face was found."""
    maps: dict[str, NDArray[Any]] = field(default_factory=dict)
    """Feature maps of all faces by their names: (N, …) each, float32 stored as float16."""

    def take(self, index: Any) -> "Faces":
        """The faces of the pictures ``index``."""
        maps = {name: array[index] for name, array in self.maps.items()}
        return Faces(self.landmarks[index], self.found[index], maps)


@dataclass(frozen=True, slots=True)
class Rows:
    """Everything about N pictures beside their faces."""

    presence: NDArray[np.float32]
    """float32 (N,), 0–1; 0 where no face was found."""
    label: NDArray[np.uint8]
    """uint8 (N,), index into ``evaluation.label_sets.EMOTIONS``."""
    split: NDArray[np.str_]
    """(N,), name of the split in the data set."""
    votes: NDArray[np.uint8]
    """uint8 (N, 10), order of ``FERPLUS_VOTES``; zeros where there are none."""
    name: NDArray[np.str_]
    """(N,), name of the picture: its file, or ``file:line``."""
    picture_hash: NDArray[np.str_]
    """(N,), SHA-1 of the picture's pixels and shape."""
    subject: NDArray[np.str_]
    """(N,), person in the picture; empty where the data does not say."""
    sequence: NDArray[np.str_]
    """(N,), sequence of the picture, whose rows are in order of time; empty for single pictures."""

    def __len__(self) -> int:
        return len(self.label)

    def take(self, index: Any) -> "Rows":
        """The rows ``index``."""
        return Rows(*(getattr(self, name)[index] for name in _ROWS))


_ROWS = [f.name for f in fields(Rows)]


@dataclass(frozen=True, slots=True)
class LandmarksFolder:
    """A finished folder that is open."""

    path: Path
    info: dict[str, Any]
    """``data`` (file, sha256), ``preparation``, ``landmark_models``, ``detection``, ``views``,
    ``maps`` (name: version), ``skipped`` (rows), ``shards``, ``versions``, ``created``."""
    rows: Rows

    @property
    def preparation(self) -> Preparation:
        """How the pictures were prepared, in whose px the landmarks are."""
        return Preparation(**self.info["preparation"])

    @property
    def views(self) -> int:
        """Number of augmented views of each training picture."""
        return int(self.info["views"])

    def faces(self, view: int = 0, maps: Sequence[str] = ()) -> Faces:
        """The faces of all rows in one view, read from the disk.

        Args:
            view: 0: unaugmented; 1…``views``: augmented. Only training rows are augmented, the others count
                as not found there.
            maps: names of the feature maps to read, which are most of a shard.

        Raises:
            DataError: a shard is missing or damaged, or the folder has no such map.
        """
        self._check_maps(maps)
        parts = [_read_faces(self.path / shard, view, maps) for shard in self.info["shards"]]
        arrays = _concatenate(self.path, parts)
        faces = Faces(arrays.pop("landmarks"), arrays.pop("found"), arrays)
        if len(faces.found) != len(self.rows):
            raise DataError(f"{self.path} has other numbers of faces than of rows: run extract again")
        return faces

    def some_faces(
        self, index: NDArray[np.int64], maps: Sequence[str]
    ) -> Iterator[tuple[NDArray[np.int64], Faces]]:
        """Unaugmented faces of some rows, shard by shard, for maps that would not all fit into memory.

        Args:
            index: int64 (K,), sorted rows.
            maps: names of the feature maps to read.

        Yields:
            Places in ``index`` of the rows of one shard, and the faces of these rows.

        Raises:
            DataError: see ``faces``.
        """
        self._check_maps(maps)
        start = 0
        for name in self.info["shards"]:
            end = start + len(_read(self.path / name, ["label"])["label"])
            places = np.flatnonzero((index >= start) & (index < end))
            if len(places):
                arrays = _read_faces(self.path / name, 0, maps)
                faces = Faces(arrays.pop("landmarks"), arrays.pop("found"), arrays)
                yield places, faces.take(index[places] - start)
            start = end

    def _check_maps(self, maps: Sequence[str]) -> None:
        for name in maps:
            if self.info["maps"].get(name) != INPUTS[name].version:
                raise DataError(
                    f"{self.path} has no {name} of version {INPUTS[name].version}: run extract again, "
                    "or train with --set inputs=landmarks"
                )


def write_shard(path: Path, rows: Rows, views: list[Faces]) -> None:
    """Write some rows and their faces, unaugmented first, whole or not at all.

    Raises:
        OSError: the folder cannot be written, or the disk is full.
    """
    arrays = {name: getattr(rows, name) for name in _ROWS}
    for view, faces in enumerate(views):
        of_view = {"landmarks": faces.landmarks, "found": faces.found, **faces.maps}
        arrays |= {f"{name}_{view}": array for name, array in of_view.items()}
    with replacing(path) as temporary:
        write_npz(temporary, arrays)


def finish(folder: Path, info: dict[str, Any]) -> None:
    """Write ``info.json``: all shards that ``info`` names are there, others are removed.

    Raises:
        OSError: a full disk, for instance.
    """
    with replacing(folder / INFO_FILE) as temporary:
        temporary.write_text(json.dumps({"schema": SCHEMA, **info}, indent=1) + "\n")
    for stale in set(folder.glob("*.npz")) - {folder / name for name in info["shards"]}:
        stale.unlink()


def check_output(out: Path) -> None:
    """Check that ``out`` is new, or holds nothing but the files of a landmarks folder, finished or not: other
    files must not be removed or replaced.

    Raises:
        DataError: it holds other files.
    """
    check_folder(out)
    names = {entry.name for entry in out.glob("*") if not _LEFT_OVER.fullmatch(entry.name)}
    finished = INFO_FILE in names
    shard_name = _SHARD_NAME if finished else _UNFINISHED_SHARD_NAME
    shards = names - {INFO_FILE}
    ours = not finished or (shards and is_json_with((out / INFO_FILE).read_bytes(), "schema", "shards"))
    if not ours or not all(map(shard_name.fullmatch, shards)):
        raise DataError(f"{out} is there and no landmarks folder: name a new folder to write")


_UNFINISHED_SHARD_NAME = re.compile(r"[0-9a-f]{16}-\d{6}\.npz")
_SHARD_NAME = re.compile(r"([0-9a-f]{16}-)?\d{6}\.npz")
_LEFT_OVER = re.compile(r"\.(info|([0-9a-f]{16}-)?\d{6})-\w{8}\.(json|npz)")
"""Name of a temporary file that a power cut leaves."""


def load(path: Path) -> LandmarksFolder:
    """Open a landmarks folder and read everything but the faces.

    Raises:
        DataError: the folder is missing, unfinished, damaged, or of another version.
    """
    info = _read_info(path)
    parts = [_read(path / name, _ROWS) for name in info["shards"]]
    rows = Rows(**_concatenate(path, parts))
    if len(rows) and rows.label.max() >= len(EMOTIONS):
        raise DataError(f"{path} has labels beyond {len(EMOTIONS) - 1}: run extract again")
    return LandmarksFolder(path, info, rows)


def is_whole(shard: Path, names: list[str]) -> bool:
    """Whether a shard is there, can be read, and has the pictures ``names``."""
    try:
        with zipfile.ZipFile(shard) as archive:
            if archive.testzip() is not None:
                return False
        return bool(_read(shard, ["name"])["name"].tolist() == names)
    except Exception:  # a flipped bit in an archive raises anything from zlib.error to NotImplementedError
        return False


def _read_faces(shard: Path, view: int, maps: Sequence[str]) -> dict[str, NDArray[Any]]:
    faces = _read(shard, ["landmarks", "found", *maps], f"_{view}")
    if any(faces[name].shape[1:] != INPUTS[name].shape for name in maps):
        raise DataError(f"{shard} has maps of another shape: run extract again")
    return faces


_KINDS = {
    "landmarks": ("f", 3),
    "found": ("b", 1),
    "presence": ("f", 1),
    "label": ("u", 1),
    "votes": ("u", 2),
    **{name: (each.dtype.kind, 1 + len(each.shape)) for name, each in INPUTS.items() if each.is_map},
}
"""Kind of number and dimensions of the arrays that are not text."""


def _read_info(path: Path) -> dict[str, Any]:
    try:
        info = json.loads((path / INFO_FILE).read_text())
    except FileNotFoundError:
        state = "is not finished" if path.is_dir() and any(path.glob("*.npz")) else "is no landmarks folder"
        raise DataError(f"{path} {state}: run mien train extract") from None
    except (OSError, ValueError, RecursionError):
        raise DataError(f"{path / INFO_FILE} cannot be read: run extract again") from None
    if not isinstance(info, dict) or info.get("schema") != SCHEMA:
        found = info.get("schema") if isinstance(info, dict) else None
        raise DataError(f"{path} has schema {found}, expected {SCHEMA}: run extract again")
    shards: Any = info.get("shards")
    views, maps = info.get("views"), info.get("maps")
    named = isinstance(shards, list) and shards and all(_SHARD_NAME.fullmatch(str(name)) for name in shards)
    if not (named and len(set(shards)) == len(shards) and type(views) is int and views >= 0):
        raise DataError(f"{path / INFO_FILE} names no shards or no views: run extract again")
    if not isinstance(maps, dict):
        raise DataError(f"{path / INFO_FILE} names no maps: run extract again")
    return info


def _read(shard: Path, names: Sequence[str], suffix: str = "") -> dict[str, NDArray[Any]]:
    """Arrays of a shard by their names, in the file with ``suffix``; the others are not read."""
    with as_data_error(f"{shard} is missing or damaged", "run extract again"):
        arrays = read_npz(shard, [f"{name}{suffix}" for name in names])
    arrays = {name: arrays[f"{name}{suffix}"] for name in names}
    if not fit_together(arrays, _KINDS):
        raise DataError(f"{shard} has arrays that do not fit together: run extract again")
    return arrays


def _concatenate(path: Path, parts: list[dict[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    try:
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    except ValueError:
        raise DataError(f"{path} has shards that do not fit together: run extract again") from None
