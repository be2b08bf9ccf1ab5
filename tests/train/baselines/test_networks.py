"""The graph network and the network on pixels."""

import dataclasses

import numpy as np
import pytest

from edge.core.features import EYE_ANCHORS
from edge.core.types import Frame
from edge.landmarks.litert import LitertBackend
from edge.landmarks.models import find_models
from edge.sources.pictures import read_picture
from tests.train.baselines.meshes import make_meshes
from train.baselines.graph.model import Graph, normalized_adjacency, tesselation
from train.baselines.method import Samples
from train.baselines.pixels.model import Pixels, drawings

SHORT = {"epochs": 2, "batch": 16, "learning_rate": 1e-2, "patience": 1, "dropout": 0.1}
PLAIN = {
    "channels": [4],
    "residual": False,
    "batch_normalization": False,
    "l1": 0.0,
    "l2": 0.0,
    "augmentation": False,
}


@pytest.fixture(scope="module")
def samples():
    """Three classes that differ in their mesh, and in which third of the picture is light."""
    rng = np.random.default_rng(0)
    number = np.arange(90) % 3
    mesh = make_meshes(rng, number, spread=8)
    pictures = rng.integers(0, 60, (90, 48, 48), np.uint8)
    for picture, label in zip(pictures, number, strict=True):
        picture[16 * label : 16 * label + 16] += 150
    return Samples(number, mesh, pictures=pictures)


def check(method, samples, accuracy=0.9):
    details = method.fit(samples, samples)
    probabilities = method.predict_proba(samples)
    assert probabilities.shape == (len(samples), 3)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    right = (probabilities.argmax(axis=1) == samples.number).mean()
    assert right > accuracy
    assert right == pytest.approx(details["training_accuracy"], abs=0.02)  # TFLite answers as Keras does
    assert method.size() > 1000
    return probabilities


@pytest.mark.parametrize("depth", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_graph(samples, depth):
    method = Graph(SHORT | {"channels": [4, 4], "depth": depth}, 3)
    probabilities = check(method, samples)
    deeper = samples.landmarks.copy()
    deeper[..., 2] *= 3
    other = method.predict_proba(dataclasses.replace(samples, landmarks=deeper))
    assert np.array_equal(probabilities, other) != depth


def test_edges_join_points_that_are_close_in_a_real_face(portrait_files):
    joined = tesselation()
    assert joined.sum() == 2 * 1322
    assert np.array_equal(joined, joined.T)
    assert not joined.diagonal().any()
    frame = Frame(read_picture(portrait_files[0]), 0, 0, "")
    (face,) = LitertBackend(find_models()).find(frame)
    place = face.landmarks[:, :2]
    distance = np.linalg.norm(place[:, None] - place[None], axis=2)
    eyes = distance[EYE_ANCHORS[468]]
    assert distance[joined].max() < 0.6 * eyes
    assert distance[joined].mean() < 0.15 * eyes < 0.5 * distance.mean()


def test_adjacency():
    weights = normalized_adjacency(tesselation())
    assert np.allclose(weights, weights.T)
    assert np.linalg.eigvalsh(weights).max() == pytest.approx(1, abs=1e-4)


ALL = {"residual": True, "batch_normalization": True, "l1": 1e-5, "l2": 1e-5}


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{}, ALL])
def test_pixels(samples, changes):
    check(Pixels(SHORT | PLAIN | {"feature": "picture"} | changes, 3), samples, accuracy=0.8)


@pytest.mark.parametrize("changes", [{}, ALL])
def test_the_network_of_pixels_has_what_the_settings_say(changes):
    model = Pixels(SHORT | PLAIN | {"feature": "picture"} | changes, 3).build((48, 48, 1))
    kinds = {type(layer).__name__ for layer in model.layers}
    assert model.output_shape == (None, 3)
    assert ({"BatchNormalization", "Add"} <= kinds) == bool(changes)


def test_augmentation_is_of_the_training_only(samples):
    method = Pixels(SHORT | PLAIN | {"feature": "picture", "augmentation": True}, 3)
    x = method.inputs(samples)
    assert x.mean() == pytest.approx(0, abs=1e-4)
    assert not np.array_equal(method.augmented(x, np.random.default_rng(0)), x)
    assert np.array_equal(method.inputs(samples), x)


def test_drawings(samples):
    drawn = drawings(samples.landmarks)
    assert drawn.shape == (90, 48, 48)
    assert drawn[0].sum() > 30
    assert not np.array_equal(drawn[0], drawn[1])
    assert Pixels(SHORT | PLAIN | {"feature": "drawing"}, 3).needs == {"landmarks"}


def test_drawings_show_parts_of_a_pixel(samples):
    face = samples.landmarks[:1]
    moved = face + np.float32([0.3, 0, 0])  # a seventh of a pixel of the drawing, beside the fixed eyes
    moved[:, [33, 263]] = face[:, [33, 263]]
    before, after = drawings(face), drawings(moved)
    assert ((before > 0) & (before < 1)).any()
    assert not np.array_equal(before, after)


def test_drawings_without_points_that_lie_outside(samples):
    far = samples.landmarks[:1].copy()
    far[:, 13] = (1e4, -1e4, 0)
    assert 0 <= drawings(far).min() < drawings(far).max() <= 1
