"""AffectNet's layout: pictures, and a file of its own for every label."""

import io

import numpy as np
import pytest

from edge.core.errors import DataError
from evaluation import read_dataset
from tests.evaluation.data_sets import add as add_picture
from tests.evaluation.data_sets import read


def add(root, split, name, code):
    add_picture(root / split / "images" / f"{name}.jpg", shape=(9, 7, 3))
    (root / split / "annotations").mkdir(exist_ok=True)
    if code is not None:
        np.save(root / split / "annotations" / f"{name}_exp.npy", np.array(code))


def test_labels_and_splits(tmp_path):
    emotions = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry", "contempt")
    for code in range(8):
        add(tmp_path, "train_set", code, str(code))
    add(tmp_path, "val_set", 17, "1")
    np.save(tmp_path / "val_set" / "annotations" / "17_val.npy", np.array("-0.5"))
    (tmp_path / "readme").mkdir()
    samples, bad = read(tmp_path)
    assert bad == []
    assert [(s.name, s.label) for s in samples[:8]] == [
        (f"train_set/images/{code}.jpg", emotion) for code, emotion in enumerate(emotions)
    ]
    assert (samples[8].name, samples[8].split) == ("val_set/images/17.jpg", "val_set")
    assert samples[0].picture.shape == (9, 7, 3)
    assert [s.split for s in read(tmp_path, "val_set")[0]] == ["val_set"]


@pytest.mark.parametrize("code", ["6", 6, 6.0, np.uint8(6), b"6", ["6"]])
def test_a_label_is_a_number_or_text(tmp_path, code):
    add(tmp_path, "train_set", 1, code)
    assert [s.label for s in read(tmp_path)[0]] == ["angry"]


def test_pictures_without_an_emotion_are_counted_once_for_each_split(tmp_path):
    for name, code in enumerate(["1", "8", "9", "9", "10"]):
        add(tmp_path, "train_set", name, code)
    add(tmp_path, "val_set", 1, "8")
    samples, bad = read(tmp_path)
    assert len(samples) == 1
    assert bad == [
        f"{tmp_path / 'train_set'}: excluded 4 pictures without an emotion "
        "(1 'no face', 1 'none', 2 'uncertain')",
        f"{tmp_path / 'val_set'}: excluded 1 pictures without an emotion (1 'none')",
    ]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (None, "no label file 2_exp.npy"),
        ("11", "unknown label 11, expected 0…10"),
        ("-1", "unknown label -1"),
        (1.5, "unknown label 1.5"),
        ("nan", "unknown label nan"),
        ("happy", "cannot read the label file 2_exp.npy"),
        ([1, 2], "cannot read the label file 2_exp.npy"),
        (1j, "cannot read the label file 2_exp.npy"),
    ],
)
def test_a_bad_label_is_named_and_skipped(tmp_path, code, message):
    add(tmp_path, "train_set", 1, "1")
    add(tmp_path, "train_set", 2, code)
    samples, bad = read(tmp_path)
    assert [s.name for s in samples] == ["train_set/images/1.jpg"]
    assert len(bad) == 1
    assert bad[0].startswith(f"{tmp_path / 'train_set' / 'images' / '2.jpg'}: {message}")


def saved(array, **options):
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def claimed(shape):
    """The header of an array of this shape, without its numbers."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot read the label file"),
        (b"junk", "cannot read the label file"),
        (b"\x93NUMPY\x01\x00\x10\x00{'descr': '<U1'", "cannot read the label file"),
        (claimed((10**12,)), "cannot read the label file"),  # terabytes are not read into memory
        (saved(np.array("1", "<U5000")), "cannot read the label file"),  # nor a label in much padding
        (saved(np.array({"a": 1}), allow_pickle=True), "allow_pickle"),
    ],
)
def test_a_damaged_label_file(tmp_path, content, message):
    for name in (1, 2):
        add(tmp_path, "train_set", name, "1")
    (tmp_path / "train_set" / "annotations" / "2_exp.npy").write_bytes(content)
    samples, bad = read(tmp_path)
    assert (len(samples), len(bad)) == (1, 1)
    assert message in bad[0]


def test_what_lies_among_the_pictures_is_named(tmp_path):
    add(tmp_path, "train_set", 1, "1")
    images = tmp_path / "train_set" / "images"
    (images / "7").mkdir()
    for name in ("notes.txt", ".DS_Store"):
        (images / name).touch()
    samples, bad = read(tmp_path)
    assert (len(samples), len(bad)) == (1, 2)
    assert bad[0] == f"{images / '7'}: a folder among the pictures; it is excluded"
    assert bad[1] == f"{tmp_path}: excluded 1 file of no format that OpenCV reads as a picture: .txt 1"


def test_a_mapping_is_refused(tmp_path):
    add(tmp_path, "train_set", 1, "1")
    (tmp_path / "map.toml").write_text('[classes]\n0 = "sad"\n')
    with pytest.raises(DataError, match="need no mapping"):
        read_dataset(tmp_path, on_bad=print, mapping=tmp_path / "map.toml")


def test_none_with_an_emotion(tmp_path):
    add(tmp_path, "train_set", 1, "9")
    with pytest.raises(DataError, match="no usable picture"):
        read(tmp_path)
