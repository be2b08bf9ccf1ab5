"""Typed settings of the device: defaults < TOML file < flags. An unknown key is an error.

Facts of the model are not here, they are in its bundle.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

import dacite

from edge.core.address import STREAMS, shown
from edge.core.errors import ConfigError
from edge.core.settings_messages import unknown_key, wrong_type
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
    """a shipped bundle's name, or the path of a bundle (with a / in it); empty: everyday, or landmarks for
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
        default = "everyday" if self.landmarks.backend == "litert" else "landmarks"
        return self.expression.bundle or default

    @property
    def needs_network(self) -> bool:
        """Whether the source is on the network."""
        return self.source.startswith(STREAMS)

    def without_effect(self) -> Iterator[str]:
        """A sentence for each setting that another one switches off."""
        if self.output.jsonl_file and "jsonl" not in self.output.sinks:
            yield "output.jsonl_file has no effect: add jsonl to output.sinks (--sink jsonl)"
        if self.landmarks.task_file and self.landmarks.backend != "mediapipe-tasks":
            yield (
                f"landmarks.task_file has no effect with the backend {self.landmarks.backend}: "
                "it is for mediapipe-tasks"
            )


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
                    kind = {entry.name: entry.type for entry in fields(Settings)}[section]
                    raise ConfigError(f"{path}: {wrong_type(section, kind, target)}")
            target[key] = value
    place = f"{path}: " if path else ""
    try:
        hooks: dict[Any, Callable[[Any], Any]] = {int: _not_bool, float: _number, tuple[str, ...]: _tuple}
        _check_keys(table)
        return dacite.from_dict(Settings, table, dacite.Config(type_hooks=hooks))
    except dacite.WrongTypeError as error:
        name = error.field_path or ""
        raise ConfigError(f"{place}{wrong_type(name, error.field_type, _value_at(table, name))}") from None
    except ConfigError as error:
        raise ConfigError(f"{place}{error}") from None


def _check_keys(table: Mapping[str, Any], kind: Any = Settings, section: str = "") -> None:
    """An unknown key is an error, in whichever table."""
    types = {entry.name: entry.type for entry in fields(kind)}
    for key, value in table.items():
        if key not in types:
            raise ConfigError(unknown_key(section + key, _known()))
        if is_dataclass(types[key]) and isinstance(value, dict):
            _check_keys(value, types[key], f"{section}{key}.")


def _known(kind: Any = Settings, section: str = "") -> list[str]:
    """All keys, dotted; a table's name ends in a dot."""
    names = []
    for entry in fields(kind):
        names.append(section + entry.name)
        if is_dataclass(entry.type):
            names[-1] += "."
            names += _known(entry.type, names[-1])
    return names


def _value_at(table: Any, name: str) -> Any:
    """What stands in the file; the hooks below may have changed it."""
    for key in name.split("."):
        table = table[key]
    return table


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
        raise ConfigError(f"{name} must be {low:g}…{high:g}, not {value!s:.60}")


def _choose(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ConfigError(f"{name} must be one of {', '.join(choices)}, not {shown(value)!r}")
