"""Labelled pictures → landmarks folder, on all cores or on a Dask cluster.

The pictures go in chunks to worker processes; each finished chunk is a shard of the folder. After a stop at
any moment, the next run with the same data, preparation and face models uses the shards that are there.
Neither side holds more than a few chunks in memory.
"""

import hashlib
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import tee
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from edge.core.text import escaped
from edge.head.inputs import INPUTS
from edge.landmarks.models import find_models, model_hashes
from evaluation import Sample, fingerprint, picture_hash, read_dataset
from evaluation.label_sets import EMOTIONS, FERPLUS_VOTES
from evaluation.parallel import ParallelMap, chunks
from train.dataset import landmarks_folder
from train.dataset.find_faces import MAPS, ExtractionSetup, find_faces
from train.dataset.inspect_data import coverage_table
from train.dataset.labelled_faces import TRAINING_SPLITS
from train.dataset.landmarks_folder import Rows
from train.dataset.workers import open_workers
from train.versions import extraction_versions

CHUNK = 128
"""Largest number of pictures in one shard: a few seconds of work for one core."""
CHUNK_BYTES = 64_000_000
"""Size of the decoded pictures in one shard; a few shards for each worker are in memory."""


def extract(
    data: Path,
    out: Path,
    setup: ExtractionSetup,
    workers: int,
    dask: str | None = None,
    mapping: Path | None = None,
) -> None:
    """Find the face in every picture of ``data`` and write the landmarks folder ``out``.

    Args:
        data: see ``evaluation.read_dataset``.
        out: new, unfinished, or an earlier result, which is replaced.
        setup: preparation, views and face models.
        workers: number of processes; 1: this one.
        dask: address of a Dask scheduler, whose workers are used instead.
        mapping: names of class folders, see ``evaluation.read_dataset``.

    Raises:
        DataError: the data cannot be used; see ``evaluation.read_dataset``.
        ModelError: the face models are absent or altered.
        BackendError: a worker process died, or the scheduler cannot be reached.
        OSError: a full disk, for instance. The finished shards stay.
    """
    find_models(setup.models_dir)  # fail here rather than in every worker
    landmarks_folder.check_output(out)
    if not data.exists():
        next(read_dataset(data, on_bad=print))  # says what was expected
    identity = fingerprint(data, mapping)
    info: dict[str, Any] = {
        "data": {"file": data.name, "sha256": identity.sha256},
        "preparation": asdict(setup.preparation),
        "landmark_models": model_hashes(),
        "detection": "litert backend, single-image mode, no fallback region",
        "maps": {name: INPUTS[name].version for name in MAPS},
        "views": setup.views,
    }
    skipped: list[str] = []
    with tqdm(total=identity.rows, unit="picture", disable=None) as bar:

        def on_bad(message: str) -> None:
            skipped.append(message)
            bar.write(escaped(f"warning: {message}"), file=sys.stderr)
            bar.update(1)

        samples = read_dataset(data, on_bad=on_bad, mapping=mapping)
        with open_workers(workers, dask) as parallel:
            shards = _fill(parallel, out, _shard_key(info), samples, setup, bar)
    info |= {
        "skipped": len(skipped),
        "shards": shards,
        "versions": extraction_versions(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    landmarks_folder.finish(out, info)
    rows = landmarks_folder.load(out).rows
    print(coverage_table(rows))
    print(f"{len(rows)} pictures, {len(skipped)} problems → {out}")


class _Task(NamedTuple):
    """A shard that is to be made."""

    path: Path
    first: int
    """Number of its first picture in the data."""
    chunk: list[Sample]

    def arguments(self, setup: ExtractionSetup) -> tuple[Any, ...]:
        """Arguments of ``find_faces``."""
        pictures = [sample.picture for sample in self.chunk]
        return setup, self.first, pictures, [sample.split in TRAINING_SPLITS for sample in self.chunk]


def _fill(
    parallel: ParallelMap, out: Path, key: str, samples: Iterator[Sample], setup: ExtractionSetup, bar: Any
) -> list[str]:
    """Make every shard ``OUT/KEY-NUMBER.npz`` that is not there yet; gives the names of all shards."""
    names: list[str] = []

    def missing() -> Iterator[_Task]:
        first = 0
        for index, chunk in enumerate(chunks(samples, CHUNK, CHUNK_BYTES)):
            (out / landmarks_folder.INFO_FILE).unlink(missing_ok=True)  # the folder is not whole any more
            task = _Task(out / f"{key}-{index:06d}.npz", first, chunk)
            names.append(task.path.name)
            first += len(chunk)
            if landmarks_folder.is_whole(task.path, [sample.name for sample in chunk]):
                bar.update(len(chunk))
            else:
                yield task

    tasks, begun = tee(missing())
    found = parallel.map(find_faces, (task.arguments(setup) for task in begun))
    for task, (presence, views) in zip(tasks, found, strict=True):
        landmarks_folder.write_shard(task.path, _rows(task.chunk, presence), views)
        bar.update(len(task.chunk))
    return names


def _shard_key(info: dict[str, Any]) -> str:
    """A hash of everything that the faces depend on."""
    parts = [landmarks_folder.SCHEMA, CHUNK, CHUNK_BYTES, extraction_versions(), info]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


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
