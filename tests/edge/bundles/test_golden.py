import hashlib

import numpy as np
import pytest

from edge.bundles import golden
from edge.core.quantize import MeanStd
from edge.core.types import InputTensor
from edge.head.inputs import INPUTS

MEAN = np.linspace(-0.7, 1.2, 1404, dtype=np.float32)
STD = np.linspace(0.001, 0.3, 1404, dtype=np.float32)
ALL = ("landmarks", "coarse_map", "fine_map")


def faces(names):
    """Made-up faces of a network that takes these."""
    inputs = [INPUTS[name] for name in names]
    tensors = [
        InputTensor(name, 1, name, INPUTS[name].shape, INPUTS[name].dtype, by)
        for name, by in zip(names, (MeanStd(MEAN, STD), None, None), strict=False)
    ]
    return golden.faces(inputs, tensors)


@pytest.mark.parametrize(
    ("names", "digest"),
    [
        (ALL[:1], "29e9abe8f79ab6f224c8b42a8902c95cc54d0bd871fabbe48912155329528a5b"),
        (ALL, "f339392d70dc09af2b6cd469e7ff686392f9667434327c24051c64647ad2f022"),
    ],
)
def test_the_bytes_are_the_same_on_every_machine(names, digest):
    """The answers in the bundles are of these very inputs: others would need a new schema."""
    hasher = hashlib.sha256()
    for face in faces(names):
        for values in face:
            hasher.update(values.astype("<f4").tobytes())
    assert hasher.hexdigest() == digest


def test_they_are_spread_as_those_of_faces_are():
    landmarks, coarse, fine = (np.array(values) for values in zip(*faces(ALL), strict=True))
    assert np.abs((landmarks - MEAN) / STD).max() < 2.001
    assert (coarse.min(), coarse.max()) == pytest.approx((-1, 15.9), abs=0.1)
    assert (fine.min(), fine.max()) == pytest.approx((-1, 4.0), abs=0.1)
    assert np.median(fine) == pytest.approx(0, abs=0.05)
    assert len(np.unique(landmarks, axis=0)) == golden.VECTORS
