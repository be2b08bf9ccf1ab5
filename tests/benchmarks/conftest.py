"""Real pictures for the benchmarks: the two portraits, and a data set of class folders made from them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from benchmarks.cli.main import main
from edge.core.errors import ModelError
from edge.landmarks import assets


@pytest.fixture(scope="session")
def portraits() -> dict[str, Path]:
    """File name → path of the public-domain portraits; each shows one face."""
    try:
        return {asset.name: assets.find(asset) for asset in assets.PORTRAITS}
    except ModelError as error:
        pytest.skip(f"the portraits are not installed: {error}")


@pytest.fixture(scope="session")
def class_folders(portraits, tmp_path_factory) -> Path:
    """Two faces, a grey picture without one, and a file that is no picture, in one split."""
    root = tmp_path_factory.mktemp("data") / "faces"
    for name, label in (("astronaut.png", "happy"), ("grace_hopper.jpg", "neutral")):
        folder = root / "test" / label
        folder.mkdir(parents=True)
        shutil.copy(portraits[name], folder / name)
    cv2.imwrite(str(root / "test" / "neutral" / "no_face.png"), np.full((64, 64), 128, np.uint8))
    (root / "test" / "happy" / "broken.png").write_bytes(b"not a picture")
    return root


@pytest.fixture(scope="session")
def lend_packages() -> Callable[[object, Path], None]:
    """In place of pip: the environment of a peer sees the packages of this one."""

    def install(peer: object, environment: Path) -> None:
        (place,) = environment.glob("lib/python*/site-packages")
        (place / "lent.pth").write_text(f"{Path(np.__file__).parents[1]}\n")

    return install


@pytest.fixture
def benchmark_json(tmp_path) -> Callable[..., dict[str, Any]]:
    """Run ``mien benchmark …`` in this process and give its JSON."""

    def run(*argv: object) -> dict[str, Any]:
        out = tmp_path / "results" / "out.json"
        assert main([*map(str, argv), "--json", str(out)]) == 0
        assert [path.name for path in out.parent.iterdir()] == ["out.json"]
        return json.loads(out.read_text("utf-8"))

    return run
