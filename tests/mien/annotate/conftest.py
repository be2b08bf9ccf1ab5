"""Small clips of the demo, and the command in this process."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.core.errors import ModelError
from edge.landmarks import assets
from edge.sources.demo import DemoSource
from mien.annotate import cli

ROOT = Path(__file__).resolve().parents[3]
FRAMES = 12


@pytest.fixture(scope="session")
def portraits() -> list[Path]:
    try:
        return [assets.find(asset) for asset in assets.PORTRAITS]
    except ModelError as error:
        pytest.skip(f"needs the portraits: {error}")


@pytest.fixture(scope="session")
def clip(portraits, tmp_path_factory) -> Path:
    """A face, 12 frames of 320×240 at 10 Hz, as MJPEG in AVI."""
    demo = DemoSource(portraits)
    path = tmp_path_factory.mktemp("clips") / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (320, 240))
    for index in range(FRAMES):
        writer.write(cv2.cvtColor(cv2.resize(demo.view(index), (320, 240)), cv2.COLOR_RGB2BGR))
    writer.release()
    return path


@pytest.fixture(scope="session")
def uneven_clip(clip) -> Path:
    """The same with sound, without frames 3 to 7, and its pictures 0.2 s behind the sound."""
    path = clip.with_name("uneven.mkv")
    picture = "select='not(between(n,3,7))',setpts=PTS+0.2/TB"
    ffmpeg("-i", clip, "-f", "lavfi", "-i", "sine=440:duration=1.3", "-vf", picture, "-c:v", "libx264", path)
    return path


def ffmpeg(*arguments: object) -> None:
    subprocess.run([need("ffmpeg"), "-v", "error", "-y", *map(str, arguments)], check=True, timeout=60)


def need(program: str) -> str:
    """The path of a program; skips where it is missing."""
    path = shutil.which(program)
    return path or pytest.skip(f"needs {program}")


@pytest.fixture
def annotate(command) -> Callable[..., tuple[int, str, str]]:
    """Exit code, standard output and errors of ``mien annotate``."""
    return lambda *arguments: command(cli.main, *arguments)


@pytest.fixture
def without_ffmpeg(monkeypatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)


def run_records(*flags: object) -> list[dict[str, object]]:
    """The records of ``mien run`` with these flags, without the durations."""
    command = [sys.executable, "-m", "mien", "run", "--sink", "jsonl", *map(str, flags)]
    lines = subprocess.run(
        command, cwd=ROOT, capture_output=True, check=True, timeout=120
    ).stdout.splitlines()
    return timeless(map(json.loads, lines))


def read_records(path: Path) -> list[dict[str, object]]:
    """The records of a file, without the durations, which differ from run to run."""
    return timeless(map(json.loads, path.read_text().splitlines()))


def timeless(records: Iterable[dict[str, object]]) -> list[dict[str, object]]:
    return [{key: value for key, value in record.items() if key != "ms"} for record in records]


def names(folder: Path) -> list[str]:
    """All files below a folder."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def one_line(result: tuple[int, str, str], *words: str) -> str:
    """The one line of an error of exit code 1, which has these words."""
    code, out, errors = result
    assert (code, out) == (1, "")
    (line,) = [line for line in errors.splitlines() if line.startswith("error: ")]
    assert "Traceback" not in errors
    assert [word for word in words if word not in line] == []
    return line


def green(picture: np.ndarray) -> np.ndarray:
    """Where a picture has about the green of labels and boxes: bool (H, W)."""
    return (np.abs(picture.astype(int) - (60, 220, 60)) < 25).all(axis=2)
