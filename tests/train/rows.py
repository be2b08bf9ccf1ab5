"""Rows and faces of landmarks folders without pictures."""

import dataclasses

import numpy as np


def make_rows(label, **columns):
    """``Rows`` with these labels (indices). Without other columns: faces that were found in single pictures,
    which differ and have no votes, splits and subjects."""
    from train.dataset.landmarks_folder import Rows

    count = len(label)
    default = {
        "presence": np.ones(count, np.float32),
        "split": np.full(count, "all"),
        "votes": np.zeros((count, 10), np.uint8),
        "name": np.array([f"row {index}" for index in range(count)]),
        "picture_hash": np.array([f"{index:040x}" for index in range(count)]),
        "subject": np.full(count, ""),
        "sequence": np.full(count, ""),
    }
    return Rows(label=np.array(label, np.uint8), **default | columns)


def same(a, b):
    """Assert that two ``Rows`` or ``Faces`` are the same, bit by bit."""
    first, second = (dataclasses.asdict(each) for each in (a, b))
    for arrays in (first, second):
        arrays |= arrays.pop("maps", {})
    assert first.keys() == second.keys()
    for name, array in first.items():
        assert array.dtype == second[name].dtype, name
        assert np.array_equal(array, second[name]), name
