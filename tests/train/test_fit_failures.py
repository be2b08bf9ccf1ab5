"""``mien train fit`` when something is wrong: what it refuses, and what it keeps."""

import os
import re

import cv2
import numpy as np
import pytest

from edge.core.errors import DataError
from tests.pages import Page
from tests.train.runs import QUICK
from train import fit as fit_module
from train.cli import main
from train.settings import TrainingSettings

SHORT = (*QUICK, "inputs=landmarks", "epochs=1")


def test_an_unknown_setting(small, command, tmp_path):
    code, _, error = command(main, "fit", small, "--out", tmp_path / "r", "--set", "epoch=2")
    assert code == 78
    assert error.startswith("error: --set epoch=2: expected KEY=VALUE")
    assert error.count("\n") == 1


def test_a_run_that_is_there_is_not_overwritten(small, tmp_path):
    (tmp_path / "model.keras").write_text("mine")
    with pytest.raises(DataError, match="is there already"):
        fit_module.fit(small, tmp_path, TrainingSettings())
    assert (tmp_path / "model.keras").read_text() == "mine"


def test_a_run_that_came_during_the_training_is_not_overwritten(small, tmp_path, monkeypatch):
    monkeypatch.setattr(fit_module, "training_versions", lambda: (tmp_path / "r").mkdir(exist_ok=True) or {})
    with pytest.raises(FileExistsError, match="is there by now") as caught:
        fit_module.fit(small, tmp_path / "r", TrainingSettings().override([*SHORT]))
    (kept,) = {entry for entry in tmp_path.iterdir() if entry.is_dir()} - {tmp_path / "r"}
    assert str(kept) in str(caught.value)
    assert (kept / "model.keras").is_file()


def test_no_landmarks_folder(tmp_path):
    with pytest.raises(DataError, match="is no landmarks folder: run mien train extract"):
        fit_module.fit(tmp_path / "nothing", tmp_path / "r", TrainingSettings())


def test_too_few_rows(small, tmp_path):
    with pytest.raises(DataError, match=r"faces for an epoch .* --set batch="):
        fit_module.fit(small, tmp_path / "r", TrainingSettings(batch=1000, inputs=("landmarks",)))
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_found_before_the_training(small, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"cannot write .*file/r \(File exists\): name another folder"):
        fit_module.fit(small, tmp_path / "file" / "r", TrainingSettings(batch=1000))


def test_ctrl_c_during_the_report_keeps_the_training(small, run_files, tmp_path, monkeypatch):
    """Other failures of the report: see ``tests/train/report``."""

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("train.report.report.contents", interrupt)
    settings = TrainingSettings().override([*SHORT])
    with pytest.raises(KeyboardInterrupt):
        fit_module.fit(small, tmp_path / "r", settings)
    made = {entry.name for entry in (tmp_path / "r").iterdir()}
    assert made == {name for name in run_files if not name.endswith((".png", ".html", ".md"))}


def test_names_that_are_not_utf_8(altered, command, run_files, tmp_path):
    """Of the pictures, of their folder, and of the run folder; through the command line."""
    data = tmp_path / os.fsdecode(b"f\xe9tes")
    (data / "happy").mkdir(parents=True)
    names = [f"happy/{os.fsdecode(b'%d-' % number + bytes([0xE9]))}.png" for number in range(504)]
    for name in names:
        (data / name).write_bytes(cv2.imencode(".png", np.zeros((9, 9), np.uint8))[1].tobytes())
    out = tmp_path / os.fsdecode(b"r\xe9")
    landmarks = altered(name=np.array(names))
    flags = ("--out", out, "--data", data, "--set", *SHORT)
    code, printed, error = command(main, "fit", landmarks, *flags)
    assert (code, error) == (0, "")
    assert printed.splitlines()[-1].startswith("best epoch 1, ")
    shown = Page((out / "report.html").read_text("utf-8")).all("alt")
    assert len(shown) > 24
    assert all(re.fullmatch(r"happy/\d+-\\udce9\.png", name) for name in shown)
    assert {entry.name for entry in out.iterdir()} == run_files


def test_a_full_disk_leaves_nothing(small, quick_fit, full_disk, tmp_path):
    with full_disk(100_000), pytest.raises(OSError, match="File too large"):
        quick_fit(small, tmp_path / "r", *SHORT)
    assert list(tmp_path.iterdir()) == []


def test_a_training_that_diverges_is_one_line(small, tmp_path):
    settings = TrainingSettings(
        batch=16,
        epochs=4,
        hidden=(8,),
        learning_rate=10,
        weight_decay=10,
        feature_noise=0,
        inputs=("landmarks",),
    )
    with pytest.raises(DataError, match="diverged"):
        fit_module.fit(small, tmp_path / "r", settings)
    assert not (tmp_path / "r").exists()
