"""Labelled pictures → landmarks folder, on all cores or on a Dask cluster.

The pictures go in chunks to worker processes; each finished chunk is a shard of the folder. Stopped
at any moment, the next run with the same data, preparation and face models goes on behind the
shards that are there. Neither side holds more than a few chunks in memory.
"""

import hashlib
import json
import re
import sys
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

import edge
from edge.core import features
from edge.core.errors import BackendError, ConfigError, DataError
from edge.core.labels import EMOTIONS, FERPLUS_VOTES
from edge.core.types import Face, Frame
from edge.data import Preparation, Sample, fingerprint, picture_hash, prepare, read_dataset
from edge.data.workers import worker_pool
from edge.landmarks.litert import LitertBackend
from edge.landmarks.models import EMBEDDING_TENSORS, find_models, model_hashes
from train import augment
from train.data import TRAINING_SPLITS
from train.landmarks_folder import (
    INFO_FILE,
    SCHEMA,
    Faces,
    Rows,
    finish,
    is_whole,
    load,
    versions,
    write_shard,
)

CHUNK = 128
"""Pictures in one shard: a few seconds of work for one core."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What a worker must know beside the pictures."""

    preparation: Preparation
    views: int
    """How often each training picture is varied."""
    models_dir: Path | None = None
    """Folder of the face models; None: where setup put them."""

    def __post_init__(self) -> None:
        if self.views < 0:
            raise ConfigError(f"views must be 0 or more, not {self.views}")


def extract(
    data: Path,
    out: Path,
    setup: Setup,
    workers: int,
    dask: str | None = None,
    mapping: Path | None = None,
) -> None:
    """Find the face in every picture of ``data`` and write the landmarks folder ``out``.

    Args:
        data: see ``edge.data.read_dataset``.
        out: new, unfinished, or an earlier result, which is replaced.
        setup: preparation, views, face models.
        workers: processes.
        dask: address of a Dask scheduler, whose workers are used instead.
        mapping: names of class folders, see ``edge.data.read_dataset``.

    Raises:
        DataError: the data cannot be used; see ``edge.data.read_dataset``.
        ModelError: the face models are absent or altered.
        BackendError: a worker process died, or the scheduler cannot be reached.
        OSError: a full disk, for instance. The finished shards stay.
    """
    find_models(setup.models_dir)  # fail here rather than in every worker
    _check_output(out)
    if not data.exists():
        next(read_dataset(data, on_bad=print))  # says what was expected
    identity = fingerprint(data, mapping)
    info: dict[str, Any] = {
        "data": {"file": data.name, "sha256": identity.sha256},
        "preparation": asdict(setup.preparation),
        "landmark_models": model_hashes(),
        "detection": "litert backend, single-image mode, no fallback region",
        "embedding_tensors": list(EMBEDDING_TENSORS),
        "views": setup.views,
    }
    (out / INFO_FILE).unlink(missing_ok=True)
    skipped: list[str] = []
    with tqdm(total=identity.rows, unit="picture", disable=None) as bar:

        def on_bad(message: str) -> None:
            skipped.append(message)
            bar.write(f"warning: {message}; skipped", file=sys.stderr)
            bar.update(1)

        chunks = _chunks(read_dataset(data, on_bad=on_bad, mapping=mapping))
        with _executor(workers, dask) as executor:
            shards = _fill(executor, 2 * workers, _Shards(out, info), chunks, setup, bar)
    info |= {
        "skipped": len(skipped),
        "shards": shards,
        "versions": versions(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    finish(out, info)
    folder = load(out)
    print(coverage_table(folder.rows))
    print(f"{len(folder.rows)} pictures, {len(skipped)} skipped → {out}")


def _check_output(out: Path) -> None:
    """Other people's files are not ours to remove: ``finish`` clears away every other shard."""
    if out.exists() and not out.is_dir():
        raise DataError(f"{out} is a file: name a folder to write")
    if not out.is_dir() or (out / INFO_FILE).is_file():
        return
    if not all(_SHARD_NAME.fullmatch(entry.name) for entry in out.iterdir() if entry.name[0] != "."):
        raise DataError(f"{out} is there and no landmarks folder: name a new folder to write")


def _executor(workers: int, dask: str | None) -> AbstractContextManager[Any]:
    """Something with ``submit``, whose futures have ``result``."""
    if dask is None:
        return worker_pool(workers, cv2.setNumThreads, 1)
    try:
        from distributed import Client
    except ImportError:
        raise BackendError("--dask needs the package distributed: pip install distributed") from None
    try:
        return Client(dask, timeout=10)  # type: ignore[no-any-return, no-untyped-call]
    except (OSError, ValueError) as error:
        raise BackendError(
            f"no Dask scheduler at {dask} ({error}): start one with `dask scheduler`"
        ) from None


def _fill(
    executor: Any, ahead: int, shards: "_Shards", chunks: Iterator[list[Sample]], setup: Setup, bar: Any
) -> list[str]:
    """Make every shard that is not there yet, at most ``ahead`` chunks at a time; gives their names."""
    running: dict[Any, tuple[Path, list[Sample]]] = {}
    names: list[str] = []

    def store_first() -> None:
        future = next(iter(running))
        presence, views = future.result()
        path, chunk = running.pop(future)
        write_shard(path, _rows(chunk, presence), views)
        bar.update(len(chunk))

    try:
        for index, chunk in enumerate(chunks):
            path = shards.path(index)
            names.append(path.name)
            if is_whole(path):
                bar.update(len(chunk))
                continue
            pictures = [sample.picture for sample in chunk]
            varied = [sample.split in TRAINING_SPLITS for sample in chunk]
            running[executor.submit(find_faces, setup, index * CHUNK, pictures, varied)] = (path, chunk)
            if len(running) > ahead:  # keeps the pictures in memory few
                store_first()
        while running:
            store_first()
    except BrokenProcessPool:
        raise BackendError(
            "a worker process died (out of memory?): run again, with fewer --workers"
        ) from None
    except BaseException:
        for future in running:
            future.cancel()
        raise
    return names


def _chunks(samples: Iterator[Sample]) -> Iterator[list[Sample]]:
    while chunk := list(islice(samples, CHUNK)):
        yield chunk


# ---- in the worker processes ----


def find_faces(
    setup: Setup, first: int, pictures: list[Any], varied: list[bool]
) -> tuple[np.ndarray, list[Faces]]:
    """The faces of some pictures.

    Args:
        setup: how.
        first: number of the first picture in the data; seeds the variation.
        pictures: uint8 (H, W) or (H, W, 3) each.
        varied: which of them get views.

    Returns:
        presence float32 (N,), and the faces: as they are, then each view.
    """
    backend = _backend(setup.models_dir)
    presence = np.zeros(len(pictures), np.float32)
    views = [_no_faces(len(pictures)) for _ in range(setup.views + 1)]
    for index, picture in enumerate(pictures):
        rgb = prepare(picture, setup.preparation.scale, setup.preparation.padding)
        faces = backend.detect(Frame(rgb, captured_ns=0, index=index, origin="", still=True))
        if not faces:
            continue
        presence[index] = faces[0].presence
        _put(views[0], index, faces[0])
        for view in range(1, setup.views + 1) if varied[index] else ():
            rng = np.random.default_rng([first + index, view])
            assert faces[0].roi is not None
            varied_rgb, roi = augment.vary(rgb, faces[0].roi, rng)
            seen = backend.detect_in(Frame(varied_rgb, 0, index, "", still=True), roi)
            if seen:
                _put(views[view], index, seen[0])
    return presence, views


@lru_cache(maxsize=1)
def _backend(models_dir: Path | None) -> LitertBackend:
    return LitertBackend(find_models(models_dir, embedding=True))


def _no_faces(count: int) -> Faces:
    return Faces(
        np.zeros((count, features.MESH_POINTS, 3), np.float32),
        np.zeros((count, features.LENGTHS["embedding"]), np.float16),
        np.zeros(count, bool),
    )


def _put(faces: Faces, index: int, face: Face) -> None:
    assert face.embedding is not None
    faces.landmarks[index] = face.landmarks
    faces.embedding[index] = face.embedding
    faces.found[index] = True


# ---- shards ----


_SHARD_NAME = re.compile(r"[0-9a-f]{16}-\d{6}\.npz")


class _Shards:
    """``OUT/<key>-<chunk>.npz``; the key holds all that the faces depend on."""

    def __init__(self, out: Path, info: dict[str, Any]) -> None:
        self.folder = out
        key = json.dumps([SCHEMA, CHUNK, edge.__version__, info], sort_keys=True)
        self.key = hashlib.sha256(key.encode()).hexdigest()[:16]

    def path(self, index: int) -> Path:
        return self.folder / f"{self.key}-{index:06d}.npz"


def _rows(chunk: list[Sample], presence: np.ndarray) -> Rows:
    no_votes = (0,) * len(FERPLUS_VOTES)
    nobody = np.array([""] * len(chunk), np.str_)
    return Rows(
        presence=presence,
        label=np.array([EMOTIONS.index(sample.label) for sample in chunk], np.uint8),
        split=np.array([sample.split for sample in chunk], np.str_),
        votes=np.array([sample.votes or no_votes for sample in chunk], np.uint8),
        name=np.array([sample.name for sample in chunk], np.str_),
        picture_hash=np.array([picture_hash(sample.picture) for sample in chunk], np.str_),
        subject=nobody,
        sequence=nobody,
    )


# ---- what is printed and recorded ----


def coverage_table(rows: Rows) -> str:
    """Faces found of pictures, by split and class."""
    splits = sorted(set(rows.split.tolist()))
    lines = [f"{'faces found':<17}" + "".join(f"{split:>22}" for split in splits)]
    present = [number for number in range(len(EMOTIONS)) if (rows.label == number).any()]
    for number in [*present, None]:
        cells = []
        for split in splits:
            chosen = (rows.split == split) & (True if number is None else rows.label == number)
            total, found = int(chosen.sum()), int((chosen & (rows.presence > 0)).sum())
            cells.append(f"{found:>7} of {total:>6} {found / total:>5.1%}" if total else f"{'–':>22}")
        label = "all" if number is None else EMOTIONS[number]
        lines.append(f"{label:<17}" + "".join(f"{cell:>22}" for cell in cells))
    return "\n".join(lines)
