"""Temperature and throttling of the CPU before, during and after a run."""

import functools
import operator
import subprocess
import time
from typing import Any, NamedTuple

from edge.core.temperature import cpu_temperature_c

EVERY_S = 30.0
"""Seconds between two samples during a run. A sample takes milliseconds and leaves cold caches to the next
frame: as rare as this, it stays out of the 99.9th percentile at 34 frames a second or more."""

VCGENCMD = "vcgencmd"
"""The Pi's own command. The file ``soc:firmware/get_throttled`` says the same, but is deprecated."""
_TROUBLES = {0: "too little voltage", 1: "capped clock", 2: "throttling", 3: "soft temperature limit"}
"""Bits of ``vcgencmd get_throttled`` for now; the same bits + 16: since the machine was started."""
_NOW = 0xF


class HeatSample(NamedTuple):
    """Temperature, °C, and throttling bits of the machine at one moment; None for what it does not tell."""

    temperature_c: float | None
    throttled: int | None


class Heat:
    """Samples of temperature and throttling from the creation of this object on."""

    def __init__(self) -> None:
        self._samples = [read_heat()]
        self._last = time.perf_counter()

    def sample_if_due(self) -> None:
        """Take a sample if the last one is ``EVERY_S`` old; else this costs nothing."""
        if time.perf_counter() - self._last >= EVERY_S:
            self.sample()

    def sample(self) -> None:
        """Take a sample now."""
        self._samples.append(read_heat())
        self._last = time.perf_counter()

    def result(self) -> dict[str, Any]:
        """``temperature_c`` and ``throttled``, each None or with ``before``, ``during`` and ``after``.

        ``during``, which takes in the two others, is the highest temperature, and every bit of
        ``throttled`` that was seen.
        """
        warm = [each.temperature_c for each in self._samples if each.temperature_c is not None]
        bits = [each.throttled for each in self._samples if each.throttled is not None]
        return {
            "temperature_c": {"before": warm[0], "during": max(warm), "after": warm[-1]} if warm else None,
            "throttled": {"before": hex(bits[0]), "during": hex(_all(bits)), "after": hex(bits[-1])}
            if bits
            else None,
        }

    def warnings(self) -> list[str]:
        """One sentence if the machine slowed itself down, else nothing."""
        bits = [each.throttled for each in self._samples if each.throttled is not None]
        if not bits:
            return []
        # A bit that says "since the start" counts where it was not set before the run.
        seen = (_all(bits) | (_all(bits) & ~bits[0]) >> 16) & _NOW
        troubles = [name for bit, name in _TROUBLES.items() if seen >> bit & 1]
        if not troubles:
            return []
        return [
            f"the machine slowed itself down during the run: {', '.join(troubles)} (vcgencmd get_throttled)"
        ]


def read_heat() -> HeatSample:
    """Temperature of the CPU, °C, and the bits of ``vcgencmd get_throttled``."""
    return HeatSample(cpu_temperature_c(), _throttled())


def _throttled() -> int | None:
    try:
        answer = subprocess.run(
            [VCGENCMD, "get_throttled"], capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    name, _, bits = answer.stdout.strip().partition("=")
    return int(bits, 16) if answer.returncode == 0 and name == "throttled" else None


def _all(bits: list[int]) -> int:
    return functools.reduce(operator.or_, bits)
