"""What a result says about the machine, and about what made its timings unreliable."""

import subprocess
import sys
from dataclasses import replace

import pytest

from benchmarks.machine import environment
from edge.build import load_bundle
from edge.core.errors import ModelError
from edge.settings import LandmarkSettings

BUSY = """
import time
end = time.process_time() + 0.7
while time.process_time() < end: pass
print(flush=True)
input()
"""
"""Computes, says so, and waits to be let go."""

PI_5 = """processor\t: 0
BogoMIPS\t: 108.00
CPU implementer\t: 0x41
CPU part\t: 0xd0b

Model\t\t: Raspberry Pi 5 Model B Rev 1.0
"""


def test_a_pi_is_named(tmp_path, monkeypatch):
    (tmp_path / "model").write_bytes(b"Raspberry Pi 5 Model B Rev 1.0\0")
    (tmp_path / "cpuinfo").write_text(PI_5)
    monkeypatch.setattr(environment, "BOARD", tmp_path / "model")
    monkeypatch.setattr(environment, "CPUINFO", tmp_path / "cpuinfo")
    described = environment.describe(LandmarkSettings(), load_before=0.0)
    assert described["board"] == "Raspberry Pi 5 Model B Rev 1.0"
    assert described["cpu"] == "Cortex-A76"


@pytest.mark.parametrize(("name", "number"), [("landmarks", 1), ("everyday", None)])
def test_the_inputs_of_a_bundle_by_name_and_as_older_results_number_them(name, number):
    bundle = load_bundle(name)
    facts = environment.bundle_facts(bundle)
    assert facts["inputs"] == {each.name: each.version for each in bundle.inputs}
    assert facts["feature_version"] == number
    others = environment.bundle_facts(replace(bundle, inputs=bundle.inputs[1:]))
    assert others["feature_version"] is None


@pytest.mark.parametrize(("governor", "warned"), [("ondemand", True), ("performance", False), (None, False)])
def test_a_governor_that_saves_power_is_warned_about(governor, warned, tmp_path, monkeypatch):
    path = tmp_path / "scaling_governor"
    if governor:
        path.write_text(governor + "\n")
    monkeypatch.setattr(environment, "GOVERNOR", path)
    assert any("governor is ondemand" in warning for warning in environment.Watch().stop()) is warned


def test_a_process_that_computes_beside_us_is_noticed():
    watch = environment.Watch()
    with subprocess.Popen(
        [sys.executable, "-c", BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        child.stdout.readline()
        assert any("other processes used" in warning for warning in watch.stop())
        child.communicate(b"\n")


def test_a_process_of_our_own_counts_as_ours_once_it_has_ended():
    before = environment.own_seconds()
    subprocess.run([sys.executable, "-c", BUSY], input=b"\n", stdout=subprocess.DEVNULL, check=True)
    assert environment.own_seconds() - before >= 0.7


class FakeHeat:
    """A machine that tells nothing."""

    def sample(self):
        pass

    def warnings(self):
        return []


def test_our_own_work_is_not_taken_for_that_of_others(monkeypatch):
    seconds = iter([(100.0, 0.0), (102.0, 0.0)])
    monkeypatch.setattr(environment, "_machine_seconds", lambda: next(seconds))
    monkeypatch.setattr(environment.os, "getloadavg", lambda: (0.0, 0.0, 0.0))
    monkeypatch.setattr(environment, "Heat", FakeHeat)
    monkeypatch.setattr(environment.time, "perf_counter", iter([0.0, 2.0]).__next__)
    monkeypatch.setattr(environment, "own_seconds", iter([5.0, 6.95]).__next__)
    monkeypatch.setattr(environment, "GOVERNOR", environment.Path("absent"))
    assert environment.Watch().stop() == []


def test_a_machine_that_was_busy_before_is_warned_about(monkeypatch):
    monkeypatch.setattr(environment.os, "getloadavg", lambda: (64.0 * environment.usable_cores(), 0.0, 0.0))
    assert any("load average" in warning for warning in environment.Watch().stop())


def test_the_delegate_of_the_runtime_is_told():
    try:
        assert environment.delegate(LandmarkSettings()) == "XNNPACK"
    except ModelError as error:
        pytest.skip(f"the face models are not installed: {error}")
    assert environment.delegate(LandmarkSettings(backend="mediapipe")) is None
