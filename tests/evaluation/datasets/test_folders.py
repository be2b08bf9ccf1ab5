"""Class folders, with and without splits."""

import os
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.core.errors import DataError
from evaluation import fingerprint
from tests.evaluation.data_sets import add, read


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


def test_a_picture_that_does_not_decode_is_named_and_skipped(tmp_path):
    add(tmp_path / "happy" / "1.png")
    (tmp_path / "happy" / "2.png").write_bytes(b"not a picture")
    (tmp_path / "happy" / "3.png").touch()
    samples, bad = read(tmp_path)
    assert [s.name for s in samples] == ["happy/1.png"]
    assert len(bad) == 2
    assert "2.png" in bad[0]
    assert "3.png" in bad[1]


def test_what_a_desktop_leaves_behind_is_not_looked_at(tmp_path):
    add(tmp_path / "happy" / "1.png")
    for name in ("happy/Thumbs.db", "happy/desktop.ini", "happy/._1.png", "happy/.DS_Store", "readme.txt"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "happy" / ".cache").mkdir()
    (tmp_path / "happy" / ".cache" / "1.png").write_bytes(b"x")
    os.mkfifo(tmp_path / "happy" / "pipe.png")  # reading it would never end
    samples, bad = read(tmp_path)
    assert (len(samples), bad) == (1, [])


def test_other_files_of_the_classes_are_counted_in_one_line(tmp_path):
    add(tmp_path / "train" / "happy" / "1.png")
    for name in ("a.txt", "b.TXT", "c.heic", "without"):
        (tmp_path / "train" / "happy" / name).touch()
    (tmp_path / "train" / "sad").mkdir()
    (tmp_path / "train" / "sad" / "d.txt").touch()
    samples, bad = read(tmp_path)
    assert len(samples) == 1
    what = "excluded 5 files of no format that OpenCV reads as a picture"
    assert bad == [f"{tmp_path}: {what}: .txt 3, .heic 1, no suffix 1"]


def test_a_picture_is_one_by_its_content_too(tmp_path):
    for name in ("1.jpg_large", "2"):
        add(tmp_path / "happy" / f"{name}.png")
        (tmp_path / "happy" / f"{name}.png").rename(tmp_path / "happy" / name)
    samples, bad = read(tmp_path)
    assert ([s.name for s in samples], bad) == (["happy/1.jpg_large", "happy/2"], [])


def test_of_many_other_suffixes_a_few_are_named(tmp_path):
    add(tmp_path / "happy" / "1.png")
    for number in range(400):
        (tmp_path / "happy" / f"x.{number:04}{'y' * 100}").touch()
    _, (message,) = read(tmp_path)
    assert "400 files of no format" in message
    assert "…" in message
    assert len(message) < 600


def test_pictures_beside_the_class_folders_are_counted(tmp_path):
    add(tmp_path / "train" / "happy" / "1.png")
    for name in ("1.png", "train/1.png", "train/2.png", "unlabelled/1.png"):
        add(tmp_path / name)
    samples, bad = read(tmp_path)
    assert [s.name for s in samples] == ["train/happy/1.png"]
    assert bad == [
        f"{tmp_path}: excluded 1 pictures outside of the class folders",
        f"{tmp_path / 'train'}: excluded 2 pictures outside of the class folders",
        f"{tmp_path / 'unlabelled'}: excluded 1 pictures outside of the class folders",
    ]


class TestFoldersWithinAClass:
    def test_are_read_at_any_depth_after_the_pictures_of_the_class(self, tmp_path):
        for name in ("b.png", "S2/1.png", "S1/x/2.png", "S1/1.png", "a.png"):
            add(tmp_path / "train" / "happy" / name)
        add(tmp_path / "train" / "sad" / "sad" / "1.png")  # unpacked into a folder of its own
        samples, bad = read(tmp_path)
        assert [(s.name, s.label, s.split) for s in samples] == [
            *[
                (f"train/happy/{name}", "happy", "train")
                for name in ("a.png", "b.png", "S1/1.png", "S1/x/2.png", "S2/1.png")
            ],
            ("train/sad/sad/1.png", "sad", "train"),
        ]
        assert bad == []

    def test_of_another_class_are_named_and_excluded(self, tmp_path):
        """``neutral`` may be a light, or a person's usual face."""
        add(tmp_path / "neutral" / "happy" / "1.png")
        add(tmp_path / "neutral" / "1.png")
        samples, bad = read(tmp_path)
        assert [s.name for s in samples] == ["neutral/1.png"]
        assert bad == [f"{tmp_path / 'neutral' / 'happy'}: happy within neutral; the folder is excluded"]

    def test_splits_within_classes_are_not_mixed(self, tmp_path):
        add(tmp_path / "happy" / "train" / "1.png")
        add(tmp_path / "happy" / "Test" / "1.png")
        reason = "a split within a class, expected <split>/<class>; the folder is excluded"
        with pytest.raises(DataError, match=f"no usable picture: .*Test: {reason}; .*train: {reason}$"):
            read(tmp_path)

    def test_numbers_are_people_there(self, tmp_path, mapping):
        add(tmp_path / "0" / "1" / "1.png")
        samples, bad = read(tmp_path, mapping=mapping('[classes]\n0 = "angry"\n'))
        assert ([(s.name, s.label, s.split) for s in samples], bad) == ([("0/1/1.png", "angry", "all")], [])

    def test_links_are_followed_but_not_in_a_circle(self, tmp_path):
        data, people = tmp_path / "data", tmp_path / "people"
        add(people / "1.png")
        add(data / "happy" / "2.png")
        (data / "happy" / "people").symlink_to(people)
        (people / "again").symlink_to(data / "happy")
        samples, bad = read(data)
        assert [s.name for s in samples] == ["happy/2.png", "happy/people/1.png"]
        assert bad == [
            f"{data / 'happy' / 'people' / 'again'}: a link to a folder above it; the folder is excluded"
        ]


def test_a_broken_link_is_named_and_does_not_end_the_fingerprint(tmp_path):
    add(tmp_path / "happy" / "1.png")
    (tmp_path / "happy" / "2.png").symlink_to(tmp_path / "gone.png")
    (tmp_path / "happy" / "3.png").symlink_to(tmp_path / "happy" / "3.png")
    (tmp_path / "happy" / "4.png").symlink_to("x" * 300)
    (tmp_path / "more").symlink_to("x" * 300)
    samples, bad = read(tmp_path)
    assert len(samples) == 1
    assert [re.sub(r".*/", "", message) for message in bad] == [
        "2.png: No such file or directory",
        "3.png: Too many levels of symbolic links",
        "4.png: File name too long",
    ]
    assert fingerprint(tmp_path).rows == 4


def test_a_folder_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    add(tmp_path / "train" / "happy" / "1.png")
    add(tmp_path / "train" / "sad" / "1.png")
    (tmp_path / "lost+found").mkdir()
    scandir = os.scandir

    def refuse(path):
        if Path(path).name in ("sad", "lost+found"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    samples, bad = read(tmp_path)
    assert [s.name for s in samples] == ["train/happy/1.png"]
    assert bad == [
        f"cannot read the folder {tmp_path / name}: Permission denied; it is excluded"
        for name in ("lost+found", "train/sad")
    ]


def test_a_name_that_is_not_utf_8_still_finds_its_picture(tmp_path):
    folder = os.fsencode(tmp_path / "tr") + b"\xe9"
    (Path(os.fsdecode(folder)) / "happy").mkdir(parents=True)
    add(tmp_path / "1.png")
    os.rename(tmp_path / "1.png", folder + b"/happy/\xe9\n.png")  # noqa: PTH104
    Path(os.fsdecode(folder + b"/happy/bad\n\xe9.png")).touch()
    (sample,), (message,) = read(tmp_path)
    assert (tmp_path / sample.name).is_file()
    # Splits become names of plots and of arrays, messages are printed.
    assert sample.split == r"tr\udce9"
    assert [s.name for s in read(tmp_path, os.fsdecode(b"tr\xe9"))[0]] == [sample.name]
    assert message.endswith(r"bad\n\udce9.png is empty")


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        ([], ""),
        (["readme.txt"], ""),
        (["1.png"], "; there are pictures in {0}"),
        (["photos/x/1.png", "photos/y/1.png"], "; there are pictures in {0}/photos/x"),
        (["a/images/train/happy/1.png"], "; there are some in {0}/a/images/train: name {0}/a/images"),
        (["a/b/faces/happy/1.png"], "; there are some in {0}/a/b/faces: name {0}/a/b/faces"),
    ],
)
def test_no_class_folders(tmp_path, content, hint):
    for name in content:
        if name.endswith("png"):
            add(tmp_path / name)
        else:
            (tmp_path / name).touch()
    with pytest.raises(DataError, match=r"no class folders: expected .*/<class>/") as error:
        read(tmp_path)
    assert str(error.value).endswith("or a mapping file" + hint.format(tmp_path))


def test_an_error_has_the_first_reasons(tmp_path):
    (tmp_path / "happy").mkdir()
    for number in range(5):
        (tmp_path / "happy" / f"{number}.png").touch()
    (tmp_path / "happy" / "a.heic").touch()
    with pytest.raises(DataError) as error:
        read(tmp_path)
    reasons = "; ".join(f"not a picture: {tmp_path / 'happy' / f'{n}.png'} is empty" for n in range(3))
    assert str(error.value) == f"{tmp_path} has no usable picture: {reasons}; and 3 more"


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


@pytest.mark.parametrize("name", ["boredom", "happy_sad", "not_happy", "non-neutral", "unhappy", "happyface"])
def test_a_name_that_does_not_clearly_say_an_emotion(tmp_path, name):
    add(tmp_path / "happy" / "1.png")
    add(tmp_path / name / "1.png")
    samples, bad = read(tmp_path)
    assert [s.name for s in samples] == ["happy/1.png"]
    assert len(bad) == 1
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

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "is not a mapping file: expected a TOML file"),
            ('0 = "angry"', "is not a mapping file"),
            ("[classes]", "is not a mapping file"),
            ('[classes]\n0 = "angry"\n[more]', "is not a mapping file"),
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
