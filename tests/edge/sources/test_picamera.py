"""The Pi camera behind a stand-in that keeps the interface of the real picamera2, as it was recorded."""

import inspect
import json
import os
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from edge.core.errors import SourceError
from edge.sources import live, open_source
from edge.sources.picamera import PiCapture, picamera_source

RECORDED = json.loads((Path(__file__).parent / "picamera2.json").read_text())
"""class → method → parameter → required or optional; written by ``tests/hardware/picamera2_interface.py``."""


class Request:
    """``picamera2.request.CompletedRequest``."""

    def __init__(self, rgb, metadata):
        self.rgb, self.metadata, self.releases = rgb, metadata, 0

    def make_array(self, name):
        assert name == "main"
        assert self.releases == 0
        return self.rgb

    def get_metadata(self):
        return self.metadata

    def release(self):
        self.releases += 1


class Picamera2:
    """``picamera2.Picamera2`` as far as the source uses it."""

    instances: list["Picamera2"]
    failure: Exception | None = None
    """What making one ends with, as where no camera is."""
    given = "BGR888"
    """The format that the camera has, whatever is asked for."""

    def __init__(self):
        if self.failure:
            read_end, self.notifyme_w = os.pipe()
            self.notifymeread = os.fdopen(read_end, "rb")
            raise self.failure
        self.calls: list[str] = []
        self.configuration: dict[str, Any] = {}
        self.requests: list[Request] = []
        self.script: list[Request | Exception] = []
        self.instances.append(self)

    def create_video_configuration(self, main, *, buffer_count, controls):
        return {"main": main, "buffer_count": buffer_count, "controls": controls}

    def configure(self, camera_config):
        self.calls.append("configure")
        self.configuration = camera_config

    def camera_configuration(self):
        return {**self.configuration, "main": {**self.configuration["main"], "format": self.given}}

    def start(self):
        self.calls.append("start")

    def capture_request(self, *, wait):
        assert 0 < wait <= 3
        step = self.script.pop(0)
        if isinstance(step, Exception):
            raise step
        self.requests.append(step)
        return step

    def cancel_all_and_flush(self):
        self.calls.append("cancel")

    def close(self):
        self.calls.append("close")


@pytest.mark.parametrize(("standin", "name"), [(Picamera2, "Picamera2"), (Request, "CompletedRequest")])
def test_the_stand_in_takes_no_call_that_the_real_library_refuses(standin, name):
    methods = {key: value for key, value in vars(standin).items() if inspect.isfunction(value)}
    if standin is Request:
        del methods["__init__"]  # the library makes them
    assert methods.keys() == RECORDED[name].keys()
    for method, function in methods.items():
        real = RECORDED[name][method]
        ours = inspect.signature(function).parameters
        by_place = [key for key, parameter in ours.items() if parameter.kind is not parameter.KEYWORD_ONLY]
        assert list(real)[: len(by_place)] == by_place
        assert ours.keys() <= real.keys()
        assert {key for key, need in real.items() if need == "required"} <= ours.keys()


@pytest.fixture
def module(monkeypatch):
    standin = ModuleType("picamera2")
    Picamera2.instances = []
    standin.Picamera2 = Picamera2  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "picamera2", standin)
    return standin


def picture(value):
    """As picamera2 gives rows with padding: a view that is not contiguous."""
    return np.full((4, 8, 3), value, np.uint8)[:, :6]


@pytest.mark.parametrize(("fps", "controls"), [(15.0, {"FrameRate": 15.0}), (None, {})])
def test_asks_for_rgb_of_the_wanted_size_and_frame_rate(module, fps, controls):
    PiCapture(module, 640, 480, fps)
    [device] = Picamera2.instances
    assert device.configuration["main"] == {"size": (640, 480), "format": "BGR888"}
    assert device.configuration["controls"] == controls
    assert device.configuration["buffer_count"] <= 4
    assert device.calls == ["configure", "start"]


def test_a_camera_that_gives_no_rgb_is_refused(module, monkeypatch):
    monkeypatch.setattr(Picamera2, "given", "NV12")
    with pytest.raises(SourceError, match="expected RGB, found NV12: if it is a USB camera, use camera:N"):
        PiCapture(module, 640, 480, 15.0)
    assert Picamera2.instances[0].calls == ["configure", "cancel", "close"]


def test_a_missing_camera_leaves_no_file_open(module, monkeypatch):
    def attempt():
        with pytest.raises(SourceError, match="No camera number 0 found"):
            PiCapture(module, 640, 480, 15.0)
        return len(list(Path("/proc/self/fd").iterdir()))

    monkeypatch.setattr(Picamera2, "failure", RuntimeError("No camera number 0 found"))
    assert attempt() == attempt()


def test_a_camera_in_use_says_so(module, monkeypatch):
    failure = RuntimeError("Camera __init__ sequence did not complete.")  # all that picamera2 itself says
    failure.__cause__ = RuntimeError("Device or resource busy")
    monkeypatch.setattr(Picamera2, "failure", failure)
    with pytest.raises(SourceError, match="Device or resource busy"):
        PiCapture(module, 640, 480, 15.0)


def test_age_starts_at_the_sensor(module, monkeypatch):
    slept_ns = 3_600_000_000_000  # BOOTTIME counts an hour of suspend, monotonic time does not
    monkeypatch.setattr(time, "clock_gettime_ns", lambda clock: time.monotonic_ns() + slept_ns)
    capture = PiCapture(module, 640, 480, None)
    exposed_ns = time.monotonic_ns() - 2_000_000_000
    Picamera2.instances[0].script = [Request(picture(7), {"SensorTimestamp": exposed_ns + slept_ns})]
    item = capture.read()
    assert item is not None
    rgb, captured_ns = item
    assert abs(captured_ns - exposed_ns) < 500_000_000
    assert rgb.flags.c_contiguous
    assert np.array_equal(rgb, picture(7))


def test_the_real_clocks_agree(module):
    capture = PiCapture(module, 640, 480, None)
    before_ns = time.monotonic_ns()
    now = {"SensorTimestamp": time.clock_gettime_ns(time.CLOCK_BOOTTIME)}
    Picamera2.instances[0].script = [Request(picture(1), now), Request(picture(2), {})]
    for _ in range(2):  # with a timestamp of the sensor, and without
        item = capture.read()
        assert item is not None
        assert before_ns - 100_000_000 <= item[1] <= time.monotonic_ns() + 100_000_000


def test_every_request_is_given_back(module):
    capture = PiCapture(module, 640, 480, None)

    class Broken(Request):
        def make_array(self, name):
            raise RuntimeError("buffer lost")

    device = Picamera2.instances[0]
    device.script = [Request(picture(1), {}), Broken(picture(2), {})]
    capture.read()
    with pytest.raises(RuntimeError):
        capture.read()
    assert [request.releases for request in device.requests] == [1, 1]


def test_a_camera_that_times_out_is_closed_and_opened_again(module, monkeypatch):
    plans = [[Request(picture(1), {}), TimeoutError()], [Request(picture(2), {}), TimeoutError()]]

    class Planned(Picamera2):
        def __init__(self):
            super().__init__()
            self.script = list(plans.pop(0))

    module.Picamera2 = Planned  # type: ignore[attr-defined]
    monkeypatch.setattr(live, "back_off", lambda: iter([0.0]))
    source = picamera_source(width=640, height=480)
    frames = iter(source)
    assert next(frames).origin == "picamera2"
    assert next(frames).rgb[0, 0, 0] == 2
    assert source.stats.reopened == 1
    # The pending capture is cancelled first: closing would wait for it.
    assert Picamera2.instances[0].calls == ["configure", "start", "cancel", "close"]
    source.close()


def test_a_camera_that_does_not_start_is_closed(module):
    class Failing(Picamera2):
        def start(self):
            raise RuntimeError("in use")

    module.Picamera2 = Failing  # type: ignore[attr-defined]
    with pytest.raises(RuntimeError, match="in use"):
        PiCapture(module, 640, 480, None)
    assert Picamera2.instances[0].calls[-1] == "close"


def test_without_picamera2_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(SourceError, match=r"sudo apt install python3-picamera2.*--system-site-packages"):
        open_source("picamera2")
