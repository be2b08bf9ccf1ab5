"""The memory of the process and its growth, and the disk space of the packages."""

import re
import resource
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine.proc import text
from edge.core.runtime import runtime_name

if TYPE_CHECKING:
    from importlib.metadata import Distribution

RSS_EVERY = 100
"""Frames between two samples of the memory."""
_LEAST_SAMPLES = 10
"""Samples that a slope needs."""
_MOST_SAMPLES = 400
"""Samples that a slope is computed from; more are thinned out."""

_IMPORTS = ("numpy", "cv2", "dacite")
"""Import names of the packages in requirements-edge.txt beside the runtime."""


def peak_rss_mb(others: Iterable[int] = ()) -> float:
    """Peak memory of this process so far, MB (10^6 bytes).

    ``VmHWM``, since ``ru_maxrss`` of a process may be that of the one that started it.

    Args:
        others: numbers of processes whose own peaks are added.
    """
    peak = _status_bytes("VmHWM")
    if peak is None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return (peak + sum(_status_bytes("VmHWM", str(pid)) or 0 for pid in others)) / 1e6


def rss_bytes() -> int | None:
    """Memory that this process holds now, bytes (``VmRSS``); None where the system does not tell."""
    return _status_bytes("VmRSS")


def growth_kb(rss: NDArray[np.int64], frames_between: int) -> float | None:
    """Memory that each 1,000 frames add, kB (10^3 bytes); None for fewer than ten samples.

    The slope of Theil and Sen (Sen, 1968, J. Am. Stat. Assoc. 63), the median of the slopes between
    all pairs of samples: what is taken once, at whatever moment, does not count as growth, while a
    leak does. A line of least squares would be tilted by both.

    Args:
        rss: int64 (S,), bytes, a sample every ``frames_between`` frames. More than 400 are thinned out.
    """
    if len(rss) < _LEAST_SAMPLES:
        return None
    step = -(-len(rss) // _MOST_SAMPLES)
    rss = rss[::step]
    first, second = np.triu_indices(len(rss), k=1)
    slope = float(np.median((rss[second] - rss[first]) / (second - first)))
    return round(slope / (step * frames_between), 3)


def install_mb(backend: str) -> dict[str, float | None]:
    """Disk space of the app's packages in this environment, MB (10^6 bytes).

    Each package that the app imports, and what they require in turn: the bytes of the files in the list
    that pip keeps. Not in it: Python, the app itself with its bundles, and the face models.

    Args:
        backend: landmark backend; the official ones need mediapipe.

    Returns:
        Package → MB, ``total`` last. None for a package without such a list (Debian's), and then for
        the total.
    """
    # Two megabytes that are not the app's: imported once the peak has been read.
    from importlib import metadata

    imports = [*_IMPORTS, runtime_name()] + ["mediapipe"] * (backend != "litert")
    owners = metadata.packages_distributions()
    sizes: dict[str, float | None] = {name: None for name in imports if name not in owners}
    waiting = [owner for name in imports for owner in owners.get(name, [])]
    while waiting:
        try:
            package = metadata.distribution(waiting.pop())
        except metadata.PackageNotFoundError:  # for another platform or Python
            continue
        if package.name not in sizes:
            sizes[package.name] = _size_mb(package)
            waiting += [name for line in package.requires or [] if (name := _required(line))]
    known = [size for size in sizes.values() if size is not None]
    total = round(sum(known), 1) if len(known) == len(sizes) else None
    return {**dict(sorted(sizes.items())), "total": total}


def _required(line: str) -> str | None:
    """The package name in a line of requirements; None where only an extra needs it."""
    match = re.match(r"[\w.-]+", line)
    return match[0] if match and not re.search(r"\bextra\s*==", line) else None


def _size_mb(package: "Distribution") -> float | None:
    if package.files is None:
        return None
    paths = (Path(str(file.locate())) for file in package.files)
    return round(sum(path.stat().st_size for path in paths if path.is_file()) / 1e6, 2)


def _status_bytes(name: str, process: str = "self") -> int | None:
    lines = (text(Path("/proc") / process / "status") or "").splitlines()
    found = next((line for line in lines if line.startswith(f"{name}:")), None)
    return int(found.split()[1]) * 1024 if found else None
