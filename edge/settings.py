"""Typed settings of the device: defaults < TOML file < flags. An unknown key is an error.

Facts of the model are not here, they are in its bundle.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import dacite

from edge.core.address import STREAMS, shown
from edge.core.errors import ConfigError
from edge.core.toml import read_toml

ROTATIONS = (0, 90, 180, 270)
BACKENDS = ("litert", "mediapipe", "mediapipe-tasks")
SINKS = ("live", "jsonl")


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """What is asked of a camera, which may give something near; and how it is mounted."""

    width: int = 640
    """px, 64…4096"""
    height: int = 480
    """px, 64…4096"""
    fps: float = 30.0
    """frames per second, 1…240"""
    rotate: int = 0
    """degrees clockwise by which every frame is turned, 0, 90, 180 or 270; of any source"""
    mirror: bool = False
    """exchange left and right, after ``rotate``; of any source"""

    def __post_init__(self) -> None:
        _check("camera.width", self.width, 64, 4096)
        _check("camera.height", self.height, 64, 4096)
        _check("camera.fps", self.fps, 1, 240)
        if self.rotate not in ROTATIONS:
            raise ConfigError(f"camera.rotate must be 0, 90, 180 or 270, not {self.rotate}")


@dataclass(frozen=True, slots=True)
class LandmarkSettings:
    """How faces are found."""

    backend: str = "litert"
    """litert, mediapipe or mediapipe-tasks"""
    max_faces: int = 1
    """1…16; more than are in view costs a run of the detector in each frame"""
    threads: int = 1
    """CPU threads of the face models, 1…16; more than 1 is slower next to other load"""
    models_dir: str = ""
    """folder of the face models; empty: $STATE_DIRECTORY, then the user's data directory"""
    task_file: str = ""
    """face_landmarker.task, for mediapipe-tasks"""

    def __post_init__(self) -> None:
        _choose("landmarks.backend", self.backend, BACKENDS)
        _check("landmarks.max_faces", self.max_faces, 1, 16)
        _check("landmarks.threads", self.threads, 1, 16)
        if self.backend == "mediapipe-tasks" and not self.task_file:
            raise ConfigError(
                "landmarks.task_file must name Google's face_landmarker.task for the backend mediapipe-tasks"
            )


@dataclass(frozen=True, slots=True)
class ExpressionSettings:
    """How a face becomes a label."""

    bundle: str = ""
    """a shipped bundle's name, or the path of a bundle (with a / in it); empty: fused, or landmarks for
    the official backends, which give no feature maps"""
    smoothing_s: float = 0.3
    """time constant of the smoothing of each tracked face, s, 0…10; 0 turns it off"""
    min_confidence: float | None = None
    """0…1; a face whose top probability is below gets the status low_confidence; absent: what the bundle
    says"""
    public_key: str = ""
    """minisign public key (RW…); with it, a bundle that did not come with the program must be signed;
    empty: signatures are not looked at"""

    def __post_init__(self) -> None:
        _check("expression.smoothing_s", self.smoothing_s, 0, 10)
        if self.min_confidence is not None:
            _check("expression.min_confidence", self.min_confidence, 0, 1)


@dataclass(frozen=True, slots=True)
class SleepSettings:
    """When a live source is looked at less often. Files are always read whole."""

    after_s: float = 60.0
    """without a face for so long, s, 0…86400; 0: never"""
    interval_s: float = 0.25
    """from one look to the next while asleep, s, 0.05…2; a face is seen that much later"""

    def __post_init__(self) -> None:
        _check("sleep.after_s", self.after_s, 0, 86_400)
        _check("sleep.interval_s", self.interval_s, 0.05, 2)


@dataclass(frozen=True, slots=True)
class OutputSettings:
    """Where results go."""

    sinks: tuple[str, ...] = ("live",)
    """any of live, jsonl"""
    jsonl_file: str = ""
    """file that the JSON lines are added to; empty: the standard output"""

    def __post_init__(self) -> None:
        if not self.sinks:
            raise ConfigError(f"output.sinks must name at least one of {', '.join(SINKS)}")
        for sink in self.sinks:
            _choose("output.sinks", sink, SINKS)
        if len(set(self.sinks)) != len(self.sinks):
            raise ConfigError(f"output.sinks names a sink twice: {', '.join(self.sinks)}")
        if set(self.sinks) == set(SINKS) and not self.jsonl_file:
            raise ConfigError("output.sinks has both live and jsonl: output.jsonl_file must name a file")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a TOML file may say."""

    source: str = "camera:0"
    """picamera2, camera:N, /dev/videoN, rtsp://…, http://…, a video, a picture, a folder, a glob, or demo"""
    camera: CameraSettings = field(default_factory=CameraSettings)
    landmarks: LandmarkSettings = field(default_factory=LandmarkSettings)
    expression: ExpressionSettings = field(default_factory=ExpressionSettings)
    sleep: SleepSettings = field(default_factory=SleepSettings)
    output: OutputSettings = field(default_factory=OutputSettings)

    def __post_init__(self) -> None:
        if not self.source:
            raise ConfigError("source must not be empty")
        models = (self.landmarks.models_dir, self.landmarks.task_file, self.expression.bundle)
        paths = (self.source, *models, self.output.jsonl_file)
        if any("\0" in path for path in paths):
            raise ConfigError("a path must not hold a null character")

    @property
    def bundle(self) -> str:
        """Name or path of the bundle that is used."""
        default = "fused" if self.landmarks.backend == "litert" else "landmarks"
        return self.expression.bundle or default

    @property
    def needs_network(self) -> bool:
        """Whether the source is on the network."""
        return self.source.startswith(STREAMS)


def load_settings(path: Path | None, flags: Mapping[str, Any]) -> Settings:
    """Read the file and lay the flags over it.

    Args:
        path: TOML file, or None for defaults.
        flags: dotted name → value, e.g. ``{"landmarks.max_faces": 2}``; None values are left out.

    Raises:
        ConfigError: the file cannot be read or is not TOML; an unknown key, a wrong type, or a
            value out of range.
    """
    try:
        table = read_toml(path) if path else {}
    except OSError as error:
        raise ConfigError(f"cannot read settings {shown(str(path))}: {error.strerror}") from None
    except ValueError as error:
        raise ConfigError(f"cannot use the settings {path}: {error}") from None
    for name, value in flags.items():
        if value is not None:
            *sections, key = name.split(".")
            target = table
            for section in sections:
                target = target.setdefault(section, {})
                if not isinstance(target, dict):
                    raise ConfigError(f"{path}: {section} must be a table ([{section}])")
            target[key] = value
    place = f"{path}: " if path else ""
    try:
        hooks: dict[Any, Callable[[Any], Any]] = {int: _not_bool, float: _number, tuple[str, ...]: _tuple}
        return dacite.from_dict(Settings, table, dacite.Config(strict=True, type_hooks=hooks))
    except dacite.UnexpectedDataError as error:
        keys = ", ".join(sorted(map(shown, error.keys)))
        raise ConfigError(f"{place}unknown key {keys}; known: {', '.join(_known())}") from None
    except dacite.WrongTypeError as error:
        raise ConfigError(
            f"{place}{error.field_path} must be {_type_name(error.field_type)}, not {_came(error.value)}"
        ) from None
    except ConfigError as error:
        raise ConfigError(f"{place}{error}") from None


def _known(settings: type = Settings, prefix: str = "") -> list[str]:
    names = []
    for entry in fields(settings):
        if isinstance(entry.type, type) and entry.type.__name__.endswith("Settings"):
            names += _known(entry.type, f"{prefix}{entry.name}.")
        else:
            names.append(prefix + entry.name)
    return names


def _type_name(kind: Any) -> str:
    return {"tuple[str, ...]": "a list of strings", "str": "a string"}.get(
        kind.__name__ if isinstance(kind, type) else str(kind), getattr(kind, "__name__", str(kind))
    )


def _came(value: Any) -> str:
    """How an error names a value; a list or a table may hold addresses with passwords."""
    kind = type(value).__name__
    if isinstance(value, str):
        return f"{shown(value)!r} ({kind})"
    return f"{value!r} ({kind})" if isinstance(value, int | float) else kind


def _not_bool(value: Any) -> Any:
    """Python takes true for 1; a settings file must not."""
    return str(value).lower() if isinstance(value, bool) else value


def _number(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1e300:
        return float(value)
    return _not_bool(value)


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _check(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:  # also true for NaN
        raise ConfigError(f"{name} must be {low:g}…{high:g}, not {value}")


def _choose(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ConfigError(f"{name} must be one of {', '.join(choices)}, not {shown(value)!r}")
