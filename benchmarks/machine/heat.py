"""Temperature and throttling of the CPU before, during and after a run."""

import subprocess
import time
from typing import Any, NamedTuple

from edge.core.temperature import cpu_temperature_c

EVERY_S = 30.0
"""Between two looks during a run. A look takes milliseconds and leaves cold caches to the next frame: as
rare as this, it stays out of the 99.9th percentile where there are 34 frames a second or more."""

_VCGENCMD = "vcgencmd"
"""The Pi's own command. The file ``soc:firmware/get_throttled`` says the same, but is deprecated."""
_TROUBLES = {0: "too little voltage", 1: "capped clock", 2: "throttling", 3: "soft temperature limit"}
"""Bits of ``vcgencmd get_throttled`` for now; the same bits + 16: since the machine was started."""
_NOW = 0xF


class Look(NamedTuple):
    """One look at the machine; None for what it does not tell."""

    temperature_c: float | None
    throttled: int | None


class Heat:
    """Looks at the machine from the making of this object on."""

    def __init__(self) -> None:
        self._looks = [look()]
        self._last = time.perf_counter()

    def sample(self) -> None:
        """Look again, if the last look is long enough ago. Costs nothing else."""
        if time.perf_counter() - self._last >= EVERY_S:
            self.look()

    def look(self) -> None:
        """Look now."""
        self._looks.append(look())
        self._last = time.perf_counter()

    def result(self) -> dict[str, Any]:
        """``temperature_c`` and ``throttled``, each None or with ``before``, ``during`` and ``after``.

        ``during``, which takes in the two others, is the highest temperature, and every bit of
        ``throttled`` that was seen.
        """
        warm = [each.temperature_c for each in self._looks if each.temperature_c is not None]
        bits = [each.throttled for each in self._looks if each.throttled is not None]
        return {
            "temperature_c": {"before": warm[0], "during": max(warm), "after": warm[-1]} if warm else None,
            "throttled": {"before": hex(bits[0]), "during": hex(_all(bits)), "after": hex(bits[-1])}
            if bits
            else None,
        }

    def warnings(self) -> list[str]:
        """Whether the machine slowed itself down, in one sentence."""
        bits = [each.throttled for each in self._looks if each.throttled is not None]
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


def look() -> Look:
    """Temperature of the CPU, °C, and the bits of ``vcgencmd get_throttled``."""
    return Look(cpu_temperature_c(), _throttled())


def _throttled() -> int | None:
    try:
        answer = subprocess.run(
            [_VCGENCMD, "get_throttled"], capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    name, _, bits = answer.stdout.strip().partition("=")
    return int(bits, 16) if answer.returncode == 0 and name == "throttled" else None


def _all(bits: list[int]) -> int:
    union = 0
    for each in bits:
        union |= each
    return union
