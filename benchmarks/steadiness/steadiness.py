"""Whether labels hold still while the expression does: clips of a known state, as the app sees them.

Unlike pictures of a data set, clips show what smoothing and tracking make of a bundle in front of a camera:
labels that flicker, faces that are lost, and a person who speaks being called surprised.
"""

import os
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.accuracy.scores import percent
from benchmarks.machine.environment import bundle_facts, describe
from edge.build import build_pipeline, load_bundle
from edge.core.errors import ConfigError, DataError, SourceError
from edge.core.text import escaped
from edge.settings import Settings
from edge.sources import video
from edge.sources.video import VideoSource
from evaluation.report.page import DASH, number

SCHEMA = 1
"""Version of the JSON result."""


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
        paths: clips, or folders of clips.
        settings: settings of the app.
        expected: the expression that every clip shows, a label of the bundle; None: unknown.

    Returns:
        The JSON result that ``docs/reference/benchmark-results.md`` describes, without ``command``.

    Raises:
        MienError: a model or a bundle is missing, a clip cannot be read, or the bundle lacks ``expected``.
    """
    load_before = os.getloadavg()[0]
    bundle = load_bundle(settings.bundle)
    if expected is not None and expected not in bundle.labels:
        raise ConfigError(f"--expected {expected}: the bundle knows {', '.join(bundle.labels)}")
    clips = [{"clip": clip.name, **_clip_figures(clip, settings, expected)} for clip in find_clips(paths)]
    return {
        "kind": "steadiness",
        "schema": SCHEMA,
        "expected": expected,
        "smoothing_s": settings.expression.smoothing_s,
        "clips": clips,
        "all": _together(clips, expected),
        "warnings": [],
        "bundle": bundle_facts(bundle),
        "environment": describe(settings.landmarks, load_before),
    }


def _clip_figures(path: Path, settings: Settings, expected: str | None) -> dict[str, Any]:
    """Figures of one clip, with a pipeline of its own: tracking and smoothing remember earlier frames."""
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
    seen = [label for label in labels if label is not None]
    return figures(
        frames=len(labels),
        labels=Counter(seen),
        changes=sum(one != other for one, other in pairwise(seen)),
        lost=sum(one is not None and other is None for one, other in pairwise(labels)),
        unsure=unsure,
        seconds=end_ns / 1e9,
        expected=expected,
    )


def _together(clips: Sequence[dict[str, Any]], expected: str | None) -> dict[str, Any]:
    labels: Counter[str] = Counter()
    for clip in clips:
        labels.update(clip["labels"])
    sums = {
        key: sum(clip[key] for clip in clips) for key in ("frames", "changes", "lost", "unsure", "seconds")
    }
    return figures(labels=labels, expected=expected, **sums)


def figures(
    *,
    frames: int,
    labels: Counter[str],
    changes: int,
    lost: int,
    unsure: int,
    seconds: float,
    expected: str | None,
) -> dict[str, Any]:
    """The figures of one or more clips, as the JSON result has them.

    Args:
        frames: number of frames.
        labels: number of frames with a face, by its label.
        changes: how often the label changed from one frame with a face to the next.
        lost: how often a face was there in one frame and not in the next.
        unsure: number of frames whose label is unsure.
        seconds: duration.
        expected: see ``benchmark``.
    """
    found = labels.total()
    return {
        "frames": frames,
        "found": found,
        "labels": dict(labels.most_common()),
        "other": None if expected is None or not found else 1 - labels[expected] / found,
        "changes": changes,
        "changes_per_s": changes / seconds if seconds > 0 else None,
        "lost": lost,
        "unsure": unsure,
        "seconds": seconds,
    }


def table(result: dict[str, Any]) -> str:
    """The result as a table for people."""
    expected = result["expected"]
    other = f"not {expected}" if expected else "other"
    lines = [
        f"bundle {result['bundle']['name']}, smoothing {result['smoothing_s']:g} s; "
        "shares are of the frames with a face",
        f"{'clip':<24} {'frames':>7} {'found':>8} {other:>14} {'changes/s':>10} {'lost':>5}  labels",
    ]
    for name, row in [(clip["clip"], clip) for clip in result["clips"]] + [("all", result["all"])]:
        shares = ", ".join(f"{label} {percent(n / row['found'])}" for label, n in row["labels"].items())
        found = percent(row["found"] / row["frames"]) if row["frames"] else DASH
        lines.append(
            f"{escaped(name)[:24]:<24} {row['frames']:>7} {found:>8} {percent(row['other']):>14} "
            f"{number(row['changes_per_s']):>10} {row['lost']:>5}  {shares or DASH}"
        )
    return "\n".join(lines)
