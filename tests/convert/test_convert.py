"""``python -m convert`` as a user calls it, on a small network trained on made-up faces."""

import json
import resource
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np
import pytest

from convert import convert as convert_module
from convert.parity import compare
from convert.run_folder import read_run
from edge.classifier import TfliteClassifier
from edge.core import features
from edge.core.bundle import read_bundle
from edge.core.errors import DataError
from edge.core.files import replacing_folder
from edge.core.labels import FER2013
from edge.core.quantize import softmax
from edge.runtime import make_interpreter

ROOT = Path(__file__).resolve().parents[2]


def call(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        **options,
    )


@pytest.fixture(scope="module")
def run(toy_landmarks, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "toy"
    settings = ("epochs=8", "hidden=32,16", "batch=64", "learning_rate=1e-2", "averaging=0.5", "dropout=0")
    result = call("train", "fit", toy_landmarks, "--out", out, "--set", *settings)
    assert result.returncode == 0, result.stderr
    return out


@pytest.fixture(scope="module")
def converted(run, tmp_path_factory):
    out = tmp_path_factory.mktemp("bundles") / "toy"
    result = call("convert", run, "--out", out, "--float")
    assert result.returncode == 0, result.stderr
    return out, result


@pytest.fixture
def copy(run, tmp_path) -> Path:
    """The run folder, free to be damaged."""
    return Path(shutil.copytree(run, tmp_path / "run"))


def test_the_files_and_what_was_said(converted):
    out, result = converted
    assert {entry.name for entry in out.iterdir()} == {"model.json", "model.tflite", "model_float32.tflite"}
    assert [entry.name for entry in out.parent.iterdir()] == ["toy"]
    for words in ("parity on", "same decision", "PublicTest: accuracy", "bundle 'toy'"):
        assert words in result.stdout


def test_the_device_reads_it(converted):
    bundle = read_bundle(converted[0])
    assert bundle.name == "toy"
    assert bundle.labels == FER2013
    assert bundle.feature_version == features.VERSION
    assert bundle.landmark_models == {"face_landmark.tflite": "1" * 64}


def test_the_model_is_int8_throughout(converted):
    interpreter = make_interpreter(read_bundle(converted[0]).model, 1, "the model")
    (source,), (target,) = interpreter.get_input_details(), interpreter.get_output_details()
    assert (source["dtype"], source["shape"].tolist()) == (np.int8, [1, 1404])
    assert (target["dtype"], target["shape"].tolist()) == (np.int8, [1, 7])
    # Biases are int32, shapes of operators may be int32 too.
    assert {tensor["dtype"] for tensor in interpreter.get_tensor_details()} <= {np.int8, np.int32}


def test_the_device_decides_as_the_network_does(converted, run):
    trained = read_run(run)
    data = trained.evaluation["PublicTest"]
    classifier = TfliteClassifier(read_bundle(converted[0]))
    logits = trained.model.predict(trained.standardize(data.features[data.found]), verbose=0)
    device = np.stack([classifier.predict(row) for row in data.features[data.found]])
    assert (device.argmax(axis=1) == logits.argmax(axis=1)).mean() >= 0.98
    assert np.abs(device - softmax(logits)).mean() < 0.02


def test_the_float_model_is_the_network(converted, run):
    trained = read_run(run)
    standardized = trained.standardize(trained.validation.features[:5])
    interpreter = make_interpreter((converted[0] / "model_float32.tflite").read_bytes(), 1, "the float model")
    for row, expected in zip(standardized, trained.model.predict(standardized, verbose=0), strict=True):
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], row[None])
        interpreter.invoke()
        logits = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]
        assert np.allclose(logits, expected, atol=1e-4)


def test_where_it_came_from_and_how_good_it_is(converted, run):
    info = read_bundle(converted[0]).info
    trained = json.loads((run / "run.json").read_text())
    assert info["preparation"] == {"scale": 1.0, "padding": 0.3}
    assert info["training"]["data"] == {"file": "toy.csv", "sha256": "0" * 64}
    assert info["training"]["settings"] == trained["settings"]
    assert info["training"]["rows"] == trained["rows"]
    parity = info["conversion"]["parity"]
    assert parity["agreement"] >= 0.99
    assert abs(parity["int8_accuracy"] - parity["float_accuracy"]) <= 0.005
    scores = info["metrics"]["int8"]["PublicTest"]
    assert scores["n"] == 84
    assert 0.5 < scores["accuracy"] < scores["accuracy_found"]
    assert "is a wrong answer" in info["metrics"]["protocol"]
    files = info["files"]
    for name in ("model.tflite", "model_float32.tflite"):
        assert files[name]["bytes"] == (converted[0] / name).stat().st_size


def test_the_bundle_is_small(converted):
    assert sum((converted[0] / name).stat().st_size for name in ("model.json", "model.tflite")) < 150_000


def test_a_bundle_that_is_there_is_replaced(converted, run, tmp_path):
    out = Path(shutil.copytree(converted[0], tmp_path / "bundle"))
    convert_module.convert(run, out, "another")
    assert read_bundle(out).name == "another"
    assert {entry.name for entry in out.iterdir()} == {"model.json", "model.tflite"}
    assert [entry.name for entry in tmp_path.iterdir()] == ["bundle"]


def test_something_else_that_is_there_is_not_replaced(run, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(DataError, match="is there and is no bundle"):
        convert_module.convert(run, tmp_path, "x")
    assert (tmp_path / "thesis.txt").exists()


def mangle(path, **arrays):
    with np.load(path / "fit.npz") as file:
        content = {**dict(file), **arrays}
    np.savez(path / "fit.npz", **content)


def test_the_gate_refuses_a_badly_calibrated_network_and_keeps_the_old_bundle(copy, converted, tmp_path):
    with np.load(copy / "fit.npz") as file:
        calibration, mean = file["calibration"], file["mean"]
    # Ranges far too narrow: int8 saturates where the float network does not.
    mangle(copy, calibration=(mean + 0.001 * (calibration - mean)).astype(np.float32))
    old = Path(shutil.copytree(converted[0], tmp_path / "bundle"))
    before = (old / "model.json").read_bytes()
    result = call("convert", copy, "--out", old)
    assert result.returncode == 1
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert "no bundle written" in line
    assert "%" in line
    assert "Traceback" not in result.stderr
    assert (old / "model.json").read_bytes() == before
    assert {entry.name for entry in tmp_path.iterdir()} == {"run", "bundle"}


def logits_of(decisions):
    return np.eye(7, dtype=np.float32)[decisions]


def test_the_gate_in_figures():
    label = np.arange(1000) % 7
    right = logits_of(label)

    def after(changed, also_right=0):
        """Float is wrong on the first rows, int8 on others."""
        decisions = label.copy()
        decisions[:changed] = (label[:changed] + 1) % 7
        by_float = label.copy()
        by_float[:also_right] = (label[:also_right] + 2) % 7
        return compare(logits_of(by_float), logits_of(decisions), label)

    compare(right, right, label).require()
    after(5).require()
    with pytest.raises(DataError, match=r"99\.40% against 100\.00% .* 0\.5 points .* 99\.40%"):
        after(6).require()
    # The same accuracy by other decisions is refused as well, and so is a better one.
    after(10, also_right=10).require()
    with pytest.raises(DataError, match=r"same decision in 98\.90%"):
        after(11, also_right=11).require()
    with pytest.raises(DataError, match=r"100\.00% against 99\.40%"):
        after(0, also_right=6).require()


@pytest.mark.parametrize("name", ["run.json", "fit.npz", "model.keras"])
def test_a_missing_file(copy, tmp_path, name):
    (copy / name).unlink()
    with pytest.raises(DataError, match=rf"is no run folder: {name} is missing"):
        convert_module.convert(copy, tmp_path / "b", "b")


@pytest.mark.parametrize("name", ["run.json", "fit.npz", "model.keras"])
@pytest.mark.parametrize("keep", [0, 0.5])
def test_a_truncated_file(copy, tmp_path, name, keep):
    data = (copy / name).read_bytes()
    (copy / name).write_bytes(data[: int(keep * len(data))])
    with pytest.raises(DataError, match="is damaged"):
        convert_module.convert(copy, tmp_path / "b", "b")
    assert [entry.name for entry in tmp_path.iterdir()] == ["run"]


def test_another_feature_version(copy, tmp_path):
    info = json.loads((copy / "run.json").read_text())
    info["features"]["version"] = 99
    (copy / "run.json").write_text(json.dumps(info))
    with pytest.raises(DataError, match=r"feature version 99, this program computes version 1: train again"):
        convert_module.convert(copy, tmp_path / "b", "b")


def test_a_network_of_another_shape(copy, tmp_path):
    keras.Sequential([keras.layers.Input((10,)), keras.layers.Dense(7)]).save(copy / "model.keras")
    with pytest.raises(DataError, match="expected 1404 features to 7 labels"):
        convert_module.convert(copy, tmp_path / "b", "b")


def test_no_run_at_all(tmp_path):
    result = call("convert", tmp_path / "nothing", "--out", tmp_path / "b")
    assert result.returncode == 1
    assert result.stderr.startswith("error: ")
    assert "is no run folder" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_full_disk_for_temporary_files(copy, tmp_path):
    """A file size limit is met like a full disk."""

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    result = call("convert", copy, "--out", tmp_path / "b", preexec_fn=limit)
    assert result.returncode == 1, result.stderr
    assert result.stderr.startswith("error: TensorFlow cannot write its files in ")
    assert result.stderr.count("\n") == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["run"]


def test_a_full_disk_for_the_bundle_leaves_the_old_one(run, converted, tmp_path, monkeypatch):
    @contextmanager
    def on_a_full_disk(path):
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        with replacing_folder(path) as folder:
            resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, hard))
            try:
                yield folder
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))

    monkeypatch.setattr(convert_module, "replacing_folder", on_a_full_disk)
    old = Path(shutil.copytree(converted[0], tmp_path / "bundle"))
    with pytest.raises(OSError, match="File too large"):
        convert_module.convert(run, old, "new")
    assert read_bundle(old).name == "toy"
    assert [entry.name for entry in tmp_path.iterdir()] == ["bundle"]


@pytest.mark.parametrize("key", ["features", "landmarks", "rows", "temperature"])
def test_a_run_that_lacks_something_is_refused(copy, tmp_path, key):
    info = json.loads((copy / "run.json").read_text())
    del info[key]
    (copy / "run.json").write_text(json.dumps(info))
    with pytest.raises(DataError, match=f"is damaged.*{key}"):
        convert_module.convert(copy, tmp_path / "b", "b")
