"""The settings of the device: defaults, overridden by a TOML file, overridden by flags.

An unknown key is an error. Properties of the model stand in its bundle.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from socket import gethostname
from typing import Any

import dacite

from edge.core.address import STREAMS, shown
from edge.core.errors import ConfigError
from edge.core.settings_messages import unknown_key, wrong_type
from edge.core.toml import read_toml

ROTATIONS = (0, 90, 180, 270)
BACKENDS = ("litert", "mediapipe", "mediapipe-tasks")
SINKS = ("live", "jsonl", "socket")
_DEVICE_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """What is requested of a camera, which may give the nearest that it has; and how it is mounted."""

    width: int = 640
    """Width of a frame, px, 64…4096."""
    height: int = 480
    """Height of a frame, px, 64…4096."""
    fps: float = 30.0
    """Frames per second, 1…240."""
    rotate: int = 0
    """Angle by which every frame of any source is turned, degrees clockwise: 0, 90, 180 or 270."""
    mirror: bool = False
    """Whether left and right of every frame of any source are exchanged, after ``rotate``."""

    def __post_init__(self) -> None:
        _check_range("camera.width", self.width, 64, 4096)
        _check_range("camera.height", self.height, 64, 4096)
        _check_range("camera.fps", self.fps, 1, 240)
        if self.rotate not in ROTATIONS:
            raise ConfigError(f"camera.rotate must be 0, 90, 180 or 270, not {self.rotate}")


@dataclass(frozen=True, slots=True)
class LandmarkSettings:
    """How faces and their landmarks are found."""

    backend: str = "litert"
    """Landmark backend: litert, mediapipe or mediapipe-tasks."""
    max_faces: int = 1
    """The most faces in a frame, 1…16; more than are in view cost a run of the detector in each frame."""
    threads: int = 1
    """CPU threads of the face models, 1…16; more than 1 is slower beside other load."""
    models_dir: str = ""
    """Folder of the face models; empty: $STATE_DIRECTORY, then the user's data directory."""
    task_file: str = ""
    """Path of face_landmarker.task, for mediapipe-tasks."""

    def __post_init__(self) -> None:
        _check_choice("landmarks.backend", self.backend, BACKENDS)
        _check_range("landmarks.max_faces", self.max_faces, 1, 16)
        _check_range("landmarks.threads", self.threads, 1, 16)
        if self.backend == "mediapipe-tasks" and not self.task_file:
            raise ConfigError(
                "landmarks.task_file must name Google's face_landmarker.task for the backend mediapipe-tasks"
            )


@dataclass(frozen=True, slots=True)
class ExpressionSettings:
    """How faces are classified."""

    bundle: str = ""
    """Name of a shipped or installed bundle, or path of a bundle (with a / in it); empty: everyday, or
    landmarks for the official backends, which give no feature maps."""
    smoothing_s: float = 0.3
    """Time constant of the smoothing of each tracked face, seconds, 0…10; 0 turns it off."""
    min_confidence: float | None = None
    """Top probability, 0…1, below which a face gets the status low_confidence; absent: the bundle's own."""
    public_key: str = ""
    """Minisign public key (RW…); with it, a bundle that did not come with the program must be signed;
    empty: signatures are not checked."""

    def __post_init__(self) -> None:
        _check_range("expression.smoothing_s", self.smoothing_s, 0, 10)
        if self.min_confidence is not None:
            _check_range("expression.min_confidence", self.min_confidence, 0, 1)


@dataclass(frozen=True, slots=True)
class SleepSettings:
    """When fewer frames of a live source are taken. Files are always read whole."""

    after_s: float = 60.0
    """Time without a face after which fewer frames are taken, seconds, 0…86400; 0: never."""
    interval_s: float = 0.25
    """Time from one frame to the next while asleep, seconds, 0.05…2; a face is seen that much later."""

    def __post_init__(self) -> None:
        _check_range("sleep.after_s", self.after_s, 0, 86_400)
        _check_range("sleep.interval_s", self.interval_s, 0.05, 2)


@dataclass(frozen=True, slots=True)
class OutputSettings:
    """Where results go."""

    sinks: tuple[str, ...] = ("live",)
    """Names of the sinks: live, jsonl and socket."""
    jsonl_file: str = ""
    """File that the JSON lines are added to; empty: the standard output."""
    socket: str = ""
    """Path of the socket; empty: mien.sock in $RUNTIME_DIRECTORY, else in $XDG_RUNTIME_DIR/mien."""
    device: str = ""
    """Id of this device for readers of the socket, 1–64 of a–z, A–Z, 0–9, _ and -; empty: the host name."""

    def __post_init__(self) -> None:
        if not self.sinks:
            raise ConfigError(f"output.sinks must name at least one of {', '.join(SINKS)}")
        for sink in self.sinks:
            _check_choice("output.sinks", sink, SINKS)
        if len(set(self.sinks)) != len(self.sinks):
            raise ConfigError(f"output.sinks names a sink twice: {', '.join(self.sinks)}")
        if self.device and not _DEVICE_ID.fullmatch(self.device):
            raise ConfigError(
                f"output.device must be 1 to 64 of the characters a–z, A–Z, 0–9, _ and -, "
                f"not {shown(self.device)!r:.80}"
            )

    @property
    def device_id(self) -> str:
        """Id of this device: the setting, else the host name, in which - replaces any other character."""
        return self.device or re.sub("[^a-zA-Z0-9_-]", "-", gethostname())[:64] or "mien"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a TOML file may say."""

    source: str = "camera:0"
    """Source of the frames: picamera2, camera:N, /dev/videoN, rtsp://…, http://…, a video, a picture, a
    folder, a glob pattern, or demo."""
    camera: CameraSettings = field(default_factory=CameraSettings)
    landmarks: LandmarkSettings = field(default_factory=LandmarkSettings)
    expression: ExpressionSettings = field(default_factory=ExpressionSettings)
    sleep: SleepSettings = field(default_factory=SleepSettings)
    output: OutputSettings = field(default_factory=OutputSettings)

    def __post_init__(self) -> None:
        if not self.source:
            raise ConfigError("source must not be empty")
        models = (self.landmarks.models_dir, self.landmarks.task_file, self.expression.bundle)
        paths = (self.source, *models, self.output.jsonl_file, self.output.socket)
        if any("\0" in path for path in paths):
            raise ConfigError("a path must not hold a null character")

    @property
    def bundle(self) -> str:
        """Name or path of the bundle to use."""
        default = "everyday" if self.landmarks.backend == "litert" else "landmarks"
        return self.expression.bundle or default

    @property
    def needs_network(self) -> bool:
        """Whether the source is on the network."""
        return self.source.startswith(STREAMS)

    def without_effect(self) -> Iterator[str]:
        """A sentence for each setting that another setting makes ineffective."""
        if self.output.jsonl_file and "jsonl" not in self.output.sinks:
            yield "output.jsonl_file has no effect: add jsonl to output.sinks (--sink jsonl)"
        if self.output.socket and "socket" not in self.output.sinks:
            yield "output.socket has no effect: add socket to output.sinks (--sink socket)"
        if self.landmarks.task_file and self.landmarks.backend != "mediapipe-tasks":
            yield (
                f"landmarks.task_file has no effect with the backend {self.landmarks.backend}: "
                "it is for mediapipe-tasks"
            )


def load_settings(path: Path | None, flags: Mapping[str, Any]) -> Settings:
    """Read the settings file, and override its values by the flags.

    Args:
        path: TOML file; None: the defaults.
        flags: dotted name → value, e.g. ``{"landmarks.max_faces": 2}``; None values are ignored.

    Raises:
        ConfigError: the file cannot be read or is not TOML; an unknown key, a wrong type, or a
            value out of range.
    """
    try:
        table = read_toml(path) if path else {}
    except OSError as error:
        raise ConfigError(f"cannot read the settings {shown(str(path))}: {error.strerror}") from None
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
    """Raise ConfigError for an unknown key in any table."""
    types = {entry.name: entry.type for entry in fields(kind)}
    for key, value in table.items():
        if key not in types:
            raise ConfigError(unknown_key(section + key, _all_keys()))
        if is_dataclass(types[key]) and isinstance(value, dict):
            _check_keys(value, types[key], f"{section}{key}.")


def _all_keys(kind: Any = Settings, section: str = "") -> list[str]:
    """All keys, dotted; the name of a table ends in a dot."""
    names = []
    for entry in fields(kind):
        names.append(section + entry.name)
        if is_dataclass(entry.type):
            names[-1] += "."
            names += _all_keys(entry.type, names[-1])
    return names


def _value_at(table: Any, name: str) -> Any:
    """The value in the file; the hooks below may have changed it since."""
    for key in name.split("."):
        table = table[key]
    return table


def _not_bool(value: Any) -> Any:
    """A bool as its text, which no number setting takes: to Python, True is the number 1."""
    return str(value).lower() if isinstance(value, bool) else value


def _number(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1e300:
        return float(value)
    return _not_bool(value)


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:  # also true for NaN
        raise ConfigError(f"{name} must be {low:g}…{high:g}, not {value!s:.60}")


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ConfigError(f"{name} must be one of {', '.join(choices)}, not {shown(value)!r}")
