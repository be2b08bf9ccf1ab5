"""Class folders, with and without splits."""

import cv2
import numpy as np
import pytest

from edge.core.errors import DataError
from edge.data import read_dataset


def add(path, value=100, shape=(48, 48)):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full(shape, value, np.uint8))


def read(path, split=None, mapping=None):
    bad: list[str] = []
    return list(read_dataset(path, split, on_bad=bad.append, mapping=mapping)), bad


@pytest.fixture
def mapping(tmp_path_factory):
    """Writes a mapping file."""

    def write(text):
        path = tmp_path_factory.mktemp("mapping") / "map.toml"
        path.write_text(text)
        return path

    return write


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


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("face_angry", "angry"),
        ("01_Anger", "angry"),
        ("01-Happiness", "happy"),
        ("5 Surprised", "surprise"),
        ("angry_anger", "angry"),
        ("class__sad", "sad"),
    ],
)
def test_a_folder_with_an_emotion_in_its_name(tmp_path, name, label):
    add(tmp_path / name / "1.png")
    assert [(s.label, s.split) for s in read(tmp_path)[0]] == [(label, "all")]
    add(tmp_path / "sub" / "train" / name / "1.png")
    assert [(s.label, s.split) for s in read(tmp_path / "sub")[0]] == [(label, "train")]


@pytest.mark.parametrize("name", ["happy_sad", "not_happy", "non-neutral", "unhappy", "happyface"])
def test_a_name_that_does_not_clearly_say_an_emotion(tmp_path, name):
    add(tmp_path / "happy" / "1.png")
    add(tmp_path / name / "1.png")
    samples, bad = read(tmp_path)
    assert [s.name for s in samples] == ["happy/1.png"]
    assert f"{name}: unknown class" in bad[0]


def test_a_split_may_have_an_emotion_in_its_name(tmp_path):
    add(tmp_path / "part_neutral_light" / "happy" / "1.png")
    samples, _ = read(tmp_path)
    assert [(s.label, s.split) for s in samples] == [("happy", "part_neutral_light")]


class TestMapping:
    @pytest.mark.parametrize("folders", [["0", "1"], ["train/0", "train/1"]])
    def test_numbers_are_never_guessed(self, tmp_path, folders):
        for name in folders:
            add(tmp_path / name / "1.png")
        with pytest.raises(
            DataError, match=r'are numbers \(0/\).* mapping file .*`\[classes\]`, `0 = "angry"`'
        ):
            read(tmp_path)

    def test_names_numbers_and_leaves_out(self, tmp_path, mapping):
        for name in ("0", "1", "face_mad", "happy", "boredom"):
            add(tmp_path / "train" / name / "1.png")
        path = mapping('[classes]\n0 = "Sadness"\n1 = ""\nface_mad = "angry"\nhappy = "surprise"\n')
        samples, bad = read(tmp_path, mapping=path)
        assert [(s.name, s.label) for s in samples] == [
            ("train/0/1.png", "sad"),
            ("train/face_mad/1.png", "angry"),
            ("train/happy/1.png", "surprise"),
        ]
        assert len(bad) == 1
        assert "boredom: unknown class" in bad[0]

    def test_without_splits(self, tmp_path, mapping):
        add(tmp_path / "0" / "1.png")
        samples, _ = read(tmp_path, mapping=mapping('[classes]\n0 = "fear"\n'))
        assert [(s.label, s.split) for s in samples] == [("fear", "all")]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "is no mapping file: expected a TOML file"),
            ('0 = "angry"', "is no mapping file"),
            ("[classes]", "is no mapping file"),
            ('[classes]\n0 = "angry"\n[more]', "is no mapping file"),
            ("[classes]\n0 = 1", "0 must be an emotion in quotes"),
            ('[classes]\n0 = "hungry"', "unknown class 'hungry'"),
            ("[classes", "cannot read the mapping file"),
            ('[classes]\n0 = "angry"\n0 = "sad"', "cannot read the mapping file"),
            ("a." * 20_000 + "a = 1", "it has more than 1000 dots"),
            ("#" * 100_001, "it has more than 100000 bytes"),
            ("[classes]\n0 = " + "[" * 15_000, "cannot read the mapping file"),
            ("[classes]\n0 = " + "9" * 5000, "cannot read the mapping file"),
        ],
    )
    def test_a_bad_file(self, tmp_path, mapping, text, message):
        add(tmp_path / "0" / "1.png")
        with pytest.raises(DataError, match=message):
            read(tmp_path, mapping=mapping(text))

    def test_a_long_name_that_is_not_there_stays_one_line(self, tmp_path, mapping):
        add(tmp_path / "happy" / "1.png")
        _, bad = read(tmp_path, mapping=mapping(f'[classes]\n{"x" * 5000} = "angry"\n"a\\nb" = "sad"\n'))
        assert [len(message.splitlines()) for message in bad] == [1, 1]
        assert max(map(len, bad)) < 500

    def test_a_missing_file(self, tmp_path):
        add(tmp_path / "0" / "1.png")
        with pytest.raises(DataError, match="No such file"):
            read(tmp_path, mapping=tmp_path / "none.toml")


def test_pictures_of_other_splits_are_not_decoded(tmp_path):
    add(tmp_path / "test" / "happy" / "1.png")
    (tmp_path / "train" / "happy").mkdir(parents=True)
    (tmp_path / "train" / "happy" / "broken.png").write_bytes(b"x")
    samples, bad = read(tmp_path, "test")
    assert ([s.name for s in samples], bad) == (["test/happy/1.png"], [])


def test_no_picture_decodes(tmp_path):
    (tmp_path / "happy").mkdir()
    (tmp_path / "happy" / "1.png").write_bytes(b"x")
    with pytest.raises(DataError, match="no usable picture"):
        read(tmp_path)
