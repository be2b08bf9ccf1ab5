"""The files that are not in the repository: which they are, where they lie, and whether they are whole.

MediaPipe's face models are Apache-2.0 and come in its wheel; the two portraits for the demo are
public domain and come in the wheels of matplotlib and scikit-image. ``edge.landmarks.fetch`` fetches them.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from edge.core.errors import ModelError
from edge.core.files import sha256


@dataclass(frozen=True, slots=True)
class Asset:
    """One file inside a published wheel."""

    name: str
    """File name in the wheel and on the device."""
    member: str
    """Path inside the wheel, and below site-packages where the package is installed."""
    requirement: str
    """The pinned package whose wheel carries it."""
    size: int
    """Bytes."""
    sha256: str


DETECTOR = Asset(
    "face_detection_short_range.tflite",
    "mediapipe/modules/face_detection/face_detection_short_range.tflite",
    "mediapipe==0.10.18",
    229_714,
    "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
)
LANDMARKER = Asset(
    "face_landmark.tflite",
    "mediapipe/modules/face_landmark/face_landmark.tflite",
    "mediapipe==0.10.18",
    1_242_398,
    "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
)
ASTRONAUT = Asset(
    "astronaut.png",
    "skimage/data/astronaut.png",
    "scikit-image==0.26.0",
    791_555,
    "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
)
HOPPER = Asset(
    "grace_hopper.jpg",
    "matplotlib/mpl-data/sample_data/grace_hopper.jpg",
    "matplotlib==3.10.8",
    61_306,
    "a8ca6d734765703b09728ab47fe59f473d93ae3967fc24c7c0288c3c7adb7130",
)

MODELS = (DETECTOR, LANDMARKER)
PORTRAITS = (ASTRONAUT, HOPPER)


def data_directory() -> Path:
    """The folder for new files: the service's ``$STATE_DIRECTORY``, else the user's data directory."""
    return _directories()[0]


def find(asset: Asset, directory: Path | None = None) -> Path:
    """The path of ``asset``, unverified.

    Args:
        directory: the only folder to search; None: ``$STATE_DIRECTORY``, then the user's data directory.

    Raises:
        ModelError: it is absent.
    """
    folders = [directory] if directory else _directories()
    for folder in folders:
        if (folder / asset.name).is_file():
            return folder / asset.name
    places = " or ".join(str(folder) for folder in folders)
    command = "mien setup" + (f" --models-dir {directory}" if directory else "")
    raise ModelError(f"{asset.name} not found in {places}: run `{command}` once")


def load(asset: Asset, directory: Path | None = None) -> bytes:
    """The bytes of ``asset``, verified.

    Raises:
        ModelError: it is absent, or its SHA-256 is not the pinned one.
    """
    path = find(asset, directory)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror}") from None
    if sha256(data) != asset.sha256:
        raise ModelError(
            f"{path} is not the pinned file ({len(data)} bytes, SHA-256 {sha256(data)[:12]}…; expected "
            f"{asset.size} bytes, {asset.sha256[:12]}…): run `mien setup` to replace it"
        )
    return data


def _directories() -> list[Path]:
    # systemd joins several state directories with colons; ours is the first.
    state = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    home = os.environ.get("XDG_DATA_HOME", "")
    if not home:
        try:
            home = str(Path.home() / ".local" / "share")
        except RuntimeError:  # a user without HOME and without an account, as in a container
            if not state:
                raise ModelError(
                    "this user has no home directory: set $XDG_DATA_HOME, or name a folder with --models-dir"
                ) from None
    return [Path(state)] * bool(state) + [Path(home) / "mien"] * bool(home)
