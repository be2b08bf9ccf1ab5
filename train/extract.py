"""Labelled pictures → landmarks file, on all cores.

The pictures go in chunks to worker processes; each finished chunk is a part file beside the output.
Stopped at any moment, the next run with the same data, preparation and face models goes on behind
the parts that are there.
"""

import hashlib
import json
import platform
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

import edge
from edge.core.errors import BackendError, DataError
from edge.core.labels import FER2013, FERPLUS_VOTES
from edge.core.types import Frame
from edge.data import Preparation, Sample, fingerprint, prepare, read_dataset
from edge.data.workers import worker_pool
from edge.landmarks.litert import LitertBackend
from edge.landmarks.models import find_models, model_hashes
from train.landmarks_file import SCHEMA, LandmarksFile, Rows, concatenate, load, save

CHUNK = 128
"""Pictures in one part file: under a second of work for one core."""

_backend: LitertBackend | None = None
"""Of this worker process."""
_preparation = Preparation()


def extract(
    data: Path, out: Path, preparation: Preparation, workers: int, models_dir: Path | None = None
) -> None:
    """Find the face in every picture of ``data`` and write the landmarks file ``out``.

    Raises:
        DataError: the data cannot be used; see ``edge.data.read_dataset``.
        ModelError: the face models are absent or altered.
        BackendError: a worker process died.
        OSError: a full disk, for instance. The finished parts stay.
    """
    find_models(models_dir)  # fail here rather than in every worker
    if out.is_dir():
        raise DataError(f"{out} is a folder: name a file to write, such as {out / 'landmarks.npz'}")
    if not data.exists():
        next(read_dataset(data, on_bad=print))  # says what was expected
    identity = fingerprint(data)
    info: dict[str, Any] = {
        "data": {"file": data.name, "sha256": identity.sha256},
        "preparation": asdict(preparation),
        "landmark_models": model_hashes(),
        "detection": "litert backend, single-image mode, no fallback region",
    }
    parts = _Parts(out, info)
    skipped: list[str] = []
    with tqdm(total=identity.rows, unit="picture", disable=None) as bar:

        def on_bad(message: str) -> None:
            skipped.append(message)
            bar.write(f"warning: {message}; skipped", file=sys.stderr)
            bar.update(1)

        chunks = _chunks(read_dataset(data, on_bad=on_bad))
        count = _fill(parts, chunks, workers, (models_dir, preparation), bar)
    rows = concatenate([parts.read(index) for index in range(count)])
    info |= {
        "skipped": len(skipped),
        "versions": _versions(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    save(out, rows, info)
    parts.remove()
    print(coverage_table(rows))
    print(f"{len(rows)} pictures, {len(skipped)} skipped → {out}")


def _fill(
    parts: "_Parts",
    chunks: Iterator[list[Sample]],
    workers: int,
    setup: tuple[Path | None, Preparation],
    bar: Any,
) -> int:
    """Make every part that is not there yet; gives the number of chunks."""
    running: dict[Future[list[tuple[bool, float, Any]]], tuple[int, list[Sample]]] = {}
    count = 0
    with worker_pool(workers, _start_worker, *setup) as pool:
        try:
            for index, chunk in enumerate(chunks):
                count += 1
                if parts.is_there(index):
                    bar.update(len(chunk))
                    continue
                running[pool.submit(_detect, [sample.picture for sample in chunk])] = (index, chunk)
                if len(running) > 2 * workers:  # keeps the pictures in memory few
                    _store_first(running, parts, bar)
            while running:
                _store_first(running, parts, bar)
        except BrokenProcessPool:
            raise BackendError(
                "a worker process died (out of memory?): run again, with fewer --workers"
            ) from None
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return count


def _store_first(running: dict[Any, tuple[int, list[Sample]]], parts: "_Parts", bar: Any) -> None:
    future = next(iter(running))
    results = future.result()
    index, chunk = running.pop(future)
    parts.write(index, _rows(chunk, results))
    bar.update(len(chunk))


def _chunks(samples: Iterator[Sample]) -> Iterator[list[Sample]]:
    while chunk := list(islice(samples, CHUNK)):
        yield chunk


# ---- in the worker processes ----


def _start_worker(models_dir: Path | None, preparation: Preparation) -> None:
    global _backend, _preparation
    cv2.setNumThreads(1)
    _backend, _preparation = LitertBackend(find_models(models_dir)), preparation


def _detect(pictures: list[Any]) -> list[tuple[bool, float, Any]]:
    """found, presence, landmarks float32 (468, 3) or None, for each picture."""
    assert _backend is not None
    results = []
    for index, picture in enumerate(pictures):
        rgb = prepare(picture, _preparation.scale, _preparation.padding)
        faces = _backend.detect(Frame(rgb, captured_ns=0, index=index, origin="", still=True))
        results.append((True, faces[0].presence, faces[0].landmarks) if faces else (False, 0.0, None))
    return results


# ---- part files ----


class _Parts:
    """``OUT.parts/<key>-<chunk>.npz``; the key holds all that the landmarks depend on."""

    def __init__(self, out: Path, info: dict[str, Any]) -> None:
        self.folder = out.with_name(out.name + ".parts")
        key = json.dumps([SCHEMA, CHUNK, edge.__version__, info], sort_keys=True)
        self.key = hashlib.sha256(key.encode()).hexdigest()[:16]

    def path(self, index: int) -> Path:
        return self.folder / f"{self.key}-{index:06d}.npz"

    def is_there(self, index: int) -> bool:
        try:
            self._load(index)
        except DataError:
            return False
        return True

    def read(self, index: int) -> Rows:
        return self._load(index).rows

    def write(self, index: int, rows: Rows) -> None:
        save(self.path(index), rows, {})

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _load(self, index: int) -> LandmarksFile:
        return load(self.path(index))


def _rows(chunk: list[Sample], results: list[tuple[bool, float, Any]]) -> Rows:
    nothing = np.zeros((468, 3), np.float32)
    no_votes = (0,) * len(FERPLUS_VOTES)
    return Rows(
        landmarks=np.stack([nothing if points is None else points for _, _, points in results]),
        found=np.array([found for found, _, _ in results], bool),
        presence=np.array([presence for _, presence, _ in results], np.float32),
        label=np.array([FER2013.index(sample.label) for sample in chunk], np.uint8),
        split=np.array([sample.split for sample in chunk], np.str_),
        votes=np.array([sample.votes or no_votes for sample in chunk], np.uint8),
        name=np.array([sample.name for sample in chunk], np.str_),
        picture_hash=np.array([_picture_hash(sample.picture) for sample in chunk], np.str_),
    )


def _picture_hash(picture: Any) -> str:
    return hashlib.sha1(str(picture.shape).encode() + picture.tobytes(), usedforsecurity=False).hexdigest()


def coverage_table(rows: Rows) -> str:
    """Faces found by detection, in percent, for each split (columns) and class (lines)."""
    splits = sorted(set(rows.split.tolist()))
    lines = ["faces found      " + "".join(f"{split:>22}" for split in splits)]
    for number, label in [*enumerate(FER2013), (None, "all")]:
        cells = []
        for split in splits:
            chosen = (rows.split == split) & (True if number is None else rows.label == number)
            total, found = int(chosen.sum()), int((chosen & rows.found).sum())
            cells.append(f"{found:>7} of {total:>6} {found / total:>5.1%}" if total else f"{'–':>22}")
        lines.append(f"{label:<17}" + "".join(f"{cell:>22}" for cell in cells))
    return "\n".join(lines)


def _versions() -> dict[str, str]:
    return {
        "mien": edge.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "opencv": cv2.__version__,
    }
