"""What the device reads: settings, bundles, face models, wheels, pictures, videos, the socket's lines."""

import io
import json
import random
import socket
import tempfile
import threading
import zipfile
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np

from edge.bundles.format import JSON_FILE, MODEL_FILE, checksum, read_bundle
from edge.bundles.self_test import check
from edge.core.files import sha256
from edge.head.classifier import TfliteClassifier
from edge.head.inputs import inputs_of
from edge.landmarks.assets import Asset
from edge.landmarks.fetch import fetch_missing
from edge.landmarks.surgery.tap import tap
from edge.settings import load_settings
from edge.sources.pictures import read_picture
from edge.sources.video import VideoSource
from edge.stream import messages
from edge.stream.client import StreamClient
from tests.fuzz.mutate import Files, damage
from tests.fuzz.targets import Target, png_checksums

ROOT = Path(__file__).resolve().parents[2]
BUNDLE = ROOT / "edge" / "bundles" / "shipped" / "landmarks"
OLD_BUNDLE = ROOT / "tests" / "edge" / "golden" / "landmarks-schema4"

# ---- settings ----

_SETTINGS = b"""source = "camera:0"
[camera]
width = 640
height = 480
fps = 30.0
[landmarks]
backend = "litert"
max_faces = 1
threads = 1
models_dir = "/var/lib/mien"
[expression]
bundle = "everyday"
smoothing_s = 0.3
min_confidence = 0.5
[output]
sinks = ["live", "jsonl"]
jsonl_file = "faces.jsonl"
"""


def _settings_seeds() -> list[Files]:
    shipped = (ROOT / "systemd" / "mien.toml").read_bytes()
    return [{"mien.toml": shipped}, {"mien.toml": _SETTINGS}, {"mien.toml": _SETTINGS}]


def _settings(folder: Path) -> None:
    load_settings(folder / "mien.toml", {})


# ---- bundles ----


def _bundle_seeds() -> list[Files]:
    return [{name: (BUNDLE / name).read_bytes() for name in (JSON_FILE, MODEL_FILE)}]


def _json_seeds() -> list[Files]:
    """With a model of a few bytes, for its reader looks at its hash only."""
    texts = [
        (folder / JSON_FILE).read_bytes() for folder in (BUNDLE, BUNDLE.with_name("everyday"), OLD_BUNDLE)
    ]
    return [_signed({JSON_FILE: text, MODEL_FILE: b"model"}) for text in texts]


def _signed(files: Files) -> Files:
    """With the hash of the model and the checksum of the JSON put right, where that can be done."""
    try:
        info = json.loads(files[JSON_FILE])
        info["files"][MODEL_FILE]["sha256"] = sha256(files[MODEL_FILE])
        info["checksum"] = checksum(info)
        return files | {JSON_FILE: json.dumps(info).encode()}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return files


def _bundle_json(folder: Path) -> None:
    bundle = read_bundle(folder)
    json.dumps(bundle.info)  # what `mien info` prints
    inputs_of(bundle)


_HEAD, _TAIL = 500, 12_000


def _damage_model(rng: random.Random, files: Files) -> Files:
    """At the start and the end of the model, where its tables are: between them are weights."""
    data = files[MODEL_FILE]
    head, middle, tail = data[:_HEAD], data[_HEAD:-_TAIL], data[-_TAIL:]
    if rng.random() < 0.3:
        head = damage(rng, MODEL_FILE, head)
    else:
        tail = damage(rng, MODEL_FILE, tail)
    return files | {MODEL_FILE: head + middle + tail}


def _model(folder: Path) -> None:
    bundle = read_bundle(folder)
    classifier = TfliteClassifier(bundle)
    check(classifier, bundle)
    classifier.predict([np.zeros(each.shape, each.dtype) for each in classifier.inputs])


# ---- face models ----


def _tap_seeds() -> list[Files]:
    """Without the weights, which nobody reads there: the structure follows them."""
    model = (BUNDLE / MODEL_FILE).read_bytes()
    return [{"face_landmark.tflite": model}, {"face_landmark.tflite": _structure(model)}]


def _structure(model: bytes) -> bytes:
    """The end of a flatbuffer, where its tables are, with the offset at its start turned to them."""
    root = int.from_bytes(model[:4], "little")
    cut = max(0, min(root, len(model)) - 1000) & ~15
    return (root - cut).to_bytes(4, "little") + model[cut + 4 :]


def _tap(folder: Path) -> None:
    tap((folder / "face_landmark.tflite").read_bytes(), (1, 2))


# ---- wheels ----

_MEMBERS = {"a.tflite": bytes(range(256)) * 12, "b.png": b"portrait" * 40}
_WANTED = [
    Asset(name, f"package/{name}", "package==1", len(data), sha256(data)) for name, data in _MEMBERS.items()
]


def _wheel_seeds() -> list[Files]:
    seeds = []
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", method) as archive:
            for name, data in (*_MEMBERS.items(), ("METADATA", b"Name: package")):
                archive.writestr(zipfile.ZipInfo(f"package/{name}"), data, method)
        seeds.append({"package.whl": packed.getvalue()})
    return seeds


def _wheel(folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as out:
        fetch_missing(Path(out), [folder / "package.whl"], _WANTED, lambda _: None)


# ---- pictures and videos ----

_SUFFIXES = (".png", ".jpg", ".bmp", ".webp", ".tif", ".ppm", ".png", ".jpg")


def _pixels(height: int, width: int, shift: int = 0) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 4 + shift, y * 5, (x * y) % 256], axis=2).astype(np.uint8)


def _picture_seeds() -> list[Files]:
    pixels = _pixels(32, 40)
    grey, deep = pixels[:, :, :1], pixels.astype(np.uint16) * 257
    kinds = [(suffix, pixels) for suffix in _SUFFIXES]
    kinds += [(".pgm", grey), (".png", grey), (".png", np.dstack([pixels, grey]))]
    kinds += [(".png", deep), (".tif", deep)]
    return [{"picture": cv2.imencode(suffix, each)[1].tobytes()} for suffix, each in kinds]


def _repair_picture(files: Files) -> Files:
    return {name: png_checksums(data) if data[1:4] == b"PNG" else data for name, data in files.items()}


def _picture(folder: Path) -> None:
    rgb = read_picture(folder / "picture")
    assert (rgb.dtype, rgb.ndim, rgb.shape[2]) == (np.uint8, 3, 3), rgb.shape


def _video_seeds() -> list[Files]:
    kinds = [kind.split(":") for kind in "avi:MJPG mp4:mp4v mkv:mp4v webm:VP80 avi:XVID mkv:MJPG".split()]
    with tempfile.TemporaryDirectory() as folder:
        return [{"clip": _clip(Path(folder) / f"clip.{suffix}", codec)} for suffix, codec in kinds]


def _clip(path: Path, codec: str) -> bytes:
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*codec), 25, (64, 48))  # type: ignore[attr-defined]
    for number in range(8):
        writer.write(_pixels(48, 64, 9 * number))
    writer.release()
    return path.read_bytes()


def _video(folder: Path) -> None:
    for frame in VideoSource(folder / "clip"):
        assert frame.rgb.ndim == 3, frame.rgb.shape


# ---- the socket ----


def _request_seeds() -> list[Files]:
    asked = [messages.want_mesh(True), messages.want_mesh(False), messages.command("pause")]
    return [{"requests": b"".join(map(messages.line, asked))}]


def _requests(folder: Path) -> None:
    for line in (folder / "requests").read_bytes().split(b"\n"):
        with suppress(ValueError):  # which closes the reader
            messages.read_request(line)


def _stream_seeds() -> list[Files]:
    hello = messages.line(messages.hello("porch", "everyday", ("happy", "sad")))
    return [{"stream": hello + b'{"schema":2,"time":1.5,"status":{"fps":30.0}}\n{"schema":2,"frame":0}\n'}]


def _stream(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener, tempfile.TemporaryDirectory() as place:
        path = Path(place) / "mien.sock"
        listener.bind(str(path))
        listener.listen()
        with StreamClient(path) as client:
            service, _ = listener.accept()
            with service:
                threading.Thread(target=_send, args=(service, folder / "stream")).start()
                for _ in client:
                    pass


def _send(service: socket.socket, path: Path) -> None:
    with suppress(OSError):  # the reader has gone
        service.sendall(path.read_bytes())
        service.shutdown(socket.SHUT_WR)


TARGETS = {
    "requests": Target(_request_seeds, _requests),
    "stream": Target(_stream_seeds, _stream),
    "settings": Target(_settings_seeds, _settings),
    "tap": Target(_tap_seeds, _tap),
    "wheel": Target(_wheel_seeds, _wheel),
    "bundle": Target(_json_seeds, _bundle_json, repair=_signed),
    "picture": Target(_picture_seeds, _picture, repair=_repair_picture),
    "model": Target(_bundle_seeds, _model, _damage_model, _signed, contained=True),
    "video": Target(_video_seeds, _video),
}
