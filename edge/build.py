"""Settings → objects. The only place that picks concrete classes."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path

import cv2

from edge.bundles import self_test
from edge.bundles.format import Bundle
from edge.bundles.store import BundleStore, read_signed
from edge.core.address import may_be_address, shown
from edge.core.errors import BundleError, ConfigError
from edge.core.types import FrameSource, LandmarkBackend
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
    """The folder that the settings name for the face models; None: search the usual ones."""
    return Path(settings.models_dir) if settings.models_dir else None


def load_bundle(name: str, public_key: str = "") -> Bundle:
    """A shipped or installed bundle by its name, or any bundle by its path.

    Args:
        name: with a ``/`` in it, a path.
        public_key: minisign key that a bundle must be signed with if it did not come with the program;
            empty: none.

    Raises:
        BundleError: there is none, it is not whole, or its signature is missing or wrong.
        ConfigError: the package for signatures is missing, or the key is none.
    """
    if may_be_address(name):
        raise BundleError(f"{shown(name)} is an address: expected a bundle's name, or the path of a folder")
    if "/" in name:
        return read_signed(Path(name), public_key)
    return BundleStore(public_key=public_key).read(name)


def with_bundle(settings: Settings, name: str | None) -> Settings:
    """The settings with a bundle of the store in use, if they do not name one themselves.

    Args:
        name: as ``BundleStore.start`` or ``.state.current`` gives it; None: the default of the settings.
    """
    if settings.expression.bundle or name is None:
        return settings
    return replace(settings, expression=replace(settings.expression, bundle=name))


def maps_for(bundle: Bundle, settings: LandmarkSettings) -> tuple[str, ...]:
    """What the landmark backend must give for a bundle, in ``Face.maps``.

    Raises:
        BundleError: the bundle wants an input that this program does not have.
        ConfigError: the backend that the settings name does not give it.
    """
    maps = maps_of(each.name for each in inputs_of(bundle))
    _check_maps(settings, maps)
    return maps


def _check_maps(settings: LandmarkSettings, maps: Collection[str]) -> None:
    given = MAPS if settings.backend == "litert" else ()
    if missing := [name for name in maps if name not in given]:
        raise ConfigError(
            f"the bundle needs {' and '.join(missing)} of the landmark network, which landmarks.backend "
            f"{settings.backend} does not give: use litert, or the bundle landmarks"
        )


def build_backend(settings: LandmarkSettings, maps: Collection[str] = ()) -> LandmarkBackend:
    """The landmark backend that the settings name.

    Args:
        maps: what faces must have in ``Face.maps``, of ``maps_for``.

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
    """Backend, classifier and smoothing, ready to process frames.

    Args:
        running: a pipeline of the same landmark settings, whose backend goes on with the faces that it
            tracks if it gives what the bundle needs.
        backend: one of the caller's, in place of that of the settings.

    Raises:
        BundleError: the bundle is not whole, wants an input that this program does not have, or does not
            work here.
        BackendError, ModelError: see ``build_backend``.
        ConfigError: see ``load_bundle``; or it does not go with the backend.
    """
    expression = settings.expression
    bundle = load_bundle(settings.bundle, expression.public_key)
    maps = maps_for(bundle, settings.landmarks)
    shared = backend
    if running is not None and set(maps) == set(maps_of(each.name for each in running.classifier.inputs)):
        shared = running.backend
    # Before the classifier: a runtime that is broken is not the bundle's fault.
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
        turn=Turn(camera.rotate, camera.mirror),
        portraits=portraits,
        frames=frames,
    )


SINK_KINDS = {
    "live": SinkKind(
        settings=lambda output: None,
        needs=lambda settings: STDOUT,
        check=lambda settings: None,
        open=lambda settings: LiveSink(standard_output(), time.monotonic),
    ),
    "jsonl": SinkKind(
        settings=lambda output: output.jsonl_file,
        needs=lambda file: file or STDOUT,
        check=lambda file: output_file.check(Path(file)) if file else None,
        open=lambda file: JsonlSink(output_file.OutputFile(Path(file)) if file else standard_output()),
    ),
}
"""By the name in ``output.sinks``."""
