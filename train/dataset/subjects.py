"""Sequences of 68 landmarks, a folder for each subject, as student projects on CK+ have them.

::

    ROOT/emotion.csv           subject;file;emotion    one line for each sequence
    ROOT/S010/omlands.csv      file;x0;y0;…;x67;y67    one line for each frame, neutral first, apex last

This is the ``CK+_lands`` data of the University of Lille ("omlands": found by the method of Kazemi and
Sullivan, "One millisecond face alignment", CVPR 2014). Separators may be ``;`` ``,`` or tabs. Instead
of one ``emotion.csv``, each subject's folder may have its own: lines ``file;emotion``, or only
``emotion``, which makes all of ``omlands.csv`` one sequence. ``omlands.csv`` may have a header with the
columns ``x_0…x_67``, ``y_0…y_67`` (OpenFace) in any order.

An emotion is a name or a number. There are two numberings: ``LILLE_CODES`` in ``ROOT/emotion.csv``,
``CK_CODES`` in the file of a subject. A mapping file overrides both.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.cli.console import say
from edge.core.errors import DataError
from edge.core.files import replacing_folder
from evaluation import picture_hash
from evaluation.datasets.exclusions import Exclusions
from evaluation.datasets.fingerprint import of_files
from evaluation.datasets.mapping import Mapping, read_mapping
from evaluation.datasets.sample import NO_SPLIT
from evaluation.label_sets import EMOTIONS, FERPLUS_VOTES
from train.dataset import subjects_csv
from train.dataset.landmarks_folder import Faces, Rows, check_output, finish, write_shard
from train.dataset.subjects_csv import POINTS
from train.versions import extraction_versions

LANDMARKS_FILE = "omlands.csv"
EMOTION_FILE = "emotion.csv"
CHUNK = 256
"""Largest number of sequences in one shard."""

LILLE_CODES: Mapping = dict(
    zip("123456", ("happy", "fear", "surprise", "angry", "disgust", "sad"), strict=True)
)
"""Emotions by their numbers in the ``emotion.csv`` of ``CK+_lands``."""
CK_CODES: Mapping = dict(
    zip(
        "01234567",
        ("neutral", "angry", "contempt", "disgust", "fear", "happy", "sad", "surprise"),
        strict=True,
    )
)
"""Emotions by their numbers in CK+ itself: Lucey et al., "The Extended Cohn-Kanade Dataset (CK+)", CVPR
Workshops 2010."""


@dataclass(frozen=True, slots=True)
class Sequence68:
    """A sequence of landmarks of one face, from neutral to an emotion."""

    landmarks: NDArray[np.float32]
    """float32 (T, 68, 2), px; T ≥ 1; the last frame is the apex."""
    label: str
    """Emotion of the apex, one of ``EMOTIONS``."""
    subject: str
    sequence: str
    """Name among the subject's sequences; empty where there is only one."""


def is_subjects(path: Path) -> bool:
    """Whether a folder has this layout."""
    return path.is_dir() and any(path.glob(f"*/{LANDMARKS_FILE}"))


def read(path: Path, on_bad: Callable[[str], None], mapping: Path | None = None) -> Iterator[Sequence68]:
    """All labelled sequences, by subject, in the order of the files; one subject in memory at a time.

    Args:
        path: the root folder.
        on_bad: called for every bad line, for every label without landmarks, and once with the number
            of sequences that have no label. A sequence with a bad line is excluded.
        mapping: file with the emotions of the numbers, see ``evaluation.datasets.mapping``.

    Raises:
        DataError: no such layout, an ``emotion.csv`` in the root that cannot be used, no usable sequence.
    """
    if not is_subjects(path):
        raise DataError(f"{path} has no landmarks: expected {path.name}/<subject>/{LANDMARKS_FILE}")
    codes, exclusions = read_mapping(mapping), Exclusions(on_bad)
    of_all, labels = path / EMOTION_FILE, None
    if of_all.is_file():
        labels = subjects_csv.emotions_of_all(of_all, LILLE_CODES | codes)
    unlabelled, any_usable = 0, False
    for folder in _subjects(path):
        try:
            if labels is None:
                own = subjects_csv.emotions_of_one(folder / EMOTION_FILE, CK_CODES | codes)
            else:
                own = labels.pop(folder.name, {})
            sequences = subjects_csv.landmarks(folder / LANDMARKS_FILE, own, exclusions)
        except DataError as error:
            exclusions(str(error))
            continue
        for sequence, landmarks in sequences.items():
            if sequence not in own:
                unlabelled += 1
            elif landmarks is not None and (label := own[sequence]) is not None:
                any_usable = True
                yield Sequence68(landmarks, label, folder.name, sequence)
        for sequence in sorted(own.keys() - sequences.keys()):
            name = repr(sequence[:50])
            exclusions(f"{folder / LANDMARKS_FILE}: no frames of the sequence {name}, which has an emotion")
    for subject in labels or {}:
        exclusions(f"{of_all}: no {subject[:50]}/{LANDMARKS_FILE}")
    if unlabelled:
        exclusions(f"{path}: {unlabelled} sequences without an emotion excluded")
    if not any_usable:
        raise exclusions.error(f"{path} has no usable sequence")


def to_rows(sequences: Iterable[Sequence68]) -> tuple[Rows, Faces]:
    """Two rows for each sequence: its first frame as neutral, its last as the emotion.

    A sequence of one frame gives only the last. All are found, with presence 1, in the split
    ``"all"``; no votes, no maps. ``picture_hash`` is that of the landmarks.
    """
    frames: list[tuple[NDArray[np.float32], str, Sequence68, int]] = []
    for sequence in sequences:
        last = len(sequence.landmarks) - 1
        if last:
            frames.append((sequence.landmarks[0], "neutral", sequence, 0))
        frames.append((sequence.landmarks[last], sequence.label, sequence, last))
    count = len(frames)
    places = ["/".join(filter(None, (s.subject, s.sequence))) for _, _, s, _ in frames]
    rows = Rows(
        presence=np.ones(count, np.float32),
        label=np.array([EMOTIONS.index(label) for _, label, _, _ in frames], np.uint8),
        split=np.array([NO_SPLIT] * count, np.str_),
        votes=np.zeros((count, len(FERPLUS_VOTES)), np.uint8),
        name=np.array(
            [f"{place}:{frame}" for place, (_, _, _, frame) in zip(places, frames, strict=True)], np.str_
        ),
        picture_hash=np.array([picture_hash(points) for points, _, _, _ in frames], np.str_),
        subject=np.array([sequence.subject for _, _, sequence, _ in frames], np.str_),
        sequence=np.array(places, np.str_),
    )
    landmarks = np.array([points for points, _, _, _ in frames], np.float32).reshape(count, POINTS, 2)
    return rows, Faces(landmarks, np.ones(count, bool))


def extract_subjects(path: Path, out: Path, mapping: Path | None = None) -> None:
    """Write the landmarks folder ``out`` from sequences of landmarks.

    Args:
        path: see ``read``.
        out: new, or an earlier result, which is replaced.
        mapping: see ``read``.

    Raises:
        DataError: see ``read``; or ``out`` is something else.
        OSError: a full disk, for instance. ``out`` is then as before.
    """
    check_output(out)
    skipped: list[str] = []
    shards: list[str] = []
    rows_written = 0
    sequences = read(path, skipped.append, mapping)
    with replacing_folder(out) as folder:
        while chunk := list(islice(sequences, CHUNK)):
            rows, faces = to_rows(chunk)
            shards.append(f"{len(shards):06d}.npz")
            write_shard(folder / shards[-1], rows, [faces])
            rows_written += len(rows)
        info = {
            "data": {"file": path.name, "sha256": of_files(path, _files(path)).sha256},
            "preparation": None,
            "landmark_models": {},
            "maps": {},
            "detection": "68 points of the data set",
            "views": 0,
            "skipped": len(skipped),
            "shards": shards,
            "versions": extraction_versions(),
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        finish(folder, info)
    for message in skipped:
        say(f"warning: {message}", sys.stderr)
    print(f"{rows_written} rows, {len(skipped)} problems → {out}")


def _subjects(path: Path) -> list[Path]:
    return sorted(file.parent for file in path.glob(f"*/{LANDMARKS_FILE}"))


def _files(path: Path) -> list[Path]:
    """All files of the data that exist."""
    own = [folder / name for folder in _subjects(path) for name in (EMOTION_FILE, LANDMARKS_FILE)]
    return [file for file in (path / EMOTION_FILE, *own) if file.is_file()]
