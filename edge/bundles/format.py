"""Reading and verifying a model bundle: a folder with ``model.tflite`` and ``model.json``.

``convert`` writes bundles, this module reads them, and no other code knows their format, which is described
in ``docs/reference/bundle.md``.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from edge.bundles import fields, golden, schema4
from edge.bundles.fields import JSON_FILE as JSON_FILE
from edge.core import features
from edge.core.errors import BundleError
from edge.core.files import sha256
from edge.core.quantize import MeanStd, Quantization
from edge.core.types import InputTensor

SCHEMA = 5
"""Version of ``model.json`` that ``convert`` writes. Version 4 is read as well."""

MODEL_FILE = "model.tflite"
SIGNATURE_FILE = "model.json.minisig"
FLOAT_FILE = "model_float32.tflite"
DYNAMIC_FILE = "model_dynamic.tflite"
"""The network with int8 weights, and float32 inputs and logits."""

MAX_BYTES = {MODEL_FILE: 64_000_000, JSON_FILE: 4_000_000, SIGNATURE_FILE: 10_000}
"""Name of each file that the device takes → its largest size, bytes."""

_LEAST_STD = 1e-4
"""Least standard deviation of a landmark's coordinate, in distances between the eyes."""

_DTYPES = ("float32", "uint8", "int8")
"""Types that an input may have."""
_MAX_NUMBERS = 1_000_000
"""Largest number of elements of one input."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Everything that the device needs to turn the inputs of a face into probabilities."""

    path: Path
    name: str
    labels: tuple[str, ...]
    inputs: tuple[InputTensor, ...]
    """Inputs of the network; ``edge.head.inputs.inputs_of`` checks that this program has them."""
    output: Quantization
    """Quantization of the logits."""
    temperature: float
    """Divisor of the logits before the softmax, > 0."""
    min_confidence: float
    """Top probability, 0–1, below which a face is LOW_CONFIDENCE, unless the settings name another one."""
    landmark_models: dict[str, str]
    """File name → SHA-256 of the face models whose landmarks the network was trained on."""
    preparation: tuple[float, float]
    """Scale and padding of the training pictures, see ``evaluation.Preparation``."""
    golden: NDArray[np.int8]
    """int8 (16, C): the logits of the synthetic faces of ``edge.bundles.golden``."""
    model: bytes
    """The int8 TFLite flatbuffer: ``inputs`` → int8 logits (1, C)."""
    info: dict[str, Any]
    """All of ``model.json`` in the newest schema, for ``mien info`` and reports."""


def holds_only_a_bundle(folder: Path) -> bool:
    """Whether a folder holds nothing but the files of a bundle, whole or not."""
    names = {*MAX_BYTES, FLOAT_FILE, DYNAMIC_FILE}
    return folder.is_dir() and all(entry.is_file() and entry.name in names for entry in folder.iterdir())


def checksum(info: dict[str, Any]) -> str:
    """SHA-256 over the canonical form of ``model.json`` without its own ``checksum`` field."""
    content = {key: value for key, value in info.items() if key != "checksum"}
    return sha256(json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False).encode())


def read_bundle(path: Path, accept: Callable[[bytes], None] | None = None) -> Bundle:
    """Read the bundle in folder ``path`` and verify it.

    Args:
        accept: called with the bytes of ``model.json`` before they are parsed; raises BundleError for a
            bundle that is not to be read.

    Raises:
        BundleError: a file is missing, empty, truncated or altered, the schema is unknown, or a field is
            missing or wrong.
    """
    text = _read_json(path / JSON_FILE)
    try:
        if accept is not None:
            accept(text)
        info = _newest(_parse(text))
        calibration = fields.get(info, "calibration", dict)
        labels = fields.names(info, "labels")
        return Bundle(
            path=path,
            name=fields.get(info, "name", str),
            labels=labels,
            inputs=_inputs(fields.get(info, "inputs", list)),
            output=_quantization(fields.get(info, "output", dict)),
            temperature=fields.between(calibration, "temperature", 0.01, 100.0),
            min_confidence=fields.between(calibration, "min_confidence", 0.0, 1.0),
            landmark_models=_hashes(info, "landmark_models"),
            preparation=_preparation(fields.get(info, "preparation", dict)),
            golden=_golden(fields.get(info, "golden", dict), len(labels)),
            model=_read_model(path, fields.get(info, "files", dict)),
            info=info,
        )
    except BundleError as error:
        raise BundleError(f"bundle {path}: {error}") from None


def too_large(name: str, limit: int) -> BundleError:
    """The error for a file that has more than ``limit`` bytes."""
    return BundleError(f"{name} is larger than {limit} bytes: it is no file of a bundle")


def _read_json(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES[JSON_FILE]:
            raise too_large(str(path), MAX_BYTES[JSON_FILE])
        return path.read_bytes()
    except FileNotFoundError:
        raise BundleError(
            f"no bundle in {path.parent}: expected {MODEL_FILE} and {JSON_FILE} there "
            "(mien convert makes one)"
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
    entry = fields.get(files, MODEL_FILE, dict)
    expected = fields.get(entry, "sha256", str)
    try:
        if (path / MODEL_FILE).stat().st_size > MAX_BYTES[MODEL_FILE]:
            raise too_large(MODEL_FILE, MAX_BYTES[MODEL_FILE])
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


def _newest(info: dict[str, Any]) -> dict[str, Any]:
    """The content of ``model.json``, verified, in the newest schema."""
    schema = fields.get(info, "schema", int)
    if schema not in (SCHEMA, schema4.SCHEMA):
        raise BundleError(
            f"{JSON_FILE} has schema {schema}, this program reads {SCHEMA} and {schema4.SCHEMA}: "
            "train and convert the model again, or install a matching version"
        )
    if fields.get(info, "checksum", str) != checksum(info):
        raise BundleError(f"{JSON_FILE} was altered (checksum differs): copy the bundle again")
    return info if schema == SCHEMA else schema4.upgraded(info)


def _inputs(entries: list[Any]) -> tuple[InputTensor, ...]:
    if not entries or not all(isinstance(entry, dict) for entry in entries):
        raise BundleError("'inputs' must be one or more objects")
    inputs = tuple(_input(entry) for entry in entries)
    for each in ("name", "tensor"):
        if len({getattr(tensor, each) for tensor in inputs}) < len(inputs):
            raise BundleError(f"'inputs' must have different {each}s")
    return inputs


def _input(entry: dict[str, Any]) -> InputTensor:
    shape, dtype = fields.get(entry, "shape", list), fields.get(entry, "dtype", str)
    if not 0 < len(shape) <= 8 or not all(type(side) is int and side > 0 for side in shape):
        raise BundleError("'shape' must be 1 to 8 whole numbers above 0")
    if math.prod(shape) > _MAX_NUMBERS:
        raise BundleError(f"'shape' must be of at most {_MAX_NUMBERS:,} numbers")
    if dtype not in _DTYPES:
        raise BundleError(f"'dtype' must be one of {', '.join(_DTYPES)}")
    standardization = None
    if "standardization" in entry:
        if dtype != "float32":
            raise BundleError(f"'standardization' must be of an input of float32, not {dtype}")
        standardization = _standardization(fields.get(entry, "standardization", dict), shape)
    return InputTensor(
        name=fields.name(entry, "name"),
        version=fields.get(entry, "version", int),
        tensor=fields.name(entry, "tensor"),
        shape=tuple(shape),
        dtype=np.dtype(dtype),
        standardization=standardization,
    )


def _standardization(entry: dict[str, Any], shape: list[int]) -> MeanStd:
    mean, std = (fields.vector(entry, key, math.prod(shape)) for key in ("mean", "std"))
    if not (std >= _LEAST_STD).all() or not (np.abs(mean) <= features.FARTHEST).all():
        raise BundleError(
            f"'std' must be {_LEAST_STD} or more and 'mean' within ± {features.FARTHEST:g} everywhere"
        )
    return MeanStd(mean.reshape(shape), std.reshape(shape))


def _quantization(entry: dict[str, Any]) -> Quantization:
    scale, zero_point = fields.number(entry, "scale"), fields.get(entry, "zero_point", int)
    if not (math.isfinite(scale) and scale > 0 and -128 <= zero_point <= 127):
        raise BundleError("'output' must have scale > 0 and zero_point in -128…127")
    return Quantization(scale, zero_point)


def _preparation(entry: dict[str, Any]) -> tuple[float, float]:
    return fields.between(entry, "scale", 1.0, 16.0), fields.between(entry, "padding", 0.0, 2.0)


def _hashes(container: dict[str, Any], key: str) -> dict[str, str]:
    entry = fields.get(container, key, dict)
    if not all(isinstance(v, str) for v in entry.values()):
        raise BundleError(f"{key!r} must map file names to SHA-256 digests")
    return dict(entry)


def _golden(entry: dict[str, Any], classes: int) -> NDArray[np.int8]:
    rows = fields.get(entry, "codes", list)
    whole = len(rows) == golden.VECTORS and all(isinstance(row, list) and len(row) == classes for row in rows)
    if not whole or not all(type(code) is int and -128 <= code <= 127 for row in rows for code in row):
        raise BundleError(f"'golden' must have {golden.VECTORS} rows of {classes} codes in -128…127")
    return np.array(rows, np.int8)
