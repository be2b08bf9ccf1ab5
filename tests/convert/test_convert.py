"""``mien convert`` as a user calls it, on a small network trained on synthetic faces."""

import functools
import json
import shutil

import numpy as np
import pytest
from tensorflow.lite.python.schema_py_generated import BuiltinOperator
from tensorflow.lite.tools import flatbuffer_utils

from convert import convert, run_folder
from convert.quantized import set_output_range
from edge.bundles.format import read_bundle
from edge.core.errors import DataError
from edge.core.quantize import softmax
from edge.core.runtime import make_interpreter
from edge.head.classifier import TfliteClassifier
from edge.head.inputs import INPUTS, LANDMARKS, inputs_of
from edge.landmarks.models import model_hashes
from evaluation.label_sets import FER2013
from evaluation.report import figures
from train.cli import main as train

read_run_folder = functools.cache(run_folder.read_run_folder)


@pytest.fixture(params=["toy", "plain"])
def both(request):
    """A run folder and its bundle: with maps, and without."""
    names = {"toy": ("toy_run", "toy_bundle"), "plain": ("plain_run", "plain_bundle")}[request.param]
    return tuple(request.getfixturevalue(name) for name in names)


def test_the_files_and_what_was_said(toy_bundle):
    assert {entry.name for entry in toy_bundle.iterdir()} == {
        "model.json",
        "model.tflite",
        "model_float32.tflite",
        "model_dynamic.tflite",
    }
    assert {entry.name for entry in toy_bundle.parent.iterdir()} == {"toy", "stdout"}
    printed = (toy_bundle.parent / "stdout").read_text()
    for words in ("parity on", "same decision", "PublicTest: accuracy", "bundle 'toy'"):
        assert words in printed


def test_the_device_reads_it(toy_bundle):
    bundle = read_bundle(toy_bundle)
    assert bundle.name == "toy"
    assert bundle.labels == FER2013
    assert inputs_of(bundle) == (*INPUTS.values(),)
    assert [(each.tensor, each.shape) for each in bundle.inputs] == [
        (f"serving_default_{name}:0", entry.shape) for name, entry in INPUTS.items()
    ]
    assert bundle.landmark_models == model_hashes()


def test_a_bundle_of_landmarks_alone_is_small(plain_bundle):
    assert inputs_of(read_bundle(plain_bundle)) == (LANDMARKS,)
    assert sum(file.stat().st_size for file in plain_bundle.iterdir()) < 150_000


def test_the_standardization_is_the_runs_to_the_bit(both):
    run, out = both
    bundle, trained = read_bundle(out), read_run_folder(run)
    for given, expected in zip(
        bundle.inputs[0].standardization, trained.statistics["landmarks"], strict=True
    ):
        assert np.array_equal(given, expected)
    assert not any(each.standardization for each in bundle.inputs[1:])


def test_the_model_is_int8_but_for_its_inputs(both):
    bundle = read_bundle(both[1])
    interpreter = make_interpreter(bundle.model, 1, "the model")
    sources, (target,) = interpreter.get_input_details(), interpreter.get_output_details()
    shapes = sorted([1, *each.shape] for each in inputs_of(bundle))
    assert sorted(source["shape"].tolist() for source in sources) == shapes
    assert (target["dtype"], target["shape"].tolist()) == (np.int8, [1, 7])
    floats = [t["index"] for t in interpreter.get_tensor_details() if t["dtype"] is np.float32]
    assert sorted(floats) == sorted(source["index"] for source in sources)
    # Biases are int32, shapes of operators may be int32 too.
    kinds = {tensor["dtype"] for tensor in interpreter.get_tensor_details()}
    assert kinds <= {np.float32, np.int8, np.int32}


def test_operators_are_ones_that_the_oldest_runtime_knows(both):
    """tflite-runtime 2.14; a converter that moves on to newer versions would lock it out."""
    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(read_bundle(both[1]).model))
    known = {"ADD": 2, "CONCATENATION": 2, "CONV_2D": 3, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 4}
    known |= {"MEAN": 2, "QUANTIZE": 1, "RESHAPE": 1}
    names = {number: name for name, number in vars(BuiltinOperator).items() if isinstance(number, int)}
    versions = {names[code.builtinCode]: code.version for code in model.operatorCodes}
    assert {"FULLY_CONNECTED", "QUANTIZE"} <= versions.keys()
    assert all(version <= known.get(name, 0) for name, version in versions.items()), versions


def test_the_device_decides_as_the_network_does(both):
    run, out = both
    trained = read_run_folder(run)
    data = trained.evaluation["PublicTest"]
    classifier = TfliteClassifier(read_bundle(out))
    inputs = {name: values[data.found] for name, values in data.inputs.items()}
    logits = trained.predict(inputs)
    rows = zip(*(values.astype(np.float32) for values in inputs.values()), strict=True)
    device = np.stack([classifier.predict(row) for row in rows])
    assert (device.argmax(axis=1) == logits.argmax(axis=1)).mean() >= 0.97
    expected = softmax(logits / np.float32(trained.info["temperature"]))
    assert np.abs(device - expected).mean() < 0.02


@pytest.mark.parametrize(("file", "atol"), [("model_float32.tflite", 1e-4), ("model_dynamic.tflite", 0.1)])
def test_the_float_models_are_the_network(toy_bundle, toy_run, file, atol):
    trained = read_run_folder(toy_run)
    rows = trained.deployed({name: values[:5] for name, values in trained.validation.inputs.items()})
    interpreter = make_interpreter((toy_bundle / file).read_bytes(), 1, "the float model")
    place = {tensor["name"]: tensor["index"] for tensor in interpreter.get_input_details()}
    expectations = trained.model.predict([*rows.values()], verbose=0)
    for *row, expected in zip(*rows.values(), expectations, strict=True):
        for name, values in zip(rows, row, strict=True):
            interpreter.set_tensor(place[f"serving_default_{name}:0"], values[None])
        interpreter.invoke()
        logits = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]
        assert np.allclose(logits, expected, atol=atol)


def test_where_it_came_from_and_how_good_it_is(toy_bundle, toy_run):
    info = read_bundle(toy_bundle).info
    trained = json.loads((toy_run / "run.json").read_text())
    assert info["preparation"] == {"scale": 1.0, "padding": 0.3}
    assert info["training"]["data"] == {"file": "toy.csv", "sha256": "0" * 64}
    assert info["training"]["settings"] == trained["settings"]
    assert info["training"]["rows"] == trained["rows"]
    assert info["training"]["views"] == 2
    parity = info["conversion"]["parity"]
    assert parity["agreement"] >= 0.97  # one of 38
    assert abs(parity["int8_accuracy"] - parity["float_accuracy"]) <= 0.03
    scores = info["metrics"]["int8"]["PublicTest"]
    assert scores["n"] == 84
    assert 0.5 < scores["accuracy"] < scores["accuracy_found"]
    assert "is a wrong answer" in info["metrics"]["protocol"]
    files = info["files"]
    for name in ("model.tflite", "model_float32.tflite", "model_dynamic.tflite"):
        assert files[name]["bytes"] == (toy_bundle / name).stat().st_size


class TestCalibration:
    """Temperature and threshold: from the run, through ``model.json``, into the answers."""

    def test_they_arrive(self, both):
        run, out = both
        trained = json.loads((run / "run.json").read_text())
        bundle = read_bundle(out)
        assert bundle.info["calibration"] == {
            "temperature": trained["temperature"],
            "min_confidence": trained["min_confidence"],
            "selective_accuracy": trained["settings"]["selective_accuracy"],
        }
        assert bundle.temperature == trained["temperature"]

    @pytest.fixture(scope="class")
    @classmethod
    def hot(cls, plain_run, plain_bundle, copy_as_0_7, tmp_path_factory):
        """The bundle of the run, as version 0.7 wrote it, with another temperature, in place of the first."""
        folder = tmp_path_factory.mktemp("hot")
        run = copy_as_0_7(plain_run, folder / "run")
        info = json.loads((run / "run.json").read_text()) | {"temperature": 4.0, "min_confidence": 0.25}
        (run / "run.json").write_text(json.dumps(info))
        shutil.copytree(plain_bundle, folder / "bundle")
        convert.convert(run, folder / "bundle", "hot")
        return folder / "bundle"

    def test_a_bundle_that_is_there_is_replaced(self, hot):
        assert read_bundle(hot).name == "hot"
        assert {entry.name for entry in hot.iterdir()} == {"model.json", "model.tflite"}
        assert {entry.name for entry in hot.parent.iterdir()} == {"run", "bundle"}

    def test_they_are_applied(self, plain_run, plain_bundle, hot):
        cold, hot = read_bundle(plain_bundle), read_bundle(hot)
        assert (hot.temperature, hot.min_confidence) == (4.0, 0.25)
        row = [values[0] for values in read_run_folder(plain_run).validation.inputs.values()]
        before, after = (TfliteClassifier(bundle).predict(row).astype(np.float64) for bundle in (cold, hot))
        power = before ** (cold.temperature / 4.0)
        assert np.allclose(after, power / power.sum(), atol=1e-5)

    def test_the_temperature_moves_confidence_and_no_decision(self, plain_bundle, hot):
        sharp, flat = (
            json.loads((out / "model.json").read_text())["metrics"]["int8"]["PublicTest"]
            for out in (plain_bundle, hot)
        )
        assert sharp["accuracy"] == flat["accuracy"]
        assert flat["ece"] > sharp["ece"]


class TestOutputRange:
    @pytest.mark.parametrize(("low", "high"), [(0.0, 0.0), (2.0, -2.0), (float("nan"), float("nan"))])
    def test_an_empty_one_is_refused(self, plain_bundle, low, high):
        with pytest.raises(DataError, match="no other logit than 0"):
            set_output_range(read_bundle(plain_bundle).model, low, high)

    def test_only_the_output_changes(self, plain_bundle):
        model = read_bundle(plain_bundle).model
        other = set_output_range(model, -3.0, 7.2)
        before, after = (make_interpreter(m, 1, "the model").get_tensor_details() for m in (model, other))
        (output,) = make_interpreter(other, 1, "the model").get_output_details()
        scale, zero_point = output["quantization"]
        assert scale == pytest.approx(0.04)
        assert zero_point == -53
        for a, b in zip(before, after, strict=True):
            assert a["index"] == output["index"] or a["quantization"] == b["quantization"]

    def test_it_is_that_of_the_calibration_rows(self, plain_run, plain_bundle):
        run = read_run_folder(plain_run)
        logits = run.predict(run.calibration)
        low, high = np.percentile(logits, convert.LOGIT_PERCENTILES)
        output = read_bundle(plain_bundle).output
        assert output.scale * (-128 - output.zero_point) == pytest.approx(low, abs=output.scale)
        assert output.scale * (127 - output.zero_point) == pytest.approx(high, abs=output.scale)


def test_a_report_with_the_bundle(plain_run, plain_bundle, command, tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "png", lambda draw: b"")
    monkeypatch.setattr(figures, "svg", lambda draw, number: "")
    run = shutil.copytree(plain_run, tmp_path / "run")
    code, _, error = command(train, "report", run, "--bundle", plain_bundle)
    assert (code, error) == (0, "")
    text = (run / "report.md").read_text()
    assert "int8 compared with float" in text
    for kind in ("float", "int8"):
        assert f"| PublicTest, {kind} | " in text
