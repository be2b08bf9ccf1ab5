"""Records of every kind, and the command in this process."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mien.timeline import cli

LABELS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


def face(number: int = 0, top: str = "happy", x: float = 100.0, **fields: Any) -> dict[str, Any]:
    """A face of a record; ``top`` has the probability 0.7."""
    labels = fields.pop("labels", LABELS)
    rest = round(0.3 / (len(labels) - 1), 4)
    return {
        "id": number,
        "label": top,
        "status": "ok",
        "reasons": [],
        "probabilities": {label: 0.7 if label == top else rest for label in labels},
        "presence": 0.9991,
        "box": [x, 120.9, 140.2, 151.7],
        "pose": {"yaw": -3.1, "pitch": 5.2, "roll": 0.4},
    } | fields


def record(frame: int = 0, *faces: dict[str, Any], source: str = "a.mp4", **fields: Any) -> dict[str, Any]:
    """A record of a file at 25 Hz, or with ``time=`` of a live source."""
    time = {} if "time" in fields else {"position_s": frame / 25}
    ms = {"landmarks": 1.3, "features": 0.06, "classify": 0.03, "smooth": 0.02, "total": 1.4, "age": 9.8}
    rest = {"size": [640, 480], "faces": [*faces], "ms": ms}
    return {"schema": 2, "frame": frame, "source": source} | time | rest | fields


def clip(frames: int = 60, source: str = "a.mp4") -> list[dict[str, Any]]:
    """A face that is happy, then sad and unsure; another one now and then."""
    found = []
    for index in range(frames):
        sad = index >= frames // 2
        unsure = {"status": "low_confidence", "reasons": ["unsure", "turned"]} if sad else {}
        faces = [
            face(0, "sad" if sad else "happy", presence=round(0.9 + 0.1 * math.sin(index) ** 2, 4), **unsure)
        ]
        if index % 20 > 10:
            faces.append(face(1 + index // 20, "neutral", 400.0))
        found.append(record(index, *faces, source=source))
    return found


def write(path: Path, *records: Any) -> Path:
    """A file of JSON lines."""
    path.write_text("".join(json.dumps(each) + "\n" for each in records))
    return path


@pytest.fixture
def timeline(command) -> Callable[..., tuple[int, str, str]]:
    """Exit code, standard output and errors of ``mien timeline``."""
    return lambda *arguments: command(cli.main, *arguments)
