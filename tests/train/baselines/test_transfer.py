"""Transfer: crops, frozen and fine-tuned networks, and where their weights come from."""

import dataclasses
import shutil

import keras
import numpy as np
import pytest
from keras import layers

from edge.core.errors import DataError
from evaluation import Preparation, fingerprint
from tests.train.baselines.faceapi_descriptor import DESCRIPTOR, picture
from tests.train.rows import make_rows
from train.baselines.crops import crop_of
from train.baselines.data import with_faces
from train.baselines.method import Samples
from train.baselines.registry import experiments
from train.baselines.run import Request
from train.baselines.transfer import imagenet
from train.baselines.transfer.frozen import FrozenNetwork
from train.baselines.transfer.model import Transfer
from train.baselines.transfer.recognition import recognition_network
from train.dataset import landmarks_folder
from train.dataset.find_faces import ExtractionSetup
from train.dataset.landmarks_folder import Faces
from train.teacher.faceapi_weights import read_weights

SETTINGS = {"feature": "crop", "network": "pixels", "balanced": 3, "side": 48, "weights": None}
LEARN = {"epochs": 3, "batch": 16, "learning_rate": 3e-3, "patience": 0, "dropout": 0.0}


@pytest.fixture(scope="module")
def samples():
    """Three classes, the first the largest, that differ in which third of the picture is light."""
    rng = np.random.default_rng(0)
    number = np.repeat([0, 1, 2], [40, 25, 25])
    grey = rng.integers(0, 60, (90, 48, 48), np.uint8)
    for each, label in zip(grey, number, strict=True):
        each[16 * label : 16 * label + 16] += 150
    crops = grey.repeat(2, axis=1).repeat(2, axis=2)[:, 16:80, 16:80]
    return Samples(number, pictures=grey, crops=crops)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A folder with random weights of the small network, under the name that Keras gives the file."""
    folder = tmp_path_factory.mktemp("weights")
    application, file = imagenet.APPLICATIONS["mobilenet"]
    keras.utils.set_random_seed(0)
    network = getattr(keras.applications, application)(
        include_top=False, weights=None, input_shape=(32, 32, 3)
    )
    network.save(folder / file)
    return folder


@pytest.fixture
def offline(monkeypatch):
    """Keras cannot download; gives the attempts."""
    attempts = []

    def fail(**_):
        attempts.append(1)
        raise Exception("URL fetch failure on https://example.org: None -- no network")

    monkeypatch.setattr(keras.applications, "MobileNetV3Small", fail)
    imagenet._not_downloaded.cache_clear()
    yield attempts
    imagenet._not_downloaded.cache_clear()


def accuracy(method, samples):
    probabilities = method.predict_proba(samples)
    assert probabilities.shape == (len(samples), 3)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    return (probabilities.argmax(axis=1) == samples.number).mean()


@pytest.mark.parametrize("model", ["forest", "svc"])
@pytest.mark.parametrize("feature", ["crop", "picture"])
def test_on_pixels(samples, model, feature):
    method = Transfer(SETTINGS | {"model": model, "feature": feature}, 3)
    details = method.fit(samples, samples)
    assert method.needs == {"crops" if feature == "crop" else "pictures"}
    assert details["features"] == 48 * 48
    assert details["balanced_rows"] == 75
    assert accuracy(method, samples) > 0.9
    assert method.size() > 1000


def test_classes_are_balanced_in_runs_that_want_it(samples):
    assert "balanced_rows" not in Transfer(SETTINGS | {"model": "forest"}, 7).fit(samples, samples)


def test_features_of_one_picture_are_those_of_several(samples):
    """One is computed on the runtime of the device; of several, Keras computes those that are new."""
    entry = layers.Input((48, 48, 1))
    values = layers.Conv2D(4, 5, 3, activation="relu")(entry)
    network = FrozenNetwork(keras.Model(entry, layers.GlobalAveragePooling2D()(values)))
    assert network.size() > 1000
    first = network.features(samples.pictures[:20])
    both = network.features(samples.pictures[10:30])
    assert first.shape == both.shape == (20, 4)
    assert np.array_equal(first[10:], both[:10])
    assert np.ptp(both, axis=0).all()
    assert np.allclose(network.features(samples.pictures[12:13])[0], both[2], atol=1e-2)


@pytest.mark.slow
def test_on_features_of_a_frozen_network(samples, weights):
    settings = SETTINGS | {"network": "mobilenet", "model": "svc", "weights": weights}
    method = Transfer(settings, 3)
    assert method.fit(samples, samples)["features"] == 576
    assert accuracy(method, samples) > 0.6
    together = method.predict_proba(samples)
    for row in (0, 50):  # the runtime of the device answers as Keras does
        alone = method.predict_proba(samples.take(slice(row, row + 1)))
        assert np.allclose(alone[0], together[row], atol=1e-2)
    pixels = Transfer(SETTINGS | {"model": "svc"}, 3)
    pixels.fit(samples, samples)
    assert method.size() > pixels.size() + 1_000_000


@pytest.mark.slow
def test_fine_tuning(samples, weights):
    settings = SETTINGS | LEARN | {"network": "mobilenet", "unfrozen": 1, "weights": weights}
    method = Transfer(settings, 3)
    details = method.fit(samples, samples)
    assert details["epochs"] == 3
    assert accuracy(method, samples) == pytest.approx(details["validation_accuracy"], abs=0.03)
    assert method.size() > 1_000_000


@pytest.mark.parametrize("name", ["mobilenet", "resnet50"])
def test_the_last_stages_learn(name):
    network = imagenet.application_network(name, 96, None)
    learning = []
    for unfrozen in (0, 1, 2, -1):
        imagenet.freeze(network, unfrozen)
        learning.append(sum(int(np.prod(each.shape)) for each in network.trainable_weights))
    frozen, one, two, every = learning
    assert frozen == 0 < one < two < every
    if name == "resnet50":
        imagenet.freeze(network, 1)
        names = {each.name[:5] for each in network.layers if each.trainable and each.weights}
        assert names == {"conv5"}


def test_where_no_weights_are_to_be_had(samples, offline):
    method = Transfer(SETTINGS | {"network": "mobilenet", "model": "svc"}, 3)
    for _ in range(2):
        with pytest.raises(DataError, match=r"--weights.*\(no network\)"):
            method.fit(samples, samples)
    assert len(offline) == 1
    with pytest.raises(DataError, match="npm pack"):
        Transfer(SETTINGS | {"network": "faceapi", "model": "svc"}, 3).fit(samples, samples)


def test_weights_of_another_network(samples, tmp_path):
    keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2)]).save(
        tmp_path / imagenet.APPLICATIONS["mobilenet"][1]
    )
    settings = SETTINGS | {"network": "mobilenet", "model": "svc", "weights": tmp_path}
    with pytest.raises(DataError, match="no weights of MobileNetV3Small"):
        Transfer(settings, 3).fit(samples, samples)


def test_the_folder_reaches_the_experiment_but_not_its_settings(tmp_path):
    (experiment,) = experiments("transfer/mobilenet-1", quick=True)
    placed = dataclasses.replace(experiment, weights=tmp_path)
    assert placed.settings == experiment.settings
    assert "weights" not in placed.settings
    request = Request(tmp_path, tmp_path, ExtractionSetup(Preparation(), 0), 1, weights=tmp_path / "w")
    assert f"--weights {tmp_path / 'w'}" in request.command(placed.full_name, 3)


def test_a_crop_is_the_square_around_the_landmarks():
    rgb = np.full((100, 120, 3), 40, np.uint8)
    rgb[30:70, 50:90] = 200
    corners = np.array([[50, 30, 0], [90, 70, 0]], np.float32)
    crop = crop_of(rgb, np.resize(corners, (468, 3)))
    assert (crop.shape, crop.dtype) == ((64, 64), np.uint8)
    edge = 64 * 0.15 / 1.15 / 2
    assert np.isclose((crop > 120).mean(), (1 - 2 * edge / 64) ** 2, atol=0.04)
    assert crop[0, 0] == 40


def test_crops_of_the_rows(write_landmarks, tmp_path):
    """A face that was not found has no crop, and is missed."""
    pictures = np.random.default_rng(0).integers(0, 256, (3, 48, 48))
    lines = [f"{label},{' '.join(map(str, each.ravel()))},Training" for label, each in enumerate(pictures)]
    csv = tmp_path / "fer2013.csv"
    csv.write_text("\n".join(["emotion,pixels,Usage", *lines]) + "\n")
    rows = make_rows(np.arange(3), name=np.array([f"fer2013.csv:{line}" for line in (2, 3, 4)]))
    landmarks = np.random.default_rng(1).uniform(24, 50, (3, 468, 3)).astype(np.float32)
    faces = Faces(landmarks, np.array([True, False, True]))
    info = {"data": {"file": csv.name, "sha256": fingerprint(csv).sha256}, "maps": {}}
    info["preparation"] = {"scale": 1.0, "padding": 0.3}
    folder = landmarks_folder.load(write_landmarks(tmp_path / "faces", rows, [faces], **info))
    data = with_faces(folder, csv, with_crops=True)
    assert data.crops.shape == (3, 64, 64)
    assert data.crops.any(axis=(1, 2)).tolist() == [True, False, True]
    assert data.answered({"crops"}).tolist() == [True, False, True]
    assert not data.lacking({"crops"})
    some = data.samples(np.array([2]), np.arange(3), {"crops"})
    assert np.array_equal(some.crops[0], data.crops[2])
    assert some.pictures is None
    assert "--pictures" in with_faces(folder, None).lacking({"crops"})
    assert with_faces(folder, csv).crops is None


def test_face_recognition_is_computed_as_face_api_does(faceapi_package, tmp_path):
    network = recognition_network(faceapi_package)
    assert np.allclose(network(picture()[None])[0], DESCRIPTOR, atol=1e-4)
    shutil.copytree(faceapi_package / "model", tmp_path / "package" / "model")
    manifest = "face_expression_model-weights_manifest.json"
    with pytest.raises(DataError, match="SHA-256 differs"):
        read_weights(tmp_path, {manifest: "0"})
