"""Results of measurements and of trainings, which other commands read."""

import io
import json
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from benchmarks.report import regressions, report, result_files
from benchmarks.robustness import corruption_error
from evaluation.report import figures
from evaluation.report.page import html, markdown
from mien.timeline.records import read_records
from mien.timeline.sections import sections
from mien.timeline.table import write_table
from tests.benchmarks import made_up
from tests.fuzz.mutate import Files
from tests.fuzz.targets import Target

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "benchmarks" / "reference"

# ---- benchmarks ----


def _results() -> list[dict[str, Any]]:
    peers = json.loads((REFERENCE / "x86-64" / "peers.json").read_bytes())
    return [made_up.latency(), made_up.matrix(), made_up.accuracy(), made_up.robustness(), peers]


def _result_seeds() -> list[Files]:
    return [{"result.json": json.dumps(content).encode()} for content in _results()]


def _result(folder: Path) -> None:
    results = result_files.read([folder / "result.json"])
    kind = results[0].kind
    older = [
        result_files.Result(folder / "old.json", kind, content, "older")
        for content in _results()
        if content["kind"] == kind
    ]
    comparison = regressions.compare(results, older)
    blocks = report.contents(results, comparison)
    html(blocks)
    markdown(blocks)


def _reference_seeds() -> list[Files]:
    content = (REFERENCE / "robustness-fer.json").read_bytes()
    return [{"reference.json": content}, {"reference.json": json.dumps(made_up.robustness()).encode()}]


def _reference(folder: Path) -> None:
    reference = corruption_error.read_reference(folder / "reference.json")
    result = made_up.robustness()
    corruption_error.compare(result, reference)
    corruption_error.differences(result, reference)


# ---- run folders of train ----

_LABELS = ["angry", "happy", "sad"]
_EXPECTED = {"data": "0" * 64, "labels": 3}


def _npz(arrays: dict[str, Any]) -> bytes:
    packed = io.BytesIO()
    np.savez(packed, **arrays)
    return packed.getvalue()


def _report_seeds() -> list[Files]:
    from train.report.results import SplitResult

    count = 6
    arrays = {
        "splits": np.array(["validation"]),
        "true_0": np.arange(count) % 3,
        "probabilities_0": np.full((count, 3), 1 / 3, np.float32),
        "found_0": np.ones(count, bool),
        "names_0": np.array([f"fer2013.csv:{i}" for i in range(count)]),
    }
    info = {
        "labels": _LABELS,
        "settings": {},
        "rows": {},
        "teachers": [],
        "best_epoch": 1,
        "min_confidence": 0.3,
    }
    split = SplitResult(
        "validation", *(arrays[f"{key}_0"] for key in ("true", "probabilities", "found", "names"))
    )
    scores = {"name": split.name, **split.scores(_LABELS)}
    model = {
        "training": info,
        "conversion": {"parity": {"agreement": 0.99}},
        "metrics": {"int8": {"validation": split.scores(_LABELS)}},
    }
    return [
        {
            "run.json": json.dumps(info).encode(),
            "report.json": json.dumps({"splits": [scores]}).encode(),
            "history.csv": b"epoch,loss,accuracy\n0,1.5,0.3\n1,1.2,0.4\n",
            "predictions.npz": _npz(arrays),
            "bundle/model.json": json.dumps(model).encode(),
        }
    ]


def _report(folder: Path) -> None:
    """All but the plots: drawing them takes seconds."""
    from train.report import report as train_report

    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(figures, "png", return_value=b""))
        stack.enter_context(mock.patch.object(figures, "svg", return_value="<svg></svg>"))
        stack.enter_context(mock.patch.object(train_report, "write_atomic"))
        train_report.render(folder, folder / "bundle", None)


def _teacher_seeds() -> list[Files]:
    answers = {"probabilities": np.full((6, 3), 1 / 3, np.float32)}
    return [{"run.json": json.dumps({"expected": _EXPECTED}).encode(), "answers.npz": _npz(answers)}]


def _teacher(folder: Path) -> None:
    from train.teacher.answers import read_answers

    read_answers(folder, _EXPECTED, 6)


def _run_seeds() -> list[Files]:
    """As ``fit`` leaves it, of a network without hidden layers."""
    import keras

    points = keras.Input((4,), name="landmarks")
    model = keras.Model([points], keras.layers.Dense(3)(points))
    rows = {"validation/number": np.zeros(2, np.int64), "evaluation/PublicTest/number": np.zeros(2, np.int64)}
    arrays = {
        "clip": np.array(4.0),
        "mean/landmarks": np.zeros(4, np.float32),
        "std/landmarks": np.ones(4, np.float32),
    }
    arrays |= rows | {"evaluation/PublicTest/found": np.ones(2, bool)}
    for place in ("calibration", "validation", "evaluation/PublicTest"):
        arrays[f"{place}/landmarks"] = np.zeros((2, 4), np.float32)
    source = ("data", "preparation", "landmark_models", "detection", "views", "skipped", "created")
    info = {
        "labels": _LABELS,
        "inputs": [{"name": "landmarks", "version": 1, "shape": [4]}],
        "rows": {"evaluation": {"PublicTest": 2}},
        "landmarks": dict.fromkeys(source, 1) | {"landmark_models": {}, "data": {"file": "x.csv"}},
        "settings": {"selective_accuracy": 0.8, "truth": "label"},
        "versions": {},
        **dict.fromkeys(("teachers", "best_epoch", "temperature", "min_confidence"), 1),
    }
    with tempfile.TemporaryDirectory() as name:
        model.save(Path(name) / "model.keras")
        saved = (Path(name) / "model.keras").read_bytes()
    return [{"run.json": json.dumps(info).encode(), "fit.npz": _npz(arrays), "model.keras": saved}]


def _run(folder: Path) -> None:
    from convert.run_folder import read_run_folder

    read_run_folder(folder)


# ---- timeline ----


def _record_seeds() -> list[Files]:
    probabilities = {"happy": 0.7, "sad": 0.3}
    pose = {"yaw": 1.0, "pitch": 2.0, "roll": 3.0}
    face = {"id": 0, "label": "happy", "status": "ok", "reasons": ["dark"], "probabilities": probabilities}
    face |= {"presence": 0.9, "box": [1.0, 2.0, 3.0, 4.0], "pose": pose}
    lines = []
    for frame in range(4):
        time = {"position_s": frame / 25} if frame < 2 else {"time": 1767225600.5 + frame}
        record = {
            "schema": 2,
            "frame": frame,
            "source": "a.mp4",
            "size": [64, 48],
            "faces": [face] * (frame % 3),
        }
        lines.append(json.dumps(record | time | {"ms": {"total": 1.4}}))
    return [{"records.jsonl": "\n".join(lines).encode()}]


def _records(folder: Path) -> None:
    write_table(folder / "records.jsonl", folder / "out.csv")
    for section in sections(read_records(folder / "records.jsonl")):
        for lane in section.lanes:
            assert lane.line.values
            assert lane.bands


TARGETS = {
    "records": Target(_record_seeds, _records),
    "result": Target(_result_seeds, _result, needs=("jinja2", "matplotlib")),
    "reference": Target(_reference_seeds, _reference),
    "run-report": Target(_report_seeds, _report, needs=("sklearn", "jinja2", "matplotlib")),
    "teacher": Target(_teacher_seeds, _teacher),
    "run-folder": Target(_run_seeds, _run, needs=("keras", "tensorflow")),
}
