"""Where a figure was measured: machine, software, models; and what disturbed the measurement."""

import os
import platform
import resource
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from edge import __version__
from edge.core.bundle import Bundle
from edge.core.files import sha256
from edge.landmarks.models import model_hashes
from edge.runtime import package_version, runtime_name
from edge.settings import LandmarkSettings

_BOARD = Path("/proc/device-tree/model")
_CPUINFO = Path("/proc/cpuinfo")
_GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
_SLOW_GOVERNORS = ("powersave", "ondemand", "conservative", "schedutil")
_ARM_CORES = {"0xd03": "Cortex-A53", "0xd08": "Cortex-A72", "0xd0b": "Cortex-A76"}
"""``CPU part`` of /proc/cpuinfo, which names no model on aarch64: Pi 3, Pi 4, Pi 5."""

_OTHER_LOAD_LIMIT = 0.15  # cores
_STEAL_LIMIT = 0.02  # cores
_SHORTEST_WATCH_S = 0.5  # /proc/stat counts in steps of 10 ms for each core


def describe(settings: LandmarkSettings, load_before: float) -> dict[str, Any]:
    """The environment block of a result; None for what this machine does not tell.

    Args:
        load_before: 1-minute load average before the run.
    """
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "mien": __version__,
        "board": _text(_BOARD),
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "cores_usable": usable_cores(),
        "governor": _text(_GOVERNOR),
        "machine": platform.machine(),
        "system": _system(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "runtime": _runtime(),
        "numpy": np.__version__,
        "opencv": cv2.__version__,
        "mediapipe": package_version("mediapipe"),
        "threads": settings.threads,
        "landmark_models": _landmark_models(settings),
        "load_before": round(load_before, 2),
    }


def bundle_facts(bundle: Bundle) -> dict[str, Any]:
    """What tells one bundle from another."""
    return {
        "name": bundle.name,
        "labels": list(bundle.labels),
        "feature_version": bundle.feature_version,
        "model_sha256": sha256(bundle.model),
        "model_bytes": len(bundle.model),
    }


def usable_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def peak_rss_mb() -> float:
    """The most memory that this process has held so far, MB (10^6 bytes).

    ``VmHWM``, since ``ru_maxrss`` of a process may be that of the one that started it.
    """
    for line in (_text(Path("/proc/self/status")) or "").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


class Watch:
    """What else the machine does, from the making of this object on."""

    def __init__(self) -> None:
        self.load_before = os.getloadavg()[0]
        self.restart()

    def restart(self) -> None:
        """Count from now on; ``load_before`` stays."""
        self._started, self._own, self._machine = time.perf_counter(), time.process_time(), _machine_seconds()

    def warnings(self) -> list[str]:
        """What spoils the figures, one sentence each."""
        found = []
        governor = _text(_GOVERNOR)
        if governor in _SLOW_GOVERNORS:
            found.append(
                f"the CPU governor is {governor}, so the clock may change in the run: set it to performance"
            )
        if self.load_before > usable_cores() / 2:
            found.append(f"the load average was {self.load_before:.2f} before the run: other work slows it")
        seconds = time.perf_counter() - self._started
        now = _machine_seconds()
        if now is None or self._machine is None or seconds < _SHORTEST_WATCH_S:
            return found
        busy, stolen = ((after - before) / seconds for after, before in zip(now, self._machine, strict=True))
        others = busy - (time.process_time() - self._own) / seconds
        if others > _OTHER_LOAD_LIMIT:
            found.append(f"other processes used {others:.2f} cores during the run: its figures are too high")
        if stolen > _STEAL_LIMIT:
            found.append(f"the host of this virtual machine took away {stolen:.2f} cores during the run")
        return found


def _machine_seconds() -> tuple[float, float] | None:
    """CPU seconds since boot, of all cores: busy, and taken by the host of a virtual machine."""
    fields = (_text(Path("/proc/stat")) or "").partition("\n")[0].split()
    if len(fields) < 9 or fields[0] != "cpu":
        return None
    user, nice, system, _idle, _wait, irq, soft_irq, steal = (int(field) for field in fields[1:9])
    ticks = os.sysconf("SC_CLK_TCK")
    return (user + nice + system + irq + soft_irq) / ticks, steal / ticks


def _cpu_model() -> str:
    lines = (_text(_CPUINFO) or "").splitlines()
    facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    if "model name" in facts:
        return facts["model name"]
    part = facts.get("CPU part")
    if part:
        return _ARM_CORES.get(part, f"ARM part {part}")
    return platform.processor() or platform.machine()


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.system()


def _runtime() -> dict[str, str | None]:
    name = runtime_name().replace("_", "-")
    return {"name": name, "version": package_version(name)}


def _landmark_models(settings: LandmarkSettings) -> dict[str, str] | None:
    """File name → SHA-256; None for the models inside the mediapipe package."""
    if settings.backend == "litert":
        return model_hashes()
    if settings.backend == "mediapipe-tasks":
        task = Path(settings.task_file)
        return {task.name: sha256(task.read_bytes())}
    return None


def _text(path: Path) -> str | None:
    try:
        return path.read_text("utf-8", errors="replace").strip("\0\n ")
    except OSError:
        return None
