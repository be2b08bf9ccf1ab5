"""Inputs of the network and their standardization."""

import dataclasses

import numpy as np
import pytest

from edge.core import features
from edge.core.errors import DataError
from edge.head.inputs import INPUTS, maps_of
from train.dataset import landmarks_folder
from train.dataset.inputs import read_inputs, standardization, take, with_feature_noise


@pytest.fixture(scope="module")
def folder(toy_landmarks):
    return landmarks_folder.load(toy_landmarks)


def test_features_are_the_devices(folder):
    faces = folder.faces(maps=maps_of(INPUTS))
    inputs = read_inputs(faces, ("fine_map", "landmarks", "coarse_map"))
    assert list(inputs) == ["fine_map", "landmarks", "coarse_map"]
    assert np.array_equal(inputs["landmarks"][4], features.extract(faces.landmarks[4]))
    assert not inputs["landmarks"][~faces.found].any()
    assert inputs["fine_map"] is faces.maps["fine_map"]  # it is most of what there is in memory
    for name, values in inputs.items():
        assert values.shape == (504, *INPUTS[name].shape)


def test_without_any_face(folder):
    faces = folder.faces()
    nobody = dataclasses.replace(faces, found=np.zeros_like(faces.found))
    (matrix,) = read_inputs(nobody, ["landmarks"]).values()
    assert matrix.shape == (504, 1404)
    assert not matrix.any()


def test_68_points(toy_subjects):
    folder = landmarks_folder.load(toy_subjects)
    faces = folder.faces()
    (matrix,) = read_inputs(faces, ["landmarks"]).values()
    assert matrix.shape == (len(faces.found), 136)
    assert np.array_equal(matrix[4], features.align(faces.landmarks[4]).ravel())
    with pytest.raises(DataError, match=r"has no fine_map of version 1: .* --set inputs=landmarks"):
        folder.faces(maps=["fine_map"])


def test_landmarks_are_standardized_each_by_itself():
    matrix = np.random.default_rng(0).normal(3, [2, 0.1, 20, 1], (1000, 4)).astype(np.float32)
    matrix[:, 3] = 0.5
    standardize = standardization({"landmarks": matrix}, clip=2.0)
    result = standardize({"landmarks": matrix})["landmarks"]
    assert result.dtype == np.float32
    assert np.abs(result[:, :3]).max(axis=0).tolist() == [2, 2, 2]
    assert np.abs(result.mean(axis=0)).max() < 0.05
    assert (result[:, 3] == 0).all()


def test_maps_are_standardized_as_a_whole():
    rng = np.random.default_rng(0)
    maps = {
        name: rng.normal(10 * n, n + 2, (50, 5, 5, 40)).astype(np.float16)
        for n, name in enumerate(("coarse_map", "fine_map"))
    }
    standardize = standardization(maps, 2.0)
    for n, (mean, std) in enumerate(standardize.by.values()):
        assert mean == pytest.approx([10 * n], abs=0.05)
        assert std == pytest.approx([n + 2], rel=0.01)


def test_take():
    some = take({"a": np.arange(5), "b": np.arange(10, 15)}, np.array([3, 1]))
    assert {name: values.tolist() for name, values in some.items()} == {"a": [3, 1], "b": [13, 11]}


def test_noise_is_on_the_landmarks_only():
    rng = np.random.default_rng(0)
    inputs = {"landmarks": np.zeros((4, 5), np.float32), "fine_map": np.zeros((4, 7), np.float32)}
    noisy = with_feature_noise(inputs, 0.1, rng)
    assert list(noisy) == ["landmarks", "fine_map"]
    assert 0.05 < noisy["landmarks"].std() < 0.2
    assert noisy["fine_map"] is inputs["fine_map"]
    assert not inputs["landmarks"].any()
    assert with_feature_noise({"fine_map": inputs["fine_map"]}, 0.1, rng).keys() == {"fine_map"}
