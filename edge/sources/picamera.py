"""The Raspberry Pi camera, through picamera2 (libcamera)."""

import os
import time
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.core.errors import SourceError
from edge.sources.live import LiveSource
from edge.sources.opencv import TIMEOUT_S
from edge.sources.orientation import UPRIGHT, Turn

_RGB = "BGR888"  # picamera2 names formats by their order in a register: this is RGB in memory
_BUFFERS = 4  # one each in the sensor, done, in use and to spare


def picamera_source(*, width: int, height: int, fps: float | None = None, turn: Turn = UPRIGHT) -> LiveSource:
    """The first Pi camera, with its nearest size (px, before ``turn``) and frame rate (Hz).

    Raises:
        SourceError: picamera2 is not installed or does not import.
    """
    picamera2 = _import_picamera2()
    return LiveSource("picamera2", lambda: PiCapture(picamera2, width, height, fps), turn=turn)


class PiCapture:
    """A running ``Picamera2`` as a ``edge.sources.capture.Capture``.

    ``captured_ns`` is the sensor's timestamp: an age counted from it includes exposure read-out, image
    processing and every queue.
    """

    may_freeze = True

    def __init__(self, picamera2: Any, width: int, height: int, fps: float | None) -> None:
        self._camera = _open(picamera2.Picamera2)
        try:
            self._camera.configure(
                self._camera.create_video_configuration(
                    main={"size": (width, height), "format": _RGB},
                    buffer_count=_BUFFERS,
                    controls={} if fps is None else {"FrameRate": fps},
                )
            )
            found = self._camera.camera_configuration()["main"]["format"]
            if found != _RGB:  # libcamera takes the nearest format that the camera has
                raise SourceError(f"expected RGB, found {found}: if it is a USB camera, use camera:N")
            self._camera.start()
        except Exception:
            self.close()
            raise

    def read(self) -> tuple[NDArray[np.uint8], int] | None:
        request = self._camera.capture_request(wait=TIMEOUT_S)
        try:
            rgb = np.ascontiguousarray(request.make_array("main"), dtype=np.uint8)
            sensor_ns = request.get_metadata().get("SensorTimestamp")
        finally:
            request.release()
        return rgb, time.monotonic_ns() if sensor_ns is None else _monotonic_ns(sensor_ns)

    def skip(self) -> None:
        self._camera.capture_request(wait=TIMEOUT_S).release()

    def close(self) -> None:
        # A capture that timed out is still queued, and stopping would wait behind it.
        with suppress(AttributeError):  # picamera2 before 0.3.12
            self._camera.cancel_all_and_flush()
        self._camera.close()


def _open(picamera2_class: Any) -> Any:
    """A new ``Picamera2``; if it fails, nothing is left open."""
    camera = picamera2_class.__new__(picamera2_class)
    try:
        camera.__init__()
    except Exception as error:
        # picamera2 leaves its pipe open, and trying again for ever would use up all file descriptors.
        pipe = getattr(camera, "notifymeread", None)
        if pipe is not None and not pipe.closed:
            pipe.close()
            os.close(camera.notifyme_w)
        raise SourceError(str(error.__cause__ or error)) from error
    return camera


def _monotonic_ns(boottime_ns: int) -> int:
    """A time on libcamera's clock, which goes on while the machine sleeps, on ``time.monotonic_ns``."""
    return boottime_ns - (time.clock_gettime_ns(time.CLOCK_BOOTTIME) - time.monotonic_ns())


def _import_picamera2() -> Any:
    try:
        import picamera2
    except (ImportError, ValueError) as error:  # ValueError: built for another NumPy
        raise SourceError(
            f"picamera2 does not import ({error}): run 'sudo apt install python3-picamera2' and "
            "make the environment with 'python3 -m venv --system-site-packages'"
        ) from error
    return picamera2
