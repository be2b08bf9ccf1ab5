"""The methods' settings, features and samples."""

from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from edge.core.errors import DataError
from edge.core.features import EYE_ANCHORS
from tests.train.baselines.meshes import make_meshes
from train import baselines
from train.baselines import points
from train.baselines.classical.model import Classical
from train.baselines.estimators import Estimator
from train.baselines.method import Samples
from train.baselines.movement.model import Movement
from train.baselines.registry import METHODS, experiments, published
from train.baselines.sampling import resampled

FOLDER = Path(baselines.__file__).parent


@pytest.fixture
def samples():
    rng = np.random.default_rng(0)
    number = np.arange(60) % 3
    mesh = make_meshes(rng, number, spread=5)
    return Samples(number, mesh, mesh[::-1])


def test_each_method_has_its_files():
    assert set(METHODS) == {path.parent.name for path in FOLDER.glob("*/model.py")}
    for method in METHODS:
        readme = (FOLDER / method / "README.md").read_text()
        assert all(word in readme for word in ("Origin", "Departs", "Published"))
        assert published(method)


def test_every_experiment_can_be_built():
    for experiment in experiments(",".join(METHODS), quick=True):
        assert experiment.needs <= {"landmarks", "mesh", "sequences", "pictures", "crops", "texture"}


def test_quick_runs_have_the_same_experiments():
    names = [[each.full_name for each in experiments(None, quick)] for quick in (False, True)]
    assert names[0] == names[1]
    assert len(set(names[0])) == len(names[0])


def test_68_points_of_the_mesh(samples):
    assert len(set(points.MESH_TO_68.tolist())) == 68
    assert tuple(points.MESH_TO_68[list(EYE_ANCHORS[68])]) == EYE_ANCHORS[468]
    assert points.represented(samples.landmarks, 68, aligned=True).shape == (60, 68, 2)
    assert np.array_equal(points.chosen(samples.landmarks, 68)[:, 36], samples.landmarks[:, 33, :2])


def test_the_eye_anchors_do_not_move(samples):
    """Standardized, their rounding errors would be features like the others."""
    moved = samples.landmarks + np.random.default_rng(0).normal(0, 1, samples.landmarks.shape)
    anchors = points.represented(moved, 468, aligned=True)[:, EYE_ANCHORS[468], :2]
    assert not np.ptp(anchors, axis=0).any()


def test_generated_faces(samples):
    faces = samples.landmarks
    base = faces.mean(axis=0)
    assert np.allclose(points.generated(faces, base, 1.0), faces, atol=1e-3)
    assert np.allclose(points.generated(faces, base, 0.0), base)
    assert np.allclose(points.generated(faces, base, 2.0) - faces, faces - base, atol=1e-3)


@pytest.mark.parametrize(("strategy", "size"), [("oversample", 30), ("undersample", 5)])
def test_resampled_classes_are_equally_large(strategy, size):
    number = np.repeat([0, 1, 2], [30, 10, 5])
    index = resampled(number, strategy)
    assert np.bincount(number[index]).tolist() == [size] * 3


@pytest.mark.parametrize("model", ["tree", "forest", "logistic", "svc", "mlp"])
@pytest.mark.parametrize("classes", [2, 3])
def test_models(samples, model, classes):
    """Classes without training samples have probability 0."""
    some = samples.take(samples.number < classes)
    method = Classical({"model": model, "points": 68, "aligned": True}, 7)
    method.fit(some, some)
    probabilities = method.predict_proba(some)
    assert probabilities.shape == (len(some), 7)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert not probabilities[:, classes:].any()
    assert (probabilities.argmax(axis=1) == some.number).mean() > 0.9
    assert method.size() > 0


@pytest.mark.parametrize("balance", ["weights", "oversample", "undersample"])
def test_balance(samples, balance):
    few = samples.take(np.r_[np.flatnonzero(samples.number < 2), np.flatnonzero(samples.number == 2)[:4]])
    method = Classical({"model": "logistic", "points": 68, "aligned": True, "balance": balance}, 3)
    method.fit(few, few)
    assert (method.predict_proba(few).argmax(axis=1) == few.number).all()


def test_a_search_keeps_the_best_and_its_limit(samples):
    x, number = samples.landmarks.reshape(60, -1), samples.number
    search = {"seconds": 60, "max_depth": [1, 5]}
    details = Estimator({"model": "tree", "search": search}, 3).fit(x, number, None, (x, number))["search"]
    assert details == {"chosen": {"max_depth": 5}, "tried": 2, "of": 2, "validation": 1.0}
    none_left = {"seconds": 0, "max_depth": [1, 5]}
    assert (
        Estimator({"model": "tree", "search": none_left}, 3).fit(x, number, None, (x, number))["search"][
            "tried"
        ]
        == 1
    )


def test_a_perceptron_is_the_same_on_any_number_of_cores():
    """More threads add in another order, and an optimizer makes much of little."""
    rng = np.random.default_rng(0)
    x, number = rng.normal(size=(400, 136)), np.arange(400) % 3

    def answers(threads):
        perceptron = Estimator({"model": "mlp", "parameters": {"max_iter": 3}}, 3)
        with threadpool_limits(threads):
            perceptron.fit(x, number, None, (x, number))
        with threadpool_limits(1):
            return perceptron.predict_proba(x)

    assert np.array_equal(answers(1), answers(2))


def test_too_few_rows_are_said(samples):
    """A perceptron that stops early holds out rows of its own: here fewer than there are classes."""
    few = samples.take(slice(0, 9))
    settings = {"model": "mlp", "points": 68, "aligned": True, "parameters": {"early_stopping": True}}
    with pytest.raises(DataError, match="9 rows"):
        Classical(settings, 3).fit(few, few)


def test_movement_is_the_difference_of_aligned_faces(samples):
    settings = {"model": "tree", "points": 468, "aligned": True, "feature": "movement"}
    still = Samples(samples.number, samples.landmarks, 2 * samples.landmarks + 5)
    assert np.allclose(Movement(settings, 3).features(still), 0, atol=1e-5)
