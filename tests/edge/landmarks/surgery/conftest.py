import pytest

from edge.landmarks import assets


@pytest.fixture(scope="session")
def original(models):
    """The landmark model as MediaPipe ships it: float32 from 0 to 1."""
    return assets.load(assets.LANDMARKER)
