"""What the tests of edge share: the face models, the portraits, the clips, the command line."""

import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from edge.core.errors import ModelError
from edge.core.types import Frame
from edge.landmarks.models import find_models
from edge.sources.pictures import read_picture
from tests.edge.manager import Manager

MEDIA = Path(__file__).resolve().parents[3] / "shared" / "media"


@pytest.fixture(scope="session")
def models():
    try:
        return find_models()
    except ModelError as error:
        pytest.skip(f"needs the face models: {error}")


@pytest.fixture(scope="session")
def portraits(portrait_files):
    """The demo's portraits by name, uint8 (H, W, 3) RGB."""
    return {path.stem: read_picture(path) for path in portrait_files}


@pytest.fixture(scope="session")
def golden():
    """FaceMesh's landmarks of the portraits, float32 (468, 3), normalized; see make_portraits.py."""
    with np.load(Path(__file__).with_name("golden") / "portraits.npz") as file:
        return dict(file)


@pytest.fixture(scope="session")
def media():
    if not MEDIA.is_dir():
        pytest.skip(f"needs the pictures and clips in {MEDIA}, which are not part of the project")
    return MEDIA


@pytest.fixture
def make_frame():
    def make(rgb, index=0, still=True):
        return Frame(np.ascontiguousarray(rgb), index * 40_000_000, index, "test", still)

    return make


@pytest.fixture
def watched():
    """Every function that ends has its frame, and so its variables, kept by somebody else: a sampling
    profiler in another thread does that now and then (that of Dask's workers, for one)."""
    kept = []

    def keep(frame, event, _):
        if event == "return":
            kept.append(frame)

    sys.setprofile(keep)
    yield
    sys.setprofile(None)


@pytest.fixture
def manager(tmp_path):
    started = []

    def start(text, **environment):
        started.append(Manager(tmp_path, text, **environment))
        return started[-1]

    yield start
    for one in started:
        one.kill()


@pytest.fixture(scope="session")
def edge(python):
    """Run ``mien`` as a user does, in a process of its own."""
    return partial(python, "-m", "edge")
