"""Run folder → bundle. The format is described in ``docs/reference/bundle.md``."""

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from convert.bias_correction import correct_bias
from convert.parity import Parity, compare
from convert.quantized import set_output_range, to_dynamic_range, to_float32, to_int8
from convert.ranges import typical_faces
from convert.run_folder import RunFolder, SplitFaces, read_run_folder
from edge.bundles import golden, self_test
from edge.bundles.format import (
    DYNAMIC_FILE,
    FLOAT_FILE,
    JSON_FILE,
    MODEL_FILE,
    SCHEMA,
    Bundle,
    checksum,
    holds_only_a_bundle,
    read_bundle,
)
from edge.cli.console import say
from edge.core.errors import DataError
from edge.core.files import is_json_with, replacing_folder, sha256
from edge.core.quantize import Quantization
from edge.core.runtime import make_interpreter
from edge.core.types import Input, InputTensor
from edge.head.classifier import TfliteClassifier
from evaluation import metrics

_GROUND_TRUTH = {
    "label": "Pictures with a label of the data set",
    "votes": "Pictures for which one emotion has most of the ten FER+ votes, labelled with it",
}

_PROTOCOL = (
    "{truth}, scaled and padded as in 'preparation'; landmarks of the litert backend in single-image mode, "
    "one pass over each face, without its mirror image; this int8 model. A face that detection does not find "
    "is a wrong answer in accuracy, recall and F1. Validation rows (faces found only) chose the epoch, the "
    "temperature and the threshold where the settings do not fix them, the other splits did not. Training "
    "rows that are pixel copies of their pictures were excluded."
)

LOGIT_PERCENTILES = (25.0, 98.0)
"""Percentiles of the calibration rows' logits that limit the range of the int8 output.

Over the whole range a step is 0.06, and half of the faces whose best two labels lie nearer than that
would change their label. Saturated low logits stand for classes that are out of the question,
saturated high ones for a probability near 1: neither changes a decision."""


def convert(
    run_path: Path, out: Path, name: str, with_float: bool = False, accept_loss: bool = False
) -> None:
    """Quantize the network of a run folder, compare it with the float network, and write the bundle ``out``.

    Args:
        run_path: run folder of ``mien train fit`` or ``fuse``.
        out: folder of the bundle.
        name: name of the bundle.
        with_float: also write the network in other number formats.
        accept_loss: write the bundle even if int8 decides otherwise than float.

    Raises:
        DataError: the run folder cannot be used, or int8 decides otherwise than float (parity gate).
        OSError: a full disk, for instance. A bundle that was at ``out`` is still there.
    """
    _check_output(out)
    run = read_run_folder(run_path)
    inputs = run.device_inputs()
    low, high = np.percentile(run.predict(run.calibration), LOGIT_PERCENTILES)
    rows = run.deployed(run.calibration)
    rounded = correct_bias(run.model, [*rows.values()])
    kept = typical_faces(rounded, [*rows.values()])
    model = to_int8(rounded, {name: values[kept] for name, values in rows.items()})
    model = set_output_range(model, float(low), float(high))
    bundle = _bundle(out, name, inputs, run, model)
    classifier = TfliteClassifier(bundle, threads=1)
    bundle = replace(bundle, golden=self_test.codes(classifier, bundle))
    parity = compare(
        run.predict(run.validation.inputs), _predict(classifier, run.validation), run.validation.label
    )
    print(
        f"parity on {parity.n} validation faces: accuracy int8 {parity.int8_accuracy:.2%}, "
        f"float {parity.float_accuracy:.2%}, same decision {parity.agreement:.2%}"
    )
    if parity.require(accept_loss):
        print("warning: this is more than chance, and accepted: the bundle records it", file=sys.stderr)
    scores = {split: _score(classifier, run.labels, data) for split, data in run.evaluation.items()}
    files = {MODEL_FILE: model}
    if with_float:
        names = list(rows)
        files |= {FLOAT_FILE: to_float32(run.model, names), DYNAMIC_FILE: to_dynamic_range(run.model, names)}
    info = _describe(bundle, run, files, parity, scores, len(kept))
    with replacing_folder(out) as folder:
        for file, content in files.items():
            (folder / file).write_bytes(content)
        (folder / JSON_FILE).write_text(_json(info))
        written = read_bundle(folder)  # what the device will do
        self_test.check(TfliteClassifier(written), written)
    for split, entry in scores.items():
        say(f"{split}: accuracy {entry['accuracy']:.2%} (misses wrong), coverage {entry['coverage']:.2%}")
    size = sum(file.stat().st_size for file in out.iterdir())
    print(f"bundle {name!r}, {size / 1000:.0f} kB → {out}")


def _check_output(out: Path) -> None:
    """Check that ``out`` is new, empty, or a bundle and nothing else: other files must not be replaced.

    Raises:
        DataError: it has other files.
    """
    description = out / JSON_FILE
    is_bundle = description.is_file() and is_json_with(description.read_bytes(), "schema", "labels", "golden")
    if out.exists() and not (holds_only_a_bundle(out) and (is_bundle or not any(out.iterdir()))):
        raise DataError(f"{out} is there and is no bundle, or has other files beside it: name another folder")


def _bundle(out: Path, name: str, inputs: Sequence[Input], run: RunFolder, model: bytes) -> Bundle:
    """The bundle as the device would read it, before it is written; its golden codes are zeros."""
    interpreter = make_interpreter(model, 1, "the quantized model")
    (target,) = interpreter.get_output_details()
    scale, zero_point = target["quantization"]
    sources = interpreter.get_signature_runner().get_input_details()
    preparation = run.info["landmarks"]["preparation"]
    return Bundle(
        path=out,
        name=name,
        labels=run.labels,
        inputs=tuple(_tensor(each, sources[each.name], run) for each in inputs),
        output=Quantization(float(scale), int(zero_point)),
        temperature=run.info["temperature"],
        min_confidence=run.info["min_confidence"],
        landmark_models=run.info["landmarks"]["landmark_models"],
        preparation=(preparation["scale"], preparation["padding"]),
        golden=np.zeros((golden.VECTORS, len(run.labels)), np.int8),
        model=model,
        info={},
    )


def _tensor(each: Input, source: dict[str, Any], run: RunFolder) -> InputTensor:
    return InputTensor(
        name=each.name,
        version=each.version,
        tensor=source["name"],
        shape=tuple(int(side) for side in source["shape"][1:]),
        dtype=np.dtype(source["dtype"]),
        standardization=run.statistics[each.name] if each.standardized else None,
    )


def _predict(classifier: TfliteClassifier, data: SplitFaces) -> NDArray[np.float32]:
    """Probabilities float32 (N, C), computed by the device's own code; zeros in rows without a face."""
    probabilities = np.zeros((len(data.label), len(classifier.labels)), np.float32)
    for index in np.flatnonzero(data.found):
        row = [data.inputs[each.name][index].astype(each.dtype) for each in classifier.inputs]
        probabilities[index] = classifier.predict(row)
    return probabilities


def _score(classifier: TfliteClassifier, labels: tuple[str, ...], data: SplitFaces) -> dict[str, Any]:
    probabilities = _predict(classifier, data)
    answer = np.where(data.found, probabilities.argmax(axis=1), metrics.MISSED)
    report = metrics.report(labels, data.label, answer, probabilities.max(axis=1), data.found)
    return {key: value for key, value in report.items() if key != "reliability"}  # long, and in the report


def _describe(
    bundle: Bundle,
    run: RunFolder,
    files: dict[str, bytes],
    parity: Parity,
    scores: dict[str, Any],
    calibrated: int,
) -> dict[str, Any]:
    """Content of ``model.json``."""
    source = run.info["landmarks"]
    info = {
        "schema": SCHEMA,
        "name": bundle.name,
        "labels": list(bundle.labels),
        "inputs": [_input(each) for each in bundle.inputs],
        "output": asdict(bundle.output),
        "calibration": {
            "temperature": bundle.temperature,
            "min_confidence": bundle.min_confidence,
            "selective_accuracy": run.info["settings"]["selective_accuracy"],
        },
        "landmark_models": bundle.landmark_models,
        "preparation": source["preparation"],
        "golden": {"codes": bundle.golden.tolist()},
        "files": {name: {"sha256": sha256(data), "bytes": len(data)} for name, data in files.items()},
        "training": {
            "data": source["data"],
            "extracted": source["created"],
            "detection": source["detection"],
            "views": source["views"],
            "skipped_rows": source["skipped"],
            "rows": run.info["rows"],
            "settings": run.info["settings"],
            "teachers": run.info["teachers"],
            "best_epoch": run.info["best_epoch"],
            "start": run.info.get("start"),
            "fused": run.info.get("fused", []),
            "versions": run.info["versions"],
        },
        "conversion": {
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "tensorflow": tf.__version__,
            "calibration_rows": calibrated,
            "parity": asdict(parity),
            "accepted_loss": parity.require(accept_loss=True),
        },
        "metrics": {
            "protocol": _PROTOCOL.format(truth=_GROUND_TRUTH[run.info["settings"]["truth"]]),
            "int8": scores,
        },
    }
    return {**info, "checksum": checksum(info)}


def _json(info: dict[str, Any]) -> str:
    """JSON text with a line for each key, and all numbers of a list on one line."""
    text = json.dumps(info, indent=1, allow_nan=False)
    return re.sub(r"\[[-+.\deE,\s]+\]", lambda match: re.sub(r"\s", "", match[0]), text) + "\n"


def _input(tensor: InputTensor) -> dict[str, Any]:
    """An entry of ``inputs`` in ``model.json``."""
    entry = {
        "name": tensor.name,
        "version": tensor.version,
        "tensor": tensor.tensor,
        "shape": list(tensor.shape),
        "dtype": tensor.dtype.name,
    }
    if tensor.standardization is None:
        return entry
    return {**entry, "standardization": {k: _numbers(v) for k, v in tensor.standardization._asdict().items()}}


def _numbers(values: NDArray[np.float32]) -> list[float]:
    """The numbers as the shortest decimals that give the same float32."""
    return [float(str(value)) for value in values.flat]
