"""Memory, its growth, and the size of the packages."""

from importlib import metadata
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.latency import footprint
from edge.core.runtime import runtime_name

EVERY = 100
LOOKS = np.arange(50)


def test_peak_memory_grows_with_what_is_held():
    before = footprint.peak_rss_mb()
    block = bytearray(b"x") * int(2e6 * before)
    assert footprint.peak_rss_mb() > 1.5 * before
    assert footprint.rss_bytes() > 1.5e6 * before
    del block
    assert footprint.peak_rss_mb() > 1.5 * before


@pytest.mark.parametrize(
    ("rss", "expected"),
    [
        (100_000_000 + 0 * LOOKS, 0.0),
        # A leak of 4096 bytes in each 100 frames, with noise of a few pages.
        (100_000_000 + 4096 * (LOOKS + LOOKS * 7 % 5), 40.96),
        # 20 MB at once, as when the detector runs for the first time.
        (np.where(LOOKS < 30, 100_000_000, 120_000_000), 0.0),
        (np.where(LOOKS < 3, 100_000_000, 120_000_000) + 1000 * LOOKS, 10.0),
    ],
)
def test_growth_is_what_comes_with_every_frame(rss, expected):
    assert footprint.growth_kb(rss.astype(np.int64), EVERY) == pytest.approx(expected, rel=0.03)


def test_growth_of_a_long_run_is_that_of_its_looks_thinned_out():
    assert footprint.growth_kb(np.arange(5001, dtype=np.int64) * 300, EVERY) == 3.0


def test_a_short_run_tells_nothing_about_growth():
    assert footprint.growth_kb(np.arange(9, dtype=np.int64), EVERY) is None


def test_the_packages_that_the_device_needs_are_counted():
    sizes = footprint.install_mb("litert")
    packages = {name: size for name, size in sizes.items() if name != "total"}
    assert set(packages) > {runtime_name().replace("_", "-"), "numpy", "dacite"}
    assert not {"pytest", "tensorflow", "mien"} & set(packages)
    assert packages["numpy"] > 10 > packages["dacite"] > 0
    assert sizes["total"] == pytest.approx(sum(packages.values()), abs=0.1)


def test_a_package_without_a_list_of_files_makes_the_total_unknown(monkeypatch):
    packages = {
        "numpy": SimpleNamespace(name="numpy", files=None, requires=["extra-only; extra=='test'"]),
        "ours": SimpleNamespace(name="ours", files=[], requires=["numpy>=1", "not-installed>1"]),
    }

    def distribution(name):
        if name not in packages:
            raise metadata.PackageNotFoundError(name)
        return packages[name]

    monkeypatch.setattr(metadata, "distribution", distribution)
    monkeypatch.setattr(footprint, "runtime_name", lambda: "ours")
    monkeypatch.setattr(metadata, "packages_distributions", lambda: {"ours": ["ours"], "cv2": ["ours"]})
    assert footprint.install_mb("litert") == {"dacite": None, "numpy": None, "ours": 0.0, "total": None}
