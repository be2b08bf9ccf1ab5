"""The demo as benchmarks use it: verified portraits, without the pace of a camera."""

from pathlib import Path

from edge.build import models_directory
from edge.landmarks import assets
from edge.settings import LandmarkSettings
from edge.sources.demo import DemoSource


def portraits(settings: LandmarkSettings) -> list[Path]:
    """Paths of the two portraits.

    Raises:
        ModelError: one is missing or altered.
    """
    directory = models_directory(settings)
    for asset in assets.PORTRAITS:
        assets.load(asset, directory)
    return [assets.find(asset, directory) for asset in assets.PORTRAITS]


def unpaced_demo(settings: LandmarkSettings) -> DemoSource:
    """A demo that gives its next frame as soon as it is asked for, and never ends.

    Raises:
        ModelError: a portrait is missing or altered.
    """
    return DemoSource(portraits(settings))
