"""What ``mien convert`` refuses: damaged runs, badly quantized networks, folders of others, full disks."""

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

from convert import convert
from convert.cli import main
from convert.parity import compare
from edge.bundles.format import read_bundle
from edge.cli.main import main as edge
from edge.core.errors import DataError
from edge.core.files import replacing_folder

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def copy(plain_run, tmp_path) -> Path:
    """The run folder, free to be damaged."""
    return Path(shutil.copytree(plain_run, tmp_path / "run"))


@pytest.fixture
def is_refused(copy, tmp_path):
    """``(message)``: converting the copy is an error, and leaves nothing."""

    def is_refused(message):
        with pytest.raises(DataError, match=message):
            convert.convert(copy, tmp_path / "b", "b")
        assert [entry.name for entry in tmp_path.iterdir()] == ["run"]

    return is_refused


def mangle(path, change):
    """Alter ``fit.npz``."""
    with np.load(path / "fit.npz") as file:
        content = change(dict(file))
    np.savez(path / "fit.npz", **content)


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
    store = ("--store", tmp_path / "store")
    assert command(edge, "models", "install", tmp_path / "lossy", *store)[0] == 0
    _, listed, _ = command(edge, "models", "list", *store)
    assert re.search(r"lossy .*int8 decides as trained in \d\d\.\d%", listed), listed


@pytest.mark.parametrize("name", ["run.json", "fit.npz", "model.keras"])
@pytest.mark.parametrize("keep", [None, 0, 0.5])
def test_a_missing_or_truncated_file(copy, is_refused, name, keep):
    data = (copy / name).read_bytes()
    (copy / name).unlink()
    if keep is not None:
        (copy / name).write_bytes(data[: int(keep * len(data))])
    is_refused(f"no run folder: {name} is missing" if keep is None else "is damaged")


def test_inputs_that_the_device_does_not_compute(subjects_run, tmp_path):
    """A network on the 68 points of a data set can be trained, and stays on the desktop."""
    with pytest.raises(DataError, match=r"takes landmarks \[136\], which the device does not compute"):
        convert.convert(subjects_run, tmp_path / "b", "b")
    assert not (tmp_path / "b").exists()


OTHER = "other face models or inputs than the device has"
RUN_JSON = [
    *((lambda info, v=version: info["inputs"][0].update(version=v), OTHER) for version in (None, 2, "1")),
    (lambda info: info["landmarks"].update(landmark_models={}), OTHER),
    *(
        (lambda info, key=key: info.pop(key), f"is damaged.*{key}")
        for key in ("inputs", "landmarks", "rows", "temperature", "min_confidence", "settings")
    ),
]


@pytest.mark.parametrize(("change", "message"), RUN_JSON)
def test_another_run_json(copy, is_refused, change, message):
    info = json.loads((copy / "run.json").read_text())
    change(info)
    (copy / "run.json").write_text(json.dumps(info))
    is_refused(message)


@pytest.mark.parametrize(
    "name", ["clip", "mean/landmarks", "validation/number", "evaluation/PublicTest/found"]
)
def test_an_array_that_is_missing(copy, is_refused, name):
    mangle(copy, lambda arrays: {key: values for key, values in arrays.items() if key != name})
    is_refused(f"is damaged .*{name}")


@pytest.mark.parametrize("name", ["mean/landmarks", "std/landmarks"])
def test_statistics_of_another_shape(copy, is_refused, name):
    mangle(copy, lambda arrays: arrays | {name: np.ones(1, np.float32)})
    is_refused(r"has means or deviations of landmarks of the shapes")


def test_an_input_that_nobody_knows(copy, is_refused):
    info = (copy / "run.json").read_text()
    (copy / "run.json").write_text(info.replace('"name": "landmarks"', '"name": "pixels"'))
    mangle(copy, lambda arrays: {name.replace("landmarks", "pixels"): arrays[name] for name in arrays})
    is_refused(r"takes pixels \[1404\], which the device")


@pytest.mark.parametrize(("length", "classes"), [(10, 7), (1404, 8)])
def test_a_network_of_another_shape(copy, is_refused, length, classes):
    model = keras.Sequential([keras.layers.Input((length,)), keras.layers.Dense(classes)])
    model.save(copy / "model.keras")
    is_refused(r"model\.keras has the shapes .*, expected .*1404.* 7")


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
        with replacing_folder(path) as folder, full_disk(10_000):
            yield folder

    monkeypatch.setattr(convert, "replacing_folder", on_a_full_disk)
    old = Path(shutil.copytree(plain_bundle, tmp_path / "bundle"))
    with pytest.raises(OSError, match="File too large"):
        convert.convert(plain_run, old, "new")
    assert read_bundle(old).name == "plain"
    assert [entry.name for entry in tmp_path.iterdir()] == ["bundle"]
