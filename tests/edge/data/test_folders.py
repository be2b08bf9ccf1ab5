"""Class folders, with and without splits."""

import cv2
import numpy as np
import pytest

from edge.core.errors import DataError
from edge.data import fingerprint, read_dataset


def add(path, value=100, shape=(48, 48)):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full(shape, value, np.uint8))


def read(path, split=None):
    bad: list[str] = []
    return list(read_dataset(path, split, on_bad=bad.append)), bad


def test_splits_classes_and_their_other_names(tmp_path):
    add(tmp_path / "train" / "Happiness" / "b.png")
    add(tmp_path / "train" / "happy" / "a.png")
    add(tmp_path / "test" / "fear" / "1.jpg")
    samples, bad = read(tmp_path)
    assert bad == []
    assert [(s.name, s.label, s.split) for s in samples] == [
        ("test/fear/1.jpg", "fear", "test"),
        ("train/Happiness/b.png", "happy", "train"),
        ("train/happy/a.png", "happy", "train"),
    ]
    assert [s.name for s in read(tmp_path, "test")[0]] == ["test/fear/1.jpg"]


def test_without_splits(tmp_path):
    add(tmp_path / "sad" / "1.png", 7)
    add(tmp_path / "angry" / "1.png")
    samples, _ = read(tmp_path)
    assert [(s.name, s.split) for s in samples] == [("angry/1.png", "all"), ("sad/1.png", "all")]
    assert samples[1].picture.shape == (48, 48, 3)
    assert (samples[1].picture == 7).all()


def test_an_unknown_class_is_named_and_left_out(tmp_path):
    add(tmp_path / "happy" / "1.png")
    add(tmp_path / "boredom" / "1.png")
    samples, bad = read(tmp_path)
    assert len(samples) == 1
    assert len(bad) == 1
    assert "boredom: unknown class" in bad[0]


def test_a_picture_that_does_not_decode_is_named_and_skipped(tmp_path):
    add(tmp_path / "happy" / "1.png")
    (tmp_path / "happy" / "2.png").write_bytes(b"not a picture")
    (tmp_path / "happy" / "3.png").touch()
    samples, bad = read(tmp_path)
    assert [s.name for s in samples] == ["happy/1.png"]
    assert len(bad) == 2
    assert "2.png" in bad[0]
    assert "3.png" in bad[1]


def test_files_that_are_no_pictures_are_not_looked_at(tmp_path):
    add(tmp_path / "happy" / "1.png")
    (tmp_path / "happy" / "Thumbs.db").write_bytes(b"x")
    (tmp_path / "happy" / "._1.png").write_bytes(b"x")
    (tmp_path / "readme.txt").write_text("x")
    samples, bad = read(tmp_path)
    assert (len(samples), bad) == (1, [])


@pytest.mark.parametrize("content", [[], ["photos/1.png"], ["1.png"]])
def test_no_class_folders(tmp_path, content):
    for name in content:
        add(tmp_path / name)
    with pytest.raises(DataError, match=r"no class folders: expected .*/<class>/"):
        read(tmp_path)


def test_only_empty_class_folders(tmp_path):
    (tmp_path / "happy").mkdir()
    with pytest.raises(DataError, match="no usable picture"):
        read(tmp_path)


def test_a_16_bit_and_a_transparent_picture(tmp_path):
    (tmp_path / "happy").mkdir()
    deep = np.full((20, 30), 257 * 50, np.uint16)
    cv2.imwrite(str(tmp_path / "happy" / "deep.png"), deep)
    cv2.imwrite(str(tmp_path / "happy" / "rgba.png"), np.full((20, 30, 4), 50, np.uint8))
    samples, bad = read(tmp_path)
    assert bad == []
    assert [(s.picture.shape, int(s.picture[0, 0, 0])) for s in samples] == [((20, 30, 3), 50)] * 2


def test_fingerprint_counts_and_sees_every_change(tmp_path):
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


def test_fingerprint_of_a_csv_covers_the_votes(tmp_path):
    path = tmp_path / "fer2013.csv"
    path.write_text("emotion,pixels,Usage\n0,1,Training\n1,2,Training\n")
    alone = fingerprint(path)
    assert alone.rows == 2
    (tmp_path / "fer2013new.csv").write_text("Usage\n")
    assert fingerprint(path).sha256 != alone.sha256
