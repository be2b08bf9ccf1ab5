"""Building the parts of a run from the settings: the only module that picks concrete classes."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType

import cv2

from edge.bundles import self_test
from edge.bundles.format import Bundle
from edge.bundles.store import BundleStore, read_signed
from edge.core.address import may_be_address, shown
from edge.core.errors import BundleError, ConfigError
from edge.core.protocols import FrameSource, LandmarkBackend
from edge.head.classifier import TfliteClassifier
from edge.head.inputs import inputs_of, maps_of
from edge.head.smoothing import ProbabilitySmoother
from edge.landmarks import assets
from edge.landmarks.litert import LitertBackend
from edge.landmarks.mediapipe_mesh import FaceMeshBackend
from edge.landmarks.mediapipe_tasks import TasksBackend
from edge.landmarks.models import MAPS, find_models
from edge.pipeline import Pipeline
from edge.settings import LandmarkSettings, Settings
from edge.sinks import output_file
from edge.sinks.jsonl import JsonlSink
from edge.sinks.live import LiveSink
from edge.sinks.outputs import STDOUT, SinkKind, standard_output
from edge.sources import open_source
from edge.sources.orientation import Turn


def models_directory(settings: LandmarkSettings) -> Path | None:
    """The folder that the settings name for the face models; None: the usual folders are searched."""
    return Path(settings.models_dir) if settings.models_dir else None


def load_bundle(name: str, public_key: str = "") -> Bundle:
    """Read a shipped or installed bundle by its name, or any bundle by its path.

    Args:
        name: name of the bundle, or its path (with a ``/`` in it).
        public_key: minisign key that a bundle must be signed with if it did not come with the program;
            empty: no signature is needed.

    Raises:
        BundleError: there is no such bundle, it is not whole, or its signature is missing or wrong.
        ConfigError: the package for signatures is missing, or the key is malformed.
    """
    if may_be_address(name):
        raise BundleError(f"{shown(name)} is an address: expected a bundle's name, or the path of a folder")
    if "/" in name:
        return read_signed(Path(name), public_key)
    return BundleStore(public_key=public_key).read(name)


def with_bundle(settings: Settings, name: str | None) -> Settings:
    """The settings with the bundle that the store has in use, if they do not name one themselves.

    Args:
        name: name of the bundle in use; None: the default of the settings.
    """
    if settings.expression.bundle or name is None:
        return settings
    return replace(settings, expression=replace(settings.expression, bundle=name))


def maps_for(bundle: Bundle, settings: LandmarkSettings) -> tuple[str, ...]:
    """Names of the maps that the landmark backend must put into ``Face.maps`` for a bundle.

    Raises:
        BundleError: the bundle takes an input that this program does not have.
        ConfigError: the backend that the settings name does not give one of the maps.
    """
    maps = maps_of(each.name for each in inputs_of(bundle))
    available = MAPS if settings.backend == "litert" else ()
    if missing := [name for name in maps if name not in available]:
        raise ConfigError(
            f"the bundle needs the inputs {' and '.join(missing)}, which landmarks.backend "
            f"{settings.backend} does not give: use litert, or the bundle landmarks"
        )
    return maps


def build_backend(settings: LandmarkSettings, maps: Collection[str] = ()) -> LandmarkBackend:
    """Build the landmark backend that the settings name.

    Args:
        settings: the settings of the landmarks.
        maps: names of the maps that faces must have in ``Face.maps``, see ``maps_for``.

    Raises:
        BackendError: its package is missing, or the runtime does not load or refuses its models.
        ModelError: its models are missing or altered.
    """
    builders: dict[str, Callable[[], LandmarkBackend]] = {
        "litert": lambda: LitertBackend(
            find_models(models_directory(settings), maps), settings.max_faces, settings.threads
        ),
        "mediapipe": lambda: FaceMeshBackend(settings.max_faces),
        "mediapipe-tasks": lambda: TasksBackend(Path(settings.task_file), settings.max_faces),
    }
    return builders[settings.backend]()


def build_pipeline(
    settings: Settings, running: Pipeline | None = None, backend: LandmarkBackend | None = None
) -> Pipeline:
    """Build the pipeline: backend, classifier and smoothing.

    Args:
        settings: all settings.
        running: a pipeline of the same landmark settings, whose backend and its tracked faces are taken over
            if it gives the maps that the bundle needs.
        backend: a backend that the caller has written, in place of the one that the settings name.

    Raises:
        BundleError: the bundle is not whole, takes an input that this program does not have, or does not
            work on this device.
        BackendError, ModelError: see ``build_backend``.
        ConfigError: see ``load_bundle`` and ``maps_for``.
    """
    expression = settings.expression
    bundle = load_bundle(settings.bundle, expression.public_key)
    maps = maps_for(bundle, settings.landmarks)
    shared = backend
    if running is not None and set(maps) == set(maps_of(each.name for each in running.classifier.inputs)):
        shared = running.backend
    # Before the classifier: a runtime that does not load is then no error of the bundle.
    backend = shared or build_backend(settings.landmarks, maps)
    try:
        classifier = TfliteClassifier(bundle)
        self_test.check(classifier, bundle)
    except BaseException:
        if shared is None:
            backend.close()
        raise
    cv2.setNumThreads(settings.landmarks.threads)
    threshold = bundle.min_confidence if expression.min_confidence is None else expression.min_confidence
    smoother = ProbabilitySmoother(expression.smoothing_s)
    return Pipeline(backend, classifier, smoother, threshold)


def build_source(settings: Settings, frames: int | None = None) -> FrameSource:
    """Open the frame source that the settings name.

    Args:
        settings: all settings.
        frames: number of frames of the demo; other sources end by themselves or are ended by the loop.

    Raises:
        SourceError: the source cannot be opened.
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
        turn=Turn(camera.rotate, camera.mirror),
        portraits=portraits,
        frames=frames,
    )


def _socket_sink() -> ModuleType:
    """The module of the sink ``socket``, which a run without it never loads."""
    return import_module("edge.sinks.socket")


SINK_KINDS = {
    "live": SinkKind(
        settings=lambda output: None,
        needs=lambda settings: STDOUT,
        check=lambda settings: None,
        open=lambda settings, on_command: LiveSink(standard_output(), time.monotonic),
    ),
    "jsonl": SinkKind(
        settings=lambda output: output.jsonl_file,
        needs=lambda file: file or STDOUT,
        check=lambda file: output_file.check(Path(file)) if file else None,
        open=lambda file, on_command: JsonlSink(
            output_file.OutputFile(Path(file)) if file else standard_output()
        ),
    ),
    "socket": SinkKind(
        settings=lambda output: output.socket,
        needs=lambda path: path or "the default socket",
        check=lambda path: _socket_sink().check_path(path),
        open=lambda path, on_command: _socket_sink().open_sink(path, on_command),
        blocks=False,
    ),
}
"""Name in ``output.sinks`` → kind of sink."""
