"""Read and verify a model bundle: a folder with ``model.tflite`` and ``model.json``.

``convert`` writes bundles, this module reads them, nothing else knows their inside. The format is
described in ``docs/bundle.md``.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from edge.core import features, golden
from edge.core.errors import BundleError
from edge.core.files import sha256
from edge.core.quantize import Quantization

SCHEMA = 4
"""Version of ``model.json``."""

MODEL_FILE = "model.tflite"
JSON_FILE = "model.json"
SIGNATURE_FILE = "model.json.minisig"
FLOAT_FILE = "model_float32.tflite"
DYNAMIC_FILE = "model_dynamic.tflite"
"""Beside the float32 file: int8 weights, float32 inputs and logits."""

MAX_BYTES = {MODEL_FILE: 64_000_000, JSON_FILE: 4_000_000, SIGNATURE_FILE: 10_000}
"""The files that the device takes, and what is too large to be one of them."""

_LEAST_STD = 1e-4
"""Of a landmark's coordinate, in distances between the eyes; below any that is of use."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Bundle:
    """Everything the device needs to turn the features of a face into probabilities."""

    path: Path
    name: str
    labels: tuple[str, ...]
    feature_version: int
    mean: NDArray[np.float32]
    """float32 (1404,), taken off the landmarks."""
    std: NDArray[np.float32]
    """float32 (1404,), > 0; the landmarks are divided by it after that."""
    output: Quantization
    temperature: float
    """The logits are divided by it before the softmax, > 0."""
    min_confidence: float
    """0–1; a face whose top probability is below is LOW_CONFIDENCE, if the settings name no other."""
    landmark_models: dict[str, str]
    """File name → SHA-256 of the face models whose landmarks it was trained on."""
    preparation: tuple[float, float]
    """Scale and padding of the training pictures, see ``edge.data.Preparation``."""
    golden: NDArray[np.int8]
    """int8 (16, C): the logits of the made-up faces of ``edge.core.golden``."""
    model: bytes
    """The int8 TFLite flatbuffer: a float32 (1, F) for each input, int8 logits (1, C) out."""
    info: dict[str, Any]
    """The whole of ``model.json``, for ``info`` and reports."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the network's inputs, see ``edge.core.features``."""
        return features.INPUTS[self.feature_version]

    @property
    def needs_embedding(self) -> bool:
        """Whether the landmark backend must give ``Face.embedding``."""
        return len(self.inputs) > 1


def holds_only_a_bundle(folder: Path) -> bool:
    """Whether nothing would be lost with a folder but a bundle, whole or not."""
    names = {*MAX_BYTES, FLOAT_FILE, DYNAMIC_FILE}
    return folder.is_dir() and all(entry.is_file() and entry.name in names for entry in folder.iterdir())


def checksum(info: dict[str, Any]) -> str:
    """SHA-256 over the canonical form of ``model.json`` without its own ``checksum`` field."""
    content = {key: value for key, value in info.items() if key != "checksum"}
    return sha256(json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False).encode())


def read_bundle(path: Path, accept: Callable[[bytes], None] | None = None) -> Bundle:
    """Read the bundle in folder ``path`` and verify it.

    Args:
        accept: called with the bytes of ``model.json`` before anything in them is believed; raises
            BundleError for those of a stranger.

    Raises:
        BundleError: a file is missing, empty, truncated or altered, the schema or the feature
            version is another one, or a field is missing or of the wrong type.
    """
    text = _read_json(path / JSON_FILE)
    try:
        if accept is not None:
            accept(text)
        info = _parse(text)
        schema = _get(info, "schema", int)
        if schema != SCHEMA:
            raise BundleError(
                f"has schema {schema}, this program reads {SCHEMA}: "
                "train and convert the model again, or install a matching version"
            )
        if _get(info, "checksum", str) != checksum(info):
            raise BundleError(f"{JSON_FILE} was altered (checksum differs): copy the bundle again")
        version = _get(info, "feature_version", int)
        if version not in features.INPUTS:
            raise BundleError(
                f"was made for feature version {version}, this program computes "
                f"{' and '.join(map(str, features.INPUTS))}: "
                "convert the model again or install a matching version"
            )
        calibration = _get(info, "calibration", dict)
        mean, std = _standardization(_get(info, "standardization", dict))
        labels = _strings(info, "labels")
        return Bundle(
            path=path,
            name=_get(info, "name", str),
            labels=labels,
            feature_version=version,
            mean=mean,
            std=std,
            output=_quantization(_get(info, "output", dict)),
            temperature=_between(calibration, "temperature", 0.01, 100.0),
            min_confidence=_between(calibration, "min_confidence", 0.0, 1.0),
            landmark_models=_hashes(info, "landmark_models"),
            preparation=_preparation(_get(info, "preparation", dict)),
            golden=_golden(_get(info, "golden", dict), len(labels)),
            model=_read_model(path, _get(info, "files", dict)),
            info=info,
        )
    except BundleError as error:
        raise BundleError(f"bundle {path}: {error}") from None


def _read_json(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES[JSON_FILE]:
            raise BundleError(f"{path} is larger than {MAX_BYTES[JSON_FILE]} bytes: not a bundle of ours")
        return path.read_bytes()
    except FileNotFoundError:
        raise BundleError(
            f"no bundle in {path.parent}: expected {MODEL_FILE} and {JSON_FILE} there "
            "(python -m convert makes one)"
        ) from None
    except OSError as error:
        raise BundleError(f"cannot read {path}: {error.strerror}") from None


def _parse(text: bytes) -> dict[str, Any]:
    try:
        info = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError):
        raise BundleError(
            f"{JSON_FILE} is not JSON (empty, truncated or altered): copy the bundle again"
        ) from None
    if not isinstance(info, dict):
        raise BundleError(f"{JSON_FILE} must hold one JSON object, not {type(info).__name__}")
    return cast(dict[str, Any], info)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is too large")
    return value


def _read_model(path: Path, files: dict[str, Any]) -> bytes:
    entry = _get(files, MODEL_FILE, dict)
    expected = _get(entry, "sha256", str)
    try:
        if (path / MODEL_FILE).stat().st_size > MAX_BYTES[MODEL_FILE]:
            raise BundleError(
                f"{MODEL_FILE} is larger than {MAX_BYTES[MODEL_FILE]} bytes: not a bundle of ours"
            )
        data = (path / MODEL_FILE).read_bytes()
    except OSError as error:
        raise BundleError(f"cannot read {MODEL_FILE}: {error.strerror}: copy the bundle again") from None
    if sha256(data) != expected:
        raise BundleError(
            f"{MODEL_FILE} is not the file that {JSON_FILE} names "
            f"({len(data)} bytes, SHA-256 {sha256(data)[:12]}…, expected {expected[:12]}…): "
            "copy the bundle again"
        )
    return data


def _get(container: dict[str, Any], key: str, kind: type[_T]) -> _T:
    if key not in container:
        raise BundleError(f"{JSON_FILE} lacks {key!r}")
    value = container[key]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise BundleError(f"{key!r} must be {kind.__name__}, not {type(value).__name__}")
    return value


def _strings(container: dict[str, Any], key: str) -> tuple[str, ...]:
    values = _get(container, key, list)
    named = all(isinstance(value, str) and value and value.isprintable() for value in values)
    if not named or len(values) < 2 or len(set(values)) != len(values):
        raise BundleError(f"{key!r} must be two or more different printable names")
    return tuple(values)


def _vector(container: dict[str, Any], key: str, length: int) -> NDArray[np.float32]:
    values = _get(container, key, list)
    if len(values) != length or not all(_is_number(v) for v in values):
        raise BundleError(f"{key!r} must be {length} numbers")
    vector = np.array(values, dtype=np.float32)
    if not np.isfinite(vector).all():
        raise BundleError(f"{key!r} must be finite numbers")
    return vector


def _standardization(entry: dict[str, Any]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    length = features.LENGTHS["landmarks"]
    mean, std = _vector(entry, "mean", length), _vector(entry, "std", length)
    if not (std >= _LEAST_STD).all() or not (np.abs(mean) <= features.FARTHEST).all():
        raise BundleError(
            f"'std' must be {_LEAST_STD} or more and 'mean' within ± {features.FARTHEST:g} everywhere"
        )
    return mean, std


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e30


def _number(container: dict[str, Any], key: str) -> float:
    """Whole ones too: JSON knows one kind of number."""
    value: Any = container.get(key)
    return float(value) if _is_number(value) else _get(container, key, float)


def _between(container: dict[str, Any], key: str, low: float, high: float) -> float:
    value = _number(container, key)
    if not low <= value <= high:  # also false for NaN
        raise BundleError(f"{key!r} must be {low:g}…{high:g}, not {value}")
    return value


def _quantization(entry: dict[str, Any]) -> Quantization:
    scale, zero_point = _number(entry, "scale"), _get(entry, "zero_point", int)
    if not (math.isfinite(scale) and scale > 0 and -128 <= zero_point <= 127):
        raise BundleError("'output' must have scale > 0 and zero_point in -128…127")
    return Quantization(scale, zero_point)


def _preparation(entry: dict[str, Any]) -> tuple[float, float]:
    return _between(entry, "scale", 1.0, 16.0), _between(entry, "padding", 0.0, 2.0)


def _hashes(container: dict[str, Any], key: str) -> dict[str, str]:
    entry = _get(container, key, dict)
    if not all(isinstance(v, str) for v in entry.values()):
        raise BundleError(f"{key!r} must map file names to SHA-256 digests")
    return dict(entry)


def _golden(entry: dict[str, Any], classes: int) -> NDArray[np.int8]:
    rows = _get(entry, "codes", list)
    whole = len(rows) == golden.VECTORS and all(isinstance(row, list) and len(row) == classes for row in rows)
    if not whole or not all(type(code) is int and -128 <= code <= 127 for row in rows for code in row):
        raise BundleError(f"'golden' must have {golden.VECTORS} rows of {classes} codes in -128…127")
    return np.array(rows, np.int8)
