"""What the tests of edge share: the face models, the portraits, the clips, the command line."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType

import numpy as np
import pytest

from edge.core.errors import ModelError
from edge.core.types import Frame
from edge.landmarks import assets
from edge.landmarks.models import FaceModels, find_models
from edge.sources.pictures import read_picture

ROOT = Path(__file__).resolve().parents[2]
MEDIA = ROOT.parent / "shared" / "media"


@pytest.fixture(scope="session")
def models() -> FaceModels:
    try:
        return find_models()
    except ModelError as error:
        pytest.skip(f"needs the face models: {error}")


@pytest.fixture(scope="session")
def portraits() -> dict[str, np.ndarray]:
    """The demo's portraits by name, uint8 (H, W, 3) RGB."""
    try:
        return {asset.name.split(".")[0]: read_picture(assets.find(asset)) for asset in assets.PORTRAITS}
    except ModelError as error:
        pytest.skip(f"needs the portraits: {error}")


@pytest.fixture(scope="session")
def golden() -> dict[str, np.ndarray]:
    """FaceMesh's landmarks of the portraits, float32 (468, 3), normalized; see make_portraits.py."""
    with np.load(Path(__file__).with_name("golden") / "portraits.npz") as file:
        return dict(file)


@pytest.fixture(scope="session")
def media() -> Path:
    if not MEDIA.is_dir():
        pytest.skip(f"needs the pictures and clips in {MEDIA}, which are not part of the project")
    return MEDIA


@pytest.fixture
def make_frame() -> Callable[..., Frame]:
    def make(rgb: np.ndarray, index: int = 0, still: bool = True) -> Frame:
        return Frame(np.ascontiguousarray(rgb), index * 40_000_000, index, "test", still)

    return make


@pytest.fixture
def watched() -> Iterator[None]:
    """Every function that ends has its frame, and so its variables, kept by somebody else: a sampling
    profiler in another thread does that now and then (that of Dask's workers, for one)."""
    kept: list[FrameType] = []

    def keep(frame: FrameType, event: str, _: object) -> None:
        if event == "return":
            kept.append(frame)

    sys.setprofile(keep)
    yield
    sys.setprofile(None)


Edge = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def edge() -> Edge:
    """Run ``mien`` as a user does, in a process of its own."""

    def run(
        *arguments: object, env: dict[str, str] | None = None, cwd: Path = ROOT
    ) -> "subprocess.CompletedProcess[str]":
        command: Sequence[str] = [sys.executable, "-m", "edge", *map(str, arguments)]
        environment = {**os.environ, "PYTHONPATH": _python_path(), **(env or {})}
        return subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    return run


def _python_path() -> str:
    return os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
