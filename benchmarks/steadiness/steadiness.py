"""Whether labels hold still while the expression does: clips of a known state, as the app sees them.

Unlike pictures of a data set, clips show what smoothing and tracking make of a bundle in front of a camera:
labels that flicker, faces that are lost, and a person who speaks being called surprised.
"""

import os
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.machine.environment import bundle_facts, describe
from benchmarks.report.kinds import head
from edge.build import build_pipeline, load_bundle
from edge.core.errors import ConfigError, DataError, SourceError
from edge.settings import Settings
from edge.sources import video
from edge.sources.video import VideoSource


class Counts(NamedTuple):
    """What is counted in one or more clips."""

    frames: int
    labels: Counter[str]
    """Number of frames with a face, by its label."""
    changes: int
    """How often the label changed from one frame with a face to the next."""
    lost: int
    """How often a face was there in one frame and not in the next."""
    unsure: int
    """Number of frames whose label is unsure."""
    seconds: float


def find_clips(paths: Sequence[Path]) -> list[Path]:
    """The videos in files and folders, those of a folder sorted by name.

    Raises:
        DataError: one of the paths has no video.
    """
    clips: list[Path] = []
    for path in paths:
        inside = sorted(path.iterdir()) if path.is_dir() else [path]
        found = [clip for clip in inside if clip.suffix.lower() in video.SUFFIXES and clip.is_file()]
        if not found:
            raise DataError(f"no clip at {path}: expected a video, or a folder of videos")
        clips += found
    return clips


def benchmark(paths: Sequence[Path], settings: Settings, expected: str | None) -> dict[str, Any]:
    """Run the app's pipeline over clips; the first face of each frame counts.

    Args:
        paths: see ``find_clips``.
        settings: settings of the app.
        expected: the expression that every clip shows, a label of the bundle; None: unknown.

    Raises:
        MienError: a model or a bundle is missing, a clip cannot be read, or the bundle lacks ``expected``.
    """
    load_before = os.getloadavg()[0]
    bundle = load_bundle(settings.bundle)
    if expected is not None and expected not in bundle.labels:
        raise ConfigError(f"--expected {expected}: the bundle knows {', '.join(bundle.labels)}")
    clips = find_clips(paths)
    counts = [_count(clip, settings) for clip in clips]
    together = Counts(*(sum(column[1:], column[0]) for column in zip(*counts, strict=True)))
    return {
        **head("steadiness"),
        "expected": expected,
        "smoothing_s": settings.expression.smoothing_s,
        "clips": [
            {"clip": clip.name, **figures(counted, expected)}
            for clip, counted in zip(clips, counts, strict=True)
        ],
        "all": figures(together, expected),
        "warnings": [],
        "bundle": bundle_facts(bundle),
        "environment": describe(settings.landmarks, load_before),
    }


def _count(path: Path, settings: Settings) -> Counts:
    """The counts of one clip, with a pipeline of its own: tracking and smoothing remember earlier frames."""
    pipeline = build_pipeline(settings)
    labels: list[str | None] = []
    unsure = end_ns = 0
    try:
        for frame in VideoSource(path):
            faces = pipeline.process(frame).faces
            labels.append(faces[0].label if faces else None)
            unsure += bool(faces) and faces[0].status != "ok"
            end_ns = frame.time_ns
    except SourceError as error:
        raise DataError(str(error)) from None
    finally:
        pipeline.close()
    return count(labels, unsure, end_ns / 1e9)


def count(labels: Sequence[str | None], unsure: int, seconds: float) -> Counts:
    """What there is to count in a clip.

    Args:
        labels: the label in each frame; None: no face.
        unsure: number of frames whose label is unsure.
        seconds: duration.
    """
    seen = [label for label in labels if label is not None]
    changes = sum(one != other for one, other in pairwise(seen))
    lost = sum(one is not None and other is None for one, other in pairwise(labels))
    return Counts(len(labels), Counter(seen), changes, lost, unsure, seconds)


def figures(counts: Counts, expected: str | None) -> dict[str, Any]:
    """The counts of one or more clips, as the JSON result has them."""
    labels, seconds = counts.labels, counts.seconds
    found = labels.total()
    return {
        **counts._asdict(),
        "found": found,
        "labels": dict(labels.most_common()),
        "other": None if expected is None or not found else 1 - labels[expected] / found,
        "changes_per_s": counts.changes / seconds if seconds > 0 else None,
    }
