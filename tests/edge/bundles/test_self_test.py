"""Whether a bundle that is whole is also one that works here."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge.build import load_bundle
from edge.bundles import golden, self_test
from edge.bundles.format import read_bundle
from edge.core.errors import BundleError
from edge.head.classifier import TfliteClassifier
from tests.edge.own_bundles import own_bundle, shift_golden


@pytest.mark.parametrize("name", ["everyday", "fer2013", "ferplus", "landmarks"])
def test_a_shipped_bundle_computes_what_it_should(name):
    bundle = load_bundle(name)
    classifier = TfliteClassifier(bundle)
    self_test.check(classifier, bundle)
    # The test would be worth little if its faces were all alike to the network.
    assert np.ptp(self_test.codes(classifier, bundle).astype(int), axis=0).max() > 10 * golden.TOLERANCE


def test_a_network_that_is_off_is_refused(tmp_path):
    folder = own_bundle(tmp_path / "b")
    shift_golden(folder, golden.TOLERANCE)
    bundle = read_bundle(folder)
    classifier = TfliteClassifier(bundle)
    self_test.check(classifier, bundle)  # maybe rounding
    shift_golden(folder, golden.TOLERANCE)
    with pytest.raises(BundleError, match=r"does not compute on this device .* face 3, angry: expected code"):
        self_test.check(classifier, read_bundle(folder))


def test_a_network_that_cannot_be_run_is_refused(monkeypatch):
    def codes(self, inputs):
        raise RuntimeError("Node number 3 (GATHER) failed to invoke.\nNode number 9 …")

    bundle = load_bundle("landmarks")
    monkeypatch.setattr(TfliteClassifier, "codes", codes)
    with pytest.raises(BundleError, match=r"landmarks: its network fails on this device: Node .* invoke\.:"):
        self_test.check(TfliteClassifier(bundle), bundle)


def test_other_face_models_are_refused():
    bundle = replace(load_bundle("landmarks"), landmark_models={"face_landmark.tflite": "0" * 64})
    with pytest.raises(BundleError, match="trained on other face models"):
        self_test.check(TfliteClassifier(bundle), bundle)


class TestApart:
    """In a process of its own."""

    def test_a_whole_one_passes(self, tmp_path, monkeypatch):
        folder = own_bundle(tmp_path / "b")
        monkeypatch.chdir(tmp_path)  # the program is found from anywhere
        self_test.check_in_subprocess(folder)

    # That its reason is told: test_store.py, where it does not let a bundle in.

    def stand_in(self, tmp_path, monkeypatch, script):
        """Another program in the place of Python."""
        program = tmp_path / "python"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setattr(self_test.sys, "executable", str(program))

    def test_the_callers_path_counts_too(self, tmp_path, monkeypatch):
        """Packages may come from there alone."""
        monkeypatch.setenv("PYTHONPATH", "/elsewhere")
        self.stand_in(tmp_path, monkeypatch, 'echo "$PYTHONPATH" >&2; exit 1')
        with pytest.raises(BundleError, match=f"^{Path(self_test.__file__).parents[2]}:/elsewhere$"):
            self_test.check_in_subprocess(tmp_path)

    def test_a_crash_is_told(self, tmp_path, monkeypatch):
        self.stand_in(tmp_path, monkeypatch, "kill -SEGV $$")
        with pytest.raises(BundleError, match=r"crashes the TFLite runtime \(SIGSEGV\)"):
            self_test.check_in_subprocess(tmp_path)

    def test_one_that_finds_no_end(self, tmp_path, monkeypatch):
        self.stand_in(tmp_path, monkeypatch, "exec tail -f /dev/null")
        monkeypatch.setattr(self_test, "LIMIT_S", 0.1)
        with pytest.raises(BundleError, match="gave no answer within"):
            self_test.check_in_subprocess(tmp_path)
