"""From real pictures to a bundle that the device runs, by the commands of docs/guides/training.md."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edge.bundles.format import read_bundle
from edge.core.errors import ModelError
from edge.core.types import Frame
from edge.head.classifier import TfliteClassifier
from edge.landmarks.litert import LitertBackend
from edge.landmarks.models import TAPS, find_models, model_hashes
from evaluation import prepare, read_dataset

ROOT = Path(__file__).resolve().parents[2]
EXPORT = ROOT.parent / "shared" / "data" / "export.py"


def call(*arguments):
    result = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_pictures_to_bundle_to_label(tmp_path):
    if not EXPORT.is_file():
        pytest.skip(f"needs the pictures that {EXPORT} writes, which are not part of the project")
    try:
        models = find_models(maps=TAPS)
    except ModelError as error:
        pytest.skip(f"needs the face models: {error}")
    call(EXPORT, "csv", tmp_path, "--limit", "200")
    data, landmarks = tmp_path / "fer2013.csv", tmp_path / "landmarks"
    run, out = tmp_path / "run", tmp_path / "bundle"
    call("-m", "train", "extract", data, "--out", landmarks, "--views", "1")
    settings = ("epochs=20", "keep=last", "batch=64", "hidden=64,32", "channels=8,8", "clip=3")
    settings += ("learning_rate=5e-3", "dropout=0", "votes_weight=0")
    call("-m", "train", "fit", landmarks, "--out", run, "--set", *settings)
    assert "PublicTest: accuracy" in call("-m", "convert", run, "--out", out)

    bundle = read_bundle(out)
    assert bundle.landmark_models == model_hashes()
    preparation = bundle.info["preparation"]
    backend, classifier = LitertBackend(models), TfliteClassifier(bundle)
    right, count = 0, 0
    for sample in read_dataset(data, "PublicTest", on_bad=pytest.fail):
        rgb = prepare(sample.picture, preparation["scale"], preparation["padding"])
        faces = backend.detect(Frame(rgb, 0, 0, sample.name, still=True))
        count += 1
        if faces:
            probabilities = classifier.predict([each.make(faces[0]) for each in classifier.inputs])
            right += bundle.labels[int(probabilities.argmax())] == sample.label
    # The device's path gives what the bundle says of itself, and far more than always "happy" (25 %).
    scores = bundle.info["metrics"]["int8"]["PublicTest"]
    assert count == scores["n"]
    # (The landmarks folder keeps the maps as float16, which may turn a face on the border.)
    assert right / count == pytest.approx(scores["accuracy"], abs=0.01)
    assert right / count > 0.3
    assert np.isfinite(scores["ece"])
