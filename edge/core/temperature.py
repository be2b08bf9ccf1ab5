"""How hot the processor is."""

from contextlib import suppress
from pathlib import Path

_ZONES = Path("/sys/class/thermal")
_CPU_ZONES = ("cpu-thermal", "x86_pkg_temp")
"""What the kernel calls the sensor of the CPU on a Pi and on a PC."""


def cpu_temperature_c() -> float | None:
    """Temperature of the CPU, °C; None where the system does not tell."""
    for zone in sorted(_ZONES.glob("thermal_zone*")):
        with suppress(OSError, ValueError):  # another zone may tell
            if (zone / "type").read_text().strip() in _CPU_ZONES:
                return int((zone / "temp").read_text()) / 1000
    return None
