"""From real pictures to a bundle that the device runs, by the commands of docs/guides/training.md."""

import numpy as np
import pytest

from convert.cli import main as convert
from edge.bundles.format import read_bundle
from edge.core.types import Frame
from edge.head.classifier import TfliteClassifier
from edge.landmarks.litert import LitertBackend
from edge.landmarks.models import TAPS, find_models, model_hashes
from evaluation import prepare, read_dataset
from train.cli import main as train
from train.report import report


def test_pictures_to_bundle_to_label(fer_csv, fer_landmarks, command, tmp_path, monkeypatch):
    monkeypatch.setattr(report, "render_if_possible", lambda *_: None)
    settings = ("epochs=20", "keep=last", "batch=64", "hidden=64,32", "channels=8,8", "clip=3")
    settings += ("learning_rate=5e-3", "dropout=0", "votes_weight=0")
    run, out = tmp_path / "run", tmp_path / "bundle"
    assert command(train, "fit", fer_landmarks, "--out", run, "--set", *settings)[0] == 0
    code, printed, error = command(convert, run, "--out", out)
    assert code == 0, error
    assert "PublicTest: accuracy" in printed

    bundle = read_bundle(out)
    assert bundle.landmark_models == model_hashes()
    preparation = bundle.info["preparation"]
    backend, classifier = LitertBackend(find_models(maps=TAPS)), TfliteClassifier(bundle)
    right, count = 0, 0
    for sample in read_dataset(fer_csv, "PublicTest", on_bad=pytest.fail):
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
