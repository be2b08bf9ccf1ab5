"""The Pi camera behind a stand-in that keeps picamera2's interface."""

import sys
import time
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from edge.core.errors import SourceError
from edge.sources import picamera
from edge.sources.picamera import PiCapture, picamera_source


class Request:
    """``picamera2.request.CompletedRequest``."""

    def __init__(self, rgb: np.ndarray, metadata: dict[str, Any]) -> None:
        self.rgb, self.metadata, self.releases = rgb, metadata, 0

    def make_array(self, name: str) -> np.ndarray:
        assert name == "main"
        assert self.releases == 0
        return self.rgb

    def get_metadata(self) -> dict[str, Any]:
        return self.metadata

    def release(self) -> None:
        self.releases += 1


class Picamera2:
    """``picamera2.Picamera2`` as far as the source uses it."""

    instances: list["Picamera2"]

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.configuration: dict[str, Any] = {}
        self.requests: list[Request] = []
        self.script: list[Request | Exception] = []
        self.instances.append(self)

    def create_video_configuration(
        self, main: dict[str, Any], buffer_count: int = 6, controls: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        return {"main": main, "buffer_count": buffer_count, "controls": controls}

    def configure(self, configuration: dict[str, Any]) -> None:
        self.calls.append("configure")
        self.configuration = configuration

    def start(self) -> None:
        self.calls.append("start")

    def capture_request(self, wait: float | None = None) -> Request:
        assert wait is not None
        assert 0 < wait <= 3
        step = self.script.pop(0)
        if isinstance(step, Exception):
            raise step
        self.requests.append(step)
        return step

    def cancel_all_and_flush(self) -> None:
        self.calls.append("cancel")

    def close(self) -> None:
        self.calls.append("close")


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    standin = ModuleType("picamera2")
    Picamera2.instances = []
    standin.Picamera2 = Picamera2  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "picamera2", standin)
    return standin


def picture(value: int) -> np.ndarray:
    """As picamera2 gives rows with padding: a view that is not contiguous."""
    return np.full((4, 8, 3), value, np.uint8)[:, :6]


def test_asks_for_rgb_of_the_wanted_size(module: ModuleType) -> None:
    PiCapture(module, 640, 480, 15.0)
    [device] = Picamera2.instances
    assert device.configuration["main"] == {"size": (640, 480), "format": "BGR888"}
    assert device.configuration["controls"] == {"FrameRate": 15.0}
    assert device.configuration["buffer_count"] <= 4
    assert device.calls == ["configure", "start"]


def test_the_camera_may_choose_its_frame_rate(module: ModuleType) -> None:
    PiCapture(module, 640, 480, None)
    assert Picamera2.instances[0].configuration["controls"] == {}


def test_age_starts_at_the_sensor(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_the_real_clocks_agree(module: ModuleType) -> None:
    capture = PiCapture(module, 640, 480, None)
    before_ns = time.monotonic_ns()
    now = {"SensorTimestamp": time.clock_gettime_ns(time.CLOCK_BOOTTIME)}
    Picamera2.instances[0].script = [Request(picture(1), now), Request(picture(2), {})]
    for _ in range(2):  # with a timestamp of the sensor, and without
        item = capture.read()
        assert item is not None
        assert before_ns - 100_000_000 <= item[1] <= time.monotonic_ns() + 100_000_000


def test_every_request_is_given_back(module: ModuleType) -> None:
    capture = PiCapture(module, 640, 480, None)

    class Broken(Request):
        def make_array(self, name: str) -> np.ndarray:
            raise RuntimeError("buffer lost")

    device = Picamera2.instances[0]
    device.script = [Request(picture(1), {}), Broken(picture(2), {})]
    capture.read()
    with pytest.raises(RuntimeError):
        capture.read()
    assert [request.releases for request in device.requests] == [1, 1]


def test_a_camera_that_times_out_is_closed_and_opened_again(module: ModuleType) -> None:
    plans = [[Request(picture(1), {}), TimeoutError()], [Request(picture(2), {}), TimeoutError()]]

    class Planned(Picamera2):
        def __init__(self) -> None:
            super().__init__()
            self.script = list(plans.pop(0))

    module.Picamera2 = Planned  # type: ignore[attr-defined]
    source = picamera_source(width=640, height=480)
    source._back_off = lambda: iter([0.0])
    frames = iter(source)
    assert next(frames).origin == "picamera2"
    assert next(frames).rgb[0, 0, 0] == 2
    assert source.stats.reopened == 1
    # The pending capture is cancelled first: closing would wait for it.
    assert Picamera2.instances[0].calls == ["configure", "start", "cancel", "close"]
    source.close()


def test_a_camera_that_does_not_start_is_closed(module: ModuleType) -> None:
    class Failing(Picamera2):
        def start(self) -> None:
            raise RuntimeError("in use")

    module.Picamera2 = Failing  # type: ignore[attr-defined]
    with pytest.raises(RuntimeError, match="in use"):
        PiCapture(module, 640, 480, None)
    assert Picamera2.instances[0].calls[-1] == "close"


@pytest.mark.parametrize("broken", [None, "missing"])
def test_without_picamera2_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, broken: str | None
) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(SourceError, match="sudo apt install python3-picamera2") as raised:
        picamera.picamera_source(width=640, height=480)
    assert "--system-site-packages" in str(raised.value)
