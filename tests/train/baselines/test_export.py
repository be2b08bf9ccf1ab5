"""Baselines that become bundles."""

import numpy as np
import pytest

from convert.run_folder import read_run_folder
from edge.core.errors import DataError
from edge.core.quantize import softmax
from train.baselines.data import open_problem, with_faces
from train.baselines.export import export
from train.baselines.registry import experiments
from train.dataset import landmarks_folder

KINDS = [
    "classical/logistic-mesh",
    pytest.param("classical/mlp-mesh", marks=pytest.mark.slow),
    pytest.param("graph/mesh-flat", marks=pytest.mark.slow),
    pytest.param("pixels/texture", marks=pytest.mark.slow),
]


@pytest.fixture(scope="module")
def problem(toy_landmarks):
    return open_problem(with_faces(landmarks_folder.load(toy_landmarks), None), 7, "duplicates removed")


def fitted(name, problem):
    (experiment,) = experiments(name, quick=True)
    method, data = experiment.build(7), problem.data
    index = problem.split.training[data.faces.found[problem.split.training]][:300]
    samples = data.samples(index, problem.number, method.needs)
    method.fit(samples, samples)
    return experiment, method, index, samples


@pytest.mark.parametrize("name", KINDS)
def test_the_network_answers_as_the_method_does(problem, tmp_path, name):
    experiment, method, index, samples = fitted(name, problem)
    export(tmp_path / "run", experiment, method, problem, index, samples)
    run = read_run_folder(tmp_path / "run")
    (name,) = (each.name for each in run.device_inputs())
    assert name in method.needs
    assert run.info["settings"]["baseline"] == experiment.full_name
    without_face = int((~problem.data.faces.found[problem.split.training]).sum())
    assert run.info["rows"]["training"] == 300
    assert run.info["rows"]["training_without_face"] == without_face
    found = run.evaluation["PublicTest"]
    logits = run.predict({name: found.inputs[name][found.found]})
    rows = problem.split.evaluation["PublicTest"]
    rows = rows[problem.data.faces.found[rows]]
    expected = method.predict_proba(problem.data.samples(rows, problem.number, method.needs))
    assert np.allclose(softmax(logits), expected, atol=0.02)
    assert np.allclose(logits.mean(axis=1), 0, atol=1e-4)  # a smaller range for int8


def test_a_class_without_samples_is_refused(problem, tmp_path):
    (experiment,) = experiments("classical/logistic-mesh", quick=True)
    index = problem.split.training
    index = index[problem.data.faces.found[index] & (problem.number[index] < 5)]
    method = experiment.build(7)
    samples = problem.data.samples(index, problem.number, method.needs)
    method.fit(samples, samples)
    with pytest.raises(DataError, match="only 5 classes"):
        export(tmp_path / "run", experiment, method, problem, index, samples)


def test_what_is_exported():
    exported = {each.full_name for each in experiments(None, quick=False) if each.exports}
    assert exported == {
        "classical/logistic-mesh",
        "classical/logistic-mesh-decay",
        "classical/mlp-mesh",
        "classical/mlp-mesh-decay",
        "graph/mesh",
        "graph/mesh-flat",
        "pixels/texture",
    }
