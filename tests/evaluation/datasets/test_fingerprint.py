"""Which data something was made from, and how much of it there is."""

import os

import numpy as np
import pytest

from edge.core.errors import DataError
from edge.core.files import sha256
from evaluation import fingerprint, picture_hash
from tests.evaluation.data_sets import add


def test_of_folders_counts_and_sees_every_change(tmp_path):
    add(tmp_path / "happy" / "1.png")
    add(tmp_path / "sad" / "2.png", 5)
    first = fingerprint(tmp_path)
    assert first.rows == 2
    assert fingerprint(tmp_path) == first
    add(tmp_path / "sad" / "2.png", 6)
    changed = fingerprint(tmp_path)
    assert changed.sha256 != first.sha256
    (tmp_path / "sad" / "2.png").rename(tmp_path / "sad" / "3.png")
    assert fingerprint(tmp_path).sha256 != changed.sha256


def test_of_folders_is_the_one_that_landmarks_folders_hold(tmp_path):
    for name in ("test/sad/b.png", "test/sad/a.png", "train/happy/1.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"picture")
    (tmp_path / "train" / "happy" / "notes.txt").write_text("x")
    content = [f"{name}\0007\0picture" for name in ("test/sad/a.png", "test/sad/b.png", "train/happy/1.png")]
    assert fingerprint(tmp_path).sha256 == sha256("".join(content).encode())


def test_of_a_name_that_is_not_utf_8(tmp_path):
    add(tmp_path / "happy" / "1.png")
    os.rename(tmp_path / "happy" / "1.png", os.fsencode(tmp_path) + b"/happy/\xff.png")  # noqa: PTH104
    assert fingerprint(tmp_path).rows == 1


def test_of_a_mapping(tmp_path):
    data, mapping = tmp_path / "data", tmp_path / "map.toml"
    add(data / "0" / "1.png")
    add(data / "1" / "1.png")
    with pytest.raises(DataError, match="mapping file"):
        fingerprint(data)
    mapping.write_text('[classes]\n0 = "angry"\n1 = "sad"\n')
    first = fingerprint(data, mapping)
    mapping.write_text('[classes]\n1 = "sadness"  # the same\n0 = "anger"\n')
    assert fingerprint(data, mapping) == first
    mapping.write_text('[classes]\n0 = "sad"\n1 = "angry"\n')
    assert fingerprint(data, mapping).sha256 != first.sha256
    mapping.write_text('[classes]\n0 = "angry"\n1 = ""\n')
    assert fingerprint(data, mapping).rows == 1


def test_of_affectnet_covers_the_labels(tmp_path):
    for name, code in (("1", "0"), ("2", "3")):
        add(tmp_path / "val_set" / "images" / f"{name}.png")
        (tmp_path / "val_set" / "annotations").mkdir(exist_ok=True)
        np.save(tmp_path / "val_set" / "annotations" / f"{name}_exp.npy", np.array(code))
    first = fingerprint(tmp_path)
    assert first.rows == 2
    np.save(tmp_path / "val_set" / "annotations" / "2_exp.npy", np.array("4"))
    assert fingerprint(tmp_path).sha256 != first.sha256


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_of_a_csv_counts_the_last_row_with_a_line_end_or_without(tmp_path, end):
    path = tmp_path / "fer2013.csv"
    path.write_bytes(f"emotion,pixels,Usage\n0,1,Training\n1,2,Training{end}".encode())
    assert fingerprint(path).rows == 2


def test_of_an_empty_csv(tmp_path):
    (tmp_path / "fer2013.csv").touch()
    assert fingerprint(tmp_path / "fer2013.csv").rows == 0


def test_of_a_csv_covers_the_votes(tmp_path):
    path = tmp_path / "fer2013.csv"
    path.write_text("emotion,pixels,Usage\n0,1,Training\n")
    alone = fingerprint(path)
    (tmp_path / "fer2013new.csv").write_text("Usage\n")
    assert fingerprint(path).sha256 != alone.sha256


def test_picture_hash_is_that_of_values_and_shape():
    picture = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert picture_hash(picture) == picture_hash(np.asfortranarray(picture))
    assert picture_hash(picture) != picture_hash(picture.reshape(4, 3))
    assert picture_hash(picture) != picture_hash(picture + 1)
    # Landmarks folders hold it: it must not change.
    assert picture_hash(picture) == "bb059c4236d0a739af2b0d56f8d78b97ba2738ab"
