"""A data set of class folders made from the two portraits, and commands that are run on it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from benchmarks.cli.main import main


@pytest.fixture(scope="session")
def portraits(portrait_files) -> dict[str, Path]:
    """File name → path of the two portraits, which are in the public domain; each shows one face."""
    return {path.name: path for path in portrait_files}


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
def refused(capsys) -> Callable[..., None]:
    """``(code, message, *argv)``: ``mien benchmark …`` ends with this code and one line with the message."""

    def check(code: int, message: str, *argv: object) -> None:
        assert main([*map(str, argv)]) == code
        lines = capsys.readouterr().err.splitlines()
        # Progress, and the notes of a run on some of whose parts it fails.
        (error,) = (line for line in lines if not line.startswith(("warning: ", "making the ", "tiny: ")))
        assert error.startswith("error: ")
        assert message in error

    return check


@pytest.fixture
def benchmark_json(tmp_path) -> Callable[..., dict[str, Any]]:
    """Run ``mien benchmark …`` in this process and give its JSON."""

    def run(*argv: object) -> dict[str, Any]:
        out = tmp_path / "results" / "out.json"
        assert main([*map(str, argv), "--json", str(out)]) == 0
        assert [path.name for path in out.parent.iterdir()] == ["out.json"]
        return json.loads(out.read_text("utf-8"))

    return run
