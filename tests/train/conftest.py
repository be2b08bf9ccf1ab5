"""Small landmarks folders and runs on them, which the tests of train share."""

import dataclasses
import shutil
import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def small(toy_landmarks, write_landmarks, tmp_path_factory):
    """``toy_landmarks`` without maps and views: a training on it takes a second or two."""
    from train.dataset import landmarks_folder

    folder = landmarks_folder.load(toy_landmarks)
    return write_landmarks(tmp_path_factory.mktemp("small") / "landmarks", folder.rows, [folder.faces()])


@pytest.fixture
def altered(small, write_landmarks, tmp_path):
    """``(**changes)``: a landmarks folder like ``small`` with other rows."""
    from train.dataset import landmarks_folder

    def alter(**changes):
        folder = landmarks_folder.load(small)
        rows = dataclasses.replace(folder.rows, **changes)
        return write_landmarks(tmp_path / "altered", rows, [folder.faces()])

    return alter


@pytest.fixture(scope="session")
def run_files() -> set[str]:
    """Names of the files in a whole run folder with its report."""
    return {
        "coverage-1-validation.png",
        "coverage-2-PublicTest.png",
        "curves-accuracy.png",
        "curves-loss.png",
        "fit.npz",
        "history.csv",
        "model.keras",
        "predictions.npz",
        "reliability-1-validation.png",
        "reliability-2-PublicTest.png",
        "report.html",
        "report.json",
        "report.md",
        "run.json",
        "weights.npz",
    }


@pytest.fixture(scope="session")
def small_run(small, quick_fit, tmp_path_factory) -> Path:
    """An epoch on ``small``, without pages and plots."""
    run = tmp_path_factory.mktemp("small-run") / "run"
    return quick_fit(small, run, "inputs=landmarks", "epochs=1")


@pytest.fixture(scope="session")
def maps_run(toy_landmarks, quick_fit, tmp_path_factory) -> Path:
    """A training on the feature maps of ``toy_landmarks`` alone, without pages and plots."""
    settings = ("inputs=fine_map,coarse_map", "epochs=3", "landmark_jitter=0.01", "feature_noise=0.1")
    return quick_fit(toy_landmarks, tmp_path_factory.mktemp("maps-run") / "maps", *settings)


@pytest.fixture(scope="session")
def faceapi_package(tmp_path_factory):
    """The folder of face-api, which npm fetches where it is at hand; it is no part of this project."""
    if shutil.which("npm") is None:
        pytest.skip("needs npm, which fetches the package @vladmandic/face-api")
    folder = tmp_path_factory.mktemp("npm")
    fetch = ["npm", "pack", "--silent", "@vladmandic/face-api@1.7.15"]
    try:
        subprocess.run(fetch, cwd=folder, check=True, capture_output=True, timeout=60)
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"npm cannot fetch the package @vladmandic/face-api ({error})")
    shutil.unpack_archive(folder / "vladmandic-face-api-1.7.15.tgz", folder)
    return folder / "package"
