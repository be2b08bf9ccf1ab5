"""The temperature of the processor."""

from contextlib import suppress
from pathlib import Path

_ZONES = Path("/sys/class/thermal")
_CPU_ZONES = ("cpu-thermal", "x86_pkg_temp")
"""Type of the thermal zone of the CPU on a Pi and on a PC."""


def cpu_temperature_c() -> float | None:
    """Temperature of the CPU, °C; None where the system does not report it."""
    for zone in sorted(_ZONES.glob("thermal_zone*")):
        with suppress(OSError, ValueError):  # the next zone may be readable
            if (zone / "type").read_text().strip() in _CPU_ZONES:
                return int((zone / "temp").read_text()) / 1000
    return None
