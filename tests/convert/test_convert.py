"""``mien convert`` as a user calls it, on a small network trained on synthetic faces."""

import json
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np
import pytest
from tensorflow.lite.python.schema_py_generated import BuiltinOperator
from tensorflow.lite.tools import flatbuffer_utils

from convert import convert
from convert.cli import main
from convert.parity import compare
from convert.quantized import set_output_range
from convert.run_folder import read_run_folder
from edge.bundles.format import read_bundle
from edge.core.errors import DataError
from edge.core.files import replacing_folder
from edge.core.quantize import softmax
from edge.core.runtime import make_interpreter
from edge.head.classifier import TfliteClassifier
from edge.head.inputs import INPUTS, LANDMARKS, inputs_of
from edge.landmarks.models import model_hashes
from evaluation.label_sets import FER2013

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def plain_bundle(plain_run, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("bundles") / "plain"
    convert.convert(plain_run, out, "plain")
    return out


@pytest.fixture(params=["toy", "plain"])
def both(request):
    """A run folder and its bundle: with maps, and without."""
    names = {"toy": ("toy_run", "toy_bundle"), "plain": ("plain_run", "plain_bundle")}[request.param]
    return tuple(request.getfixturevalue(name) for name in names)


@pytest.fixture
def copy(plain_run, tmp_path) -> Path:
    """The run folder, free to be damaged."""
    return Path(shutil.copytree(plain_run, tmp_path / "run"))


def rewrite(run, change):
    """Alter ``run.json``."""
    info = json.loads((run / "run.json").read_text())
    change(info)
    (run / "run.json").write_text(json.dumps(info))


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


def test_landmarks_alone(plain_bundle):
    assert inputs_of(read_bundle(plain_bundle)) == (LANDMARKS,)


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


def test_the_bundle_is_small(plain_bundle):
    assert sum(file.stat().st_size for file in plain_bundle.iterdir()) < 150_000


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
        assert bundle.min_confidence == trained["min_confidence"]

    @pytest.fixture(scope="class")
    @classmethod
    def hot(cls, plain_run, copy_as_0_7, tmp_path_factory):
        """The bundle of the same run with another temperature, as version 0.7 wrote it."""
        folder = tmp_path_factory.mktemp("hot")
        run = copy_as_0_7(plain_run, folder / "run")
        rewrite(run, lambda info: info.update(temperature=4.0, min_confidence=0.25))
        convert.convert(run, folder / "bundle", "hot")
        return folder / "bundle"

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


def test_a_bundle_that_is_there_is_replaced(plain_run, plain_bundle, tmp_path):
    out = Path(shutil.copytree(plain_bundle, tmp_path / "bundle"))
    convert.convert(plain_run, out, "another")
    assert read_bundle(out).name == "another"
    assert {entry.name for entry in out.iterdir()} == {"model.json", "model.tflite"}
    assert [entry.name for entry in tmp_path.iterdir()] == ["bundle"]


@pytest.mark.parametrize("foreign", ["holiday.jpg", "weights/1.bin", ".git/HEAD"])
def test_a_folder_with_more_than_a_bundle_is_not_replaced(plain_run, plain_bundle, tmp_path, foreign):
    out = Path(shutil.copytree(plain_bundle, tmp_path / "bundle"))
    (out / foreign).parent.mkdir(exist_ok=True)
    (out / foreign).write_text("mine")
    with pytest.raises(DataError, match="is there and is no bundle"):
        convert.convert(plain_run, out, "x")
    assert (out / foreign).read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("thesis.txt", "years of work"),
        *(("model.json", text) for text in ("{}", '{"modelTopology": {}}', "[]", "not JSON")),
    ],
)
def test_something_else_that_is_there_is_not_replaced(plain_run, tmp_path, name, content):
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match="is there and is no bundle"):
        convert.convert(plain_run, tmp_path, "x")
    assert (tmp_path / name).read_text() == content


def mangle(path, change):
    """Alter ``fit.npz``."""
    with np.load(path / "fit.npz") as file:
        content = change(dict(file))
    np.savez(path / "fit.npz", **content)


@pytest.fixture
def badly_calibrated(copy):
    """A run whose calibration rows have ranges far too narrow: int8 saturates where float does not."""

    def narrow(arrays):
        calibration, mean = arrays["calibration/landmarks"], arrays["mean/landmarks"]
        return arrays | {"calibration/landmarks": (mean + 0.001 * (calibration - mean)).astype(np.float32)}

    mangle(copy, narrow)
    return copy


def test_the_gate_refuses_a_badly_calibrated_network(badly_calibrated, plain_bundle, command, tmp_path):
    old = Path(shutil.copytree(plain_bundle, tmp_path / "bundle"))
    before = (old / "model.json").read_bytes()
    code, _, error = command(main, badly_calibrated, "--out", old)
    assert code == 1
    assert error.startswith("error: no bundle written")
    assert "%" in error
    assert error.count("\n") == 1
    assert (old / "model.json").read_bytes() == before
    assert {entry.name for entry in tmp_path.iterdir()} == {"run", "bundle"}


def logits_of(decisions):
    return np.eye(7, dtype=np.float32)[decisions]


def test_the_gate_in_figures():
    label = np.arange(1000) % 7
    right = logits_of(label)

    def after(changed, also_right=0, rows=1000):
        """Float is wrong on the first rows, int8 on others."""
        decisions = label.copy()
        decisions[:changed] = (label[:changed] + 1) % 7
        by_float = label.copy()
        by_float[:also_right] = (label[:also_right] + 2) % 7
        return compare(logits_of(by_float)[:rows], logits_of(decisions)[:rows], label[:rows])

    assert not compare(right, right, label).require()
    assert not after(12).require()  # 0.5 points, and what chance makes of twelve
    with pytest.raises(DataError, match=r"99\.80% \(at least 99%\)|accuracy 98\.50% against 100\.00%"):
        after(15).require()
    # The same accuracy by other decisions is refused as well, and so is a better one.
    assert not after(18, also_right=18).require()
    with pytest.raises(DataError, match=r"same decision in 98\.00% .* more than chance"):
        after(20, also_right=20).require()
    with pytest.raises(DataError, match=r"accuracy 100\.00% against 98\.50%"):
        after(0, also_right=15).require()
    assert after(20, also_right=20).require(accept_loss=True)


@pytest.mark.parametrize(
    ("faces", "differ", "refused"), [(252, 6, False), (252, 9, True), (20, 1, False), (20, 4, True)]
)
def test_few_faces_tell_little(faces, differ, refused):
    """An honest small training: 6 of 252 faces with another label is what 99 % may look like."""
    label = np.arange(faces) % 7
    decisions, by_float = label.copy(), label.copy()
    decisions[:differ], by_float[:differ] = (label[:differ] + 1) % 7, (label[:differ] + 2) % 7
    parity = compare(logits_of(by_float), logits_of(decisions), label)
    assert parity.require(accept_loss=True) is refused


def test_a_loss_can_be_accepted_and_is_shown(badly_calibrated, command, tmp_path):
    code, _, error = command(main, badly_calibrated, "--out", tmp_path / "lossy", "--accept-loss")
    assert code == 0, error
    assert error.startswith("warning: this is more than chance, and accepted")
    assert read_bundle(tmp_path / "lossy").info["conversion"]["accepted_loss"] is True
    models = [sys.executable, "-m", "edge", "models"]
    store = ["--store", str(tmp_path / "store")]
    subprocess.run([*models, "install", str(tmp_path / "lossy"), *store], cwd=ROOT, check=True)
    listed = subprocess.run([*models, "list", *store], cwd=ROOT, check=True, capture_output=True, text=True)
    assert re.search(r"lossy .*int8 decides as trained in \d\d\.\d%", listed.stdout), listed.stdout


@pytest.mark.parametrize("name", ["run.json", "fit.npz", "model.keras"])
@pytest.mark.parametrize("keep", [None, 0, 0.5])
def test_a_missing_or_truncated_file(copy, tmp_path, name, keep):
    data = (copy / name).read_bytes()
    (copy / name).unlink()
    if keep is not None:
        (copy / name).write_bytes(data[: int(keep * len(data))])
    with pytest.raises(
        DataError, match=f"no run folder: {name} is missing" if keep is None else "is damaged"
    ):
        convert.convert(copy, tmp_path / "b", "b")
    assert [entry.name for entry in tmp_path.iterdir()] == ["run"]


def test_inputs_that_the_device_does_not_compute(subjects_run, tmp_path):
    """A network on the 68 points of a data set can be trained, and stays on the desktop."""
    with pytest.raises(DataError, match=r"takes landmarks \[136\], which the device does not compute"):
        convert.convert(subjects_run, tmp_path / "b", "b")
    assert not (tmp_path / "b").exists()


def test_an_input_that_nobody_knows(copy, tmp_path):
    rewrite(copy, lambda info: info["inputs"][0].update(name="pixels"))
    mangle(copy, lambda arrays: {name.replace("landmarks", "pixels"): arrays[name] for name in arrays})
    with pytest.raises(DataError, match=r"takes pixels \[1404\], which the device"):
        convert.convert(copy, tmp_path / "b", "b")


@pytest.mark.parametrize(
    "change",
    [
        lambda info: info["inputs"][0].update(version=None),
        lambda info: info["inputs"][0].update(version=2),
        lambda info: info["inputs"][0].update(version="1"),
        lambda info: info["landmarks"].update(landmark_models={}),
    ],
)
def test_inputs_of_another_version_and_other_face_models(copy, tmp_path, change):
    rewrite(copy, change)
    with pytest.raises(DataError, match="other face models or inputs than the device has"):
        convert.convert(copy, tmp_path / "b", "b")


@pytest.mark.parametrize("name", ["mean/landmarks", "std/landmarks"])
def test_statistics_of_another_shape(copy, tmp_path, name):
    mangle(copy, lambda arrays: arrays | {name: np.ones(1, np.float32)})
    with pytest.raises(DataError, match=r"has means or deviations of landmarks of the shapes"):
        convert.convert(copy, tmp_path / "b", "b")


@pytest.mark.parametrize(("length", "classes"), [(10, 7), (1404, 8)])
def test_a_network_of_another_shape(copy, tmp_path, length, classes):
    model = keras.Sequential([keras.layers.Input((length,)), keras.layers.Dense(classes)])
    model.save(copy / "model.keras")
    with pytest.raises(DataError, match=r"model\.keras has the shapes .*, expected .*1404.* 7"):
        convert.convert(copy, tmp_path / "b", "b")


def test_no_run_at_all(tmp_path):
    command = [sys.executable, "-m", "convert", str(tmp_path / "nothing"), "--out", str(tmp_path / "b")]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr.startswith("error: ")
    assert "is no run folder" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_full_disk_for_temporary_files(copy, command, full_disk, tmp_path):
    with full_disk(20_000):
        code, _, error = command(main, copy, "--out", tmp_path / "b")
    assert code == 1, error
    assert error.startswith("error: TensorFlow cannot write its files in ")
    assert error.count("\n") == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["run"]


def test_a_full_disk_for_the_bundle_leaves_the_old_one(
    plain_run, plain_bundle, full_disk, tmp_path, monkeypatch
):
    @contextmanager
    def on_a_full_disk(path):
        with replacing_folder(path) as folder, full_disk(30_000):
            yield folder

    monkeypatch.setattr(convert, "replacing_folder", on_a_full_disk)
    old = Path(shutil.copytree(plain_bundle, tmp_path / "bundle"))
    with pytest.raises(OSError, match="File too large"):
        convert.convert(plain_run, old, "new")
    assert read_bundle(old).name == "plain"
    assert [entry.name for entry in tmp_path.iterdir()] == ["bundle"]


@pytest.mark.parametrize("key", ["inputs", "landmarks", "rows", "temperature", "min_confidence", "settings"])
def test_a_run_that_lacks_something_is_refused(copy, tmp_path, key):
    rewrite(copy, lambda info: info.pop(key))
    with pytest.raises(DataError, match=f"is damaged.*{key}"):
        convert.convert(copy, tmp_path / "b", "b")


@pytest.mark.parametrize(
    "array", ["clip", "mean/landmarks", "validation/number", "evaluation/PublicTest/found"]
)
def test_an_array_that_is_missing(copy, tmp_path, array):
    mangle(copy, lambda arrays: {name: values for name, values in arrays.items() if name != array})
    with pytest.raises(DataError, match=f"is damaged .*{array}"):
        convert.convert(copy, tmp_path / "b", "b")
