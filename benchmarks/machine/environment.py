"""Where a figure was measured (machine, software, models), and what made its timings unreliable."""

import os
import platform
import resource
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.machine.heat import Heat
from benchmarks.machine.proc import text
from edge import __version__
from edge.build import models_directory
from edge.bundles.format import Bundle
from edge.bundles.schema4 import INPUTS
from edge.core.files import sha256
from edge.core.runtime import make_interpreter, package_version, runtime_name
from edge.landmarks.models import find_models, model_hashes
from edge.settings import LandmarkSettings

BOARD = Path("/proc/device-tree/model")
CPUINFO = Path("/proc/cpuinfo")
GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
_SLOW_GOVERNORS = ("powersave", "ondemand", "conservative", "schedutil")
_ARM_CORES = {"0xd03": "Cortex-A53", "0xd08": "Cortex-A72", "0xd0b": "Cortex-A76"}
"""``CPU part`` of /proc/cpuinfo, which names no model on aarch64: Pi 3, Pi 4, Pi 5."""

_OTHER_LOAD_LIMIT = 0.15
"""Cores that other processes may use before timings count as unreliable."""
_STEAL_LIMIT = 0.02
"""Cores that the host of a virtual machine may take before timings count as unreliable."""
_SHORTEST_WATCH_S = 0.5
"""Shortest run that load is judged in: /proc/stat counts in steps of 10 ms for each core."""


def describe(settings: LandmarkSettings, load_before: float) -> dict[str, Any]:
    """The environment block of a result; None for what this machine does not tell.

    ``load_before`` is the 1-minute load average before the run.
    """
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "mien": __version__,
        "board": text(BOARD),
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "cores_usable": usable_cores(),
        "governor": text(GOVERNOR),
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


def delegate(settings: LandmarkSettings) -> str | None:
    """The delegate that runs the landmark model within our runtime: ``"XNNPACK"``, the only one that both
    runtimes add by themselves, or None: the runtime's own kernels do, or the backend is an official one.

    Raises:
        ModelError: the face models are missing or altered.
        BackendError: the runtime refuses them.
    """
    if settings.backend != "litert":
        return None
    model = find_models(models_directory(settings)).landmarker
    steps = make_interpreter(model, 1, "the face landmark model")._get_ops_details()
    return "XNNPACK" if any(step["op_name"] == "DELEGATE" for step in steps) else None


def bundle_facts(bundle: Bundle) -> dict[str, Any]:
    """The block of a result that identifies a bundle.

    ``feature_version``: the number of these inputs in bundles of schema 4; None: they have none.
    """
    names = [each.name for each in bundle.inputs]
    return {
        "name": bundle.name,
        "labels": list(bundle.labels),
        "feature_version": next((version for version, inputs in INPUTS.items() if [*inputs] == names), None),
        "inputs": {each.name: each.version for each in bundle.inputs},
        "model_sha256": sha256(bundle.model),
        "model_bytes": len(bundle.model),
    }


def usable_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Watch:
    """What else the machine does from the creation of this object on."""

    def __init__(self) -> None:
        self.load_before = os.getloadavg()[0]
        self.restart()

    def restart(self) -> None:
        """Count from now on; ``load_before`` stays as it is."""
        self.heat, self.seconds = Heat(), 0.0
        self._started, self._own, self._machine = time.perf_counter(), own_seconds(), _machine_seconds()

    def stop(self) -> list[str]:
        """End the run, and set ``seconds`` to its duration.

        Returns:
            What made its timings unreliable, one sentence each.
        """
        self.seconds = time.perf_counter() - self._started
        others = self._others()
        self.heat.sample()
        found = self.heat.warnings()
        governor = text(GOVERNOR)
        if governor in _SLOW_GOVERNORS:
            found.append(f"the CPU governor is {governor}, which changes the clock: set it to performance")
        if self.load_before > usable_cores() / 2:
            found.append(f"the load average was {self.load_before:.2f} before the run")
        return [f"unreliable timings: {reason}" for reason in found + others]

    def _others(self) -> list[str]:
        """One sentence if other processes used the cores, and one if the host of a virtual machine did."""
        now, seconds = _machine_seconds(), self.seconds
        found: list[str] = []
        if now is None or self._machine is None or seconds < _SHORTEST_WATCH_S:
            return found
        busy, stolen = ((after - before) / seconds for after, before in zip(now, self._machine, strict=True))
        others = busy - (own_seconds() - self._own) / seconds
        if others > _OTHER_LOAD_LIMIT:
            found.append(f"other processes used {others:.2f} cores during the run")
        if stolen > _STEAL_LIMIT:
            found.append(f"the host of this virtual machine took {stolen:.2f} cores during the run")
        return found


def own_seconds() -> float:
    """CPU seconds of this process and of those that it started and that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def _machine_seconds() -> tuple[float, float] | None:
    """CPU seconds since boot, of all cores: busy, and taken by the host of a virtual machine."""
    fields = (text(Path("/proc/stat")) or "").partition("\n")[0].split()
    if len(fields) < 9 or fields[0] != "cpu":
        return None
    user, nice, system, _idle, _wait, irq, soft_irq, steal = (int(field) for field in fields[1:9])
    ticks = os.sysconf("SC_CLK_TCK")
    return (user + nice + system + irq + soft_irq) / ticks, steal / ticks


def _cpu_model() -> str:
    lines = (text(CPUINFO) or "").splitlines()
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
