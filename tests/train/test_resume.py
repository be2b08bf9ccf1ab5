"""A training that goes on: after a kill, and from the network of another run."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edge.core.errors import DataError
from tests.train.runs import QUICK, first_loss, info, weights
from train.report import report

ROOT = Path(__file__).resolve().parents[2]
FIRST = ("inputs=landmarks", "epochs=4", "dropout=0.2")


@pytest.fixture(scope="module")
def first(small, quick_fit, tmp_path_factory):
    """A whole training with the settings ``FIRST``."""
    return quick_fit(small, tmp_path_factory.mktemp("first") / "run", *FIRST)


def test_a_killed_training_goes_on_to_the_same_network(first, small, quick_fit, tmp_path, capsys):
    """SIGKILL after its second epoch; the checkpoint is gone when the run is whole."""
    places = (str(small), "--out", str(tmp_path / "run"))
    command = [sys.executable, "-m", "train", "fit", *places, "--set", *QUICK, *FIRST]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as training:
        for line in training.stdout:
            if line.startswith("epoch   3"):
                training.kill()
    kept = tmp_path / ".run.unfinished.npz"
    assert kept.exists()
    assert not (tmp_path / "run").exists()
    capsys.readouterr()
    quick_fit(small, tmp_path / "run", *FIRST)
    assert re.match(r"going on after epoch [23]\n", capsys.readouterr().out)
    assert not kept.exists()
    for one, other in zip(weights(first), weights(tmp_path / "run"), strict=True):
        assert np.array_equal(one, other)


class TestStart:
    """``--start``: from the network of another run."""

    def test_what_was_learned_is_there_from_the_beginning(
        self, first, small_run, small, quick_fit, copy_as_0_7, tmp_path
    ):
        """Also from a run as version 0.7 wrote it, of which a report can be made."""
        old = copy_as_0_7(first, tmp_path / "old")
        again = ("inputs=landmarks", "epochs=1", "learning_rate=1e-4")
        started = quick_fit(small, tmp_path / "started", *again, start=old)
        assert first_loss(started) < 0.8 * first_loss(small_run)
        assert (info(started)["start"], info(small_run)["start"]) == ("old", None)
        report.render(old, None, None)
        assert "averaging" in (old / "report.md").read_text()

    def test_other_classes_get_a_fresh_last_layer(self, first, small, quick_fit, tmp_path):
        settings = ("inputs=landmarks", "epochs=1", "labels=8", "truth=votes", "votes_weight=0")
        quick_fit(small, tmp_path / "run", *settings, start=first)
        assert len(info(tmp_path / "run")["labels"]) == 8

    def test_a_network_of_other_sizes_is_refused(self, first, small, quick_fit, tmp_path):
        with pytest.raises(DataError, match="other inputs or sizes: give the --set that it was trained with"):
            quick_fit(small, tmp_path / "run", "inputs=landmarks", "hidden=20", start=first)
        assert not (tmp_path / "run").exists()

    def test_a_fused_run_is_refused_and_its_parts_are_named(self, small, quick_fit, tmp_path):
        fused = tmp_path / "fused"
        fused.mkdir()
        (fused / "run.json").write_text(json.dumps({"fused": [{"name": "maps"}, {"name": "texture"}]}))
        with pytest.raises(DataError, match=r"is a fused run, .* start from one of .* \(maps, texture\)"):
            quick_fit(small, tmp_path / "run", "inputs=landmarks", start=fused)

    @pytest.mark.parametrize("damage", [None, b"", b"PK"])
    def test_a_run_without_whole_weights_is_refused(self, first, small, quick_fit, tmp_path, damage):
        broken = tmp_path / "broken"
        broken.mkdir()
        if damage is not None:
            (broken / "weights.npz").write_bytes(damage)
        with pytest.raises(DataError, match="is no whole run folder of fit"):
            quick_fit(small, tmp_path / "run", "inputs=landmarks", start=broken)
