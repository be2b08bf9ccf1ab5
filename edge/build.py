"""Settings → objects. The only place that picks concrete classes."""

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

import cv2

from edge import assets
from edge.classifier import TfliteClassifier
from edge.core.bundle import JSON_FILE, Bundle, read_bundle
from edge.core.errors import BundleError, ConfigError
from edge.core.types import FrameSource, LandmarkBackend, Sink
from edge.landmarks.litert import LitertBackend
from edge.landmarks.mediapipe_mesh import FaceMeshBackend
from edge.landmarks.mediapipe_tasks import TasksBackend
from edge.landmarks.models import find_models, model_hashes
from edge.pipeline import Pipeline
from edge.settings import LandmarkSettings, OutputSettings, Settings
from edge.sinks.jsonl import JsonlSink
from edge.sinks.live import LiveSink
from edge.smoothing import ProbabilitySmoother
from edge.sources import open_source

_LONGEST_LINE = 1_000_000
"""Bytes; more than a line of JSON with 16 faces has."""

SHIPPED = Path(__file__).parent / "models"
"""Folder of the bundles that come with the program."""


def models_directory(settings: LandmarkSettings) -> Path | None:
    """The folder that the settings name for the face models; None: search the usual ones."""
    return Path(settings.models_dir) if settings.models_dir else None


def load_bundle(name: str) -> Bundle:
    """A shipped bundle by its name, or any bundle by its path.

    Raises:
        BundleError: there is none, or it is not whole.
    """
    shipped = sorted(path.parent.name for path in SHIPPED.glob(f"*/{JSON_FILE}"))
    if name in shipped:
        return read_bundle(SHIPPED / name)
    if "/" in name or Path(name).is_dir():
        return read_bundle(Path(name))
    raise BundleError(
        f"no bundle {name!r}: shipped are {', '.join(shipped) or 'none'}; "
        "write a path (with a /) for a bundle of your own"
    )


def build_backend(settings: LandmarkSettings, embedding: bool = False) -> LandmarkBackend:
    """The landmark backend that the settings name.

    Args:
        embedding: faces must have one.

    Raises:
        ConfigError: the backend gives no embedding.
        BackendError: its package is missing.
        ModelError: its models are missing or altered.
    """
    if embedding and settings.backend != "litert":
        raise ConfigError(
            f"the bundle needs the landmark network's embedding, which landmarks.backend {settings.backend} "
            "does not give: use litert, or the bundle landmarks"
        )
    builders: dict[str, Callable[[], LandmarkBackend]] = {
        "litert": lambda: LitertBackend(
            find_models(models_directory(settings), embedding), settings.max_faces, settings.threads
        ),
        "mediapipe": lambda: FaceMeshBackend(settings.max_faces),
        "mediapipe-tasks": lambda: TasksBackend(Path(settings.task_file), settings.max_faces),
    }
    return builders[settings.backend]()


def build_pipeline(settings: Settings) -> Pipeline:
    """Backend, classifier and smoothing, ready to process frames.

    Raises:
        BundleError, BackendError, ModelError: a part is missing or not whole.
        ConfigError: bundle and backend do not go together.
    """
    cv2.setNumThreads(settings.landmarks.threads)
    expression = settings.expression
    bundle = load_bundle(settings.bundle)
    classifier = TfliteClassifier(bundle)
    if bundle.landmark_models != model_hashes():
        raise BundleError(
            f"bundle {bundle.path} was trained on other face models than this program runs: "
            "train it again, or install a matching version"
        )
    backend = build_backend(settings.landmarks, bundle.needs_embedding)
    threshold = bundle.min_confidence if expression.min_confidence is None else expression.min_confidence
    smoother = ProbabilitySmoother(expression.smoothing_s)
    return Pipeline(backend, classifier, smoother, threshold, bundle.needs_embedding)


def build_source(settings: Settings, frames: int | None = None) -> FrameSource:
    """The frame source that the settings name.

    Args:
        frames: where the demo ends; other sources end by themselves or are ended by the loop.

    Raises:
        SourceError: it cannot be opened.
        ModelError: the demo's portraits are missing or altered.
    """
    portraits: Sequence[Path] = ()
    if settings.source == "demo":
        directory = models_directory(settings.landmarks)
        for asset in assets.PORTRAITS:
            assets.load(asset, directory)
        portraits = [assets.find(asset, directory) for asset in assets.PORTRAITS]
    camera = settings.camera
    return open_source(
        settings.source,
        width=camera.width,
        height=camera.height,
        fps=camera.fps,
        portraits=portraits,
        frames=frames,
    )


def build_sinks(settings: OutputSettings) -> list[Sink]:
    """The sinks that the settings name, in that order.

    Raises:
        OSError: the file for the JSON lines cannot be opened.
    """
    builders: dict[str, Callable[[], Sink]] = {
        "live": lambda: LiveSink(sys.stdout, time.monotonic),
        "jsonl": lambda: JsonlSink(_jsonl_stream(settings.jsonl_file)),
    }
    return [builders[name]() for name in settings.sinks]


def _jsonl_stream(path: str) -> TextIO:
    if not path:
        return sys.stdout
    _cut_half_line(Path(path))
    return Path(path).open("a", encoding="utf-8")


def _cut_half_line(path: Path) -> None:
    """Take off what a full disk or a power cut left of a last line: the next one would be lost with it."""
    if not path.is_file():
        return
    with path.open("rb+") as file:
        size = file.seek(0, 2)
        tail_at = max(0, size - _LONGEST_LINE)
        file.seek(tail_at)
        tail = file.read()
        if tail and not tail.endswith(b"\n"):
            file.truncate(tail_at + tail.rfind(b"\n") + 1)
