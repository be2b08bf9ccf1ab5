"""Faces without pictures, for the tests of train and convert."""

from pathlib import Path

import numpy as np
import pytest

TRAINING, EVALUATION = 60, 12
"""Rows of each class."""


@pytest.fixture(scope="session")
def toy_landmarks(tmp_path_factory) -> Path:
    """A landmarks file of seven made-up classes that a network can tell apart, mostly.

    Every tenth row has no face. Row 0 (Training) has the picture of the first PublicTest row, and
    rows 2 and 3 have the same picture.
    """
    from train import landmarks_file  # not in the lean environment

    rng = np.random.default_rng(0)
    label = np.tile(np.arange(7), TRAINING + EVALUATION)
    count = len(label)
    base = rng.uniform(20, 100, (468, 3))
    base[33, :2], base[263, :2] = (40, 60), (80, 60)
    moves = rng.normal(0, 4, (7, 468, 3))
    landmarks = base + moves[label] + rng.normal(0, 6, (count, 468, 3))
    found = np.arange(count) % 10 != 9
    landmarks[~found] = 0
    is_training = np.arange(count) < 7 * TRAINING
    names = np.array([f"toy.csv:{i + 2}" for i in range(count)])
    hashes = np.array([f"{i:040x}" for i in range(count)])
    hashes[0], hashes[3] = hashes[7 * TRAINING], hashes[2]
    votes = np.zeros((count, 10), np.uint8)
    votes[: count // 2, 0] = 10
    rows = landmarks_file.Rows(
        landmarks=landmarks.astype(np.float32),
        found=found,
        presence=found.astype(np.float32),
        label=label.astype(np.uint8),
        split=np.where(is_training, "Training", "PublicTest"),
        votes=votes,
        name=names,
        picture_hash=hashes,
    )
    path = tmp_path_factory.mktemp("toy") / "landmarks.npz"
    info = {
        "data": {"file": "toy.csv", "sha256": "0" * 64},
        "preparation": {"scale": 1.0, "padding": 0.3},
        "landmark_models": {"face_landmark.tflite": "1" * 64},
        "detection": "none",
        "skipped": 0,
        "versions": {},
        "created": "2026-01-01T00:00:00+00:00",
    }
    landmarks_file.save(path, rows, info)
    return path
