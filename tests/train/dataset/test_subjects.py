"""Folders of landmarks, one for each subject."""

import re

import numpy as np
import pytest

from edge.core.errors import DataError
from evaluation.label_sets import EMOTIONS
from train.cli import main
from train.dataset import landmarks_folder
from train.dataset.subjects import Sequence68, extract_subjects, is_subjects, read, to_rows


def face(seed):
    """float32 (68, 2), with two decimals, as the files have them."""
    points = np.random.default_rng(seed).uniform(100, 400, (68, 2))
    return points.round(2).astype(np.float32)


def line(points, *before, separator=";", end=""):
    return separator.join([*map(str, before), *(f"{value:.2f}" for value in points.ravel())]) + end


def write(path, *lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


def load(path, mapping=None):
    bad: list[str] = []
    return list(read(path, bad.append, mapping)), bad


@pytest.fixture
def lille(tmp_path):
    """Two subjects as ``CK+_lands`` has them: separators at the line ends, sequences without a label."""
    root = tmp_path / "CK+"
    write(root / "emotion.csv", "subject;file;emotion", "S010;2;3", "S010;4;1", "S011;1;6")
    write(
        root / "S010" / "omlands.csv",
        *[line(face(10 + i), 1, end=";") for i in range(2)],
        *[line(face(20 + i), 2, end=";") for i in range(3)],
        line(face(40), 4, end=";"),
    )
    write(root / "S011" / "omlands.csv", line(face(50), 1), line(face(51), 1))
    return root


def test_the_known_layout(lille):
    sequences, bad = load(lille)
    assert [(s.subject, s.sequence, s.label, len(s.landmarks)) for s in sequences] == [
        ("S010", "2", "surprise", 3),
        ("S010", "4", "happy", 1),
        ("S011", "1", "sad", 2),
    ]
    first = sequences[0].landmarks
    assert (first.dtype, first.shape) == (np.float32, (3, 68, 2))
    assert np.array_equal(first, np.stack([face(20), face(21), face(22)]))
    assert bad == [f"{lille}: 1 sequences without an emotion excluded"]
    assert is_subjects(lille)
    assert not is_subjects(lille / "S010")


def test_written_again_by_pandas_as_floats(lille):
    write(lille / "S011" / "omlands.csv", line(face(50), "1.0"), line(face(51), "1.0"))
    assert [s.sequence for s in load(lille)[0]] == ["2", "4", "1"]


@pytest.mark.parametrize("code", ["0", "7", "angst", "1.5"])
def test_an_unknown_number_is_no_guess(lille, code):
    write(lille / "emotion.csv", "subject;file;emotion", f"S010;2;{code}")
    with pytest.raises(DataError, match=f"emotion.csv:2: unknown emotion '{code}'.*1 happy.*mapping file"):
        load(lille)


def test_a_mapping_overrides_the_numbers(lille, tmp_path):
    mapping = tmp_path / "map.toml"
    mapping.write_text('[classes]\n3 = "disgust"\n1 = ""\n')
    sequences, _ = load(lille, mapping)
    assert [s.label for s in sequences] == ["disgust", "sad"]


def test_emotions_by_name_commas_and_another_order(lille):
    write(lille / "emotion.csv", "emotion,subject,file", "Anger,S010,002", "contempt,S011,1")
    write(lille / "S011" / "omlands.csv", line(face(50), 1, separator=","))
    assert [(s.subject, s.label) for s in load(lille)[0]] == [("S010", "angry"), ("S011", "contempt")]


def test_an_emotion_file_without_its_columns(lille):
    write(lille / "emotion.csv", "S010;2;3")
    with pytest.raises(DataError, match="header with the columns subject, file, emotion"):
        load(lille)


def test_labels_without_landmarks_are_named(lille):
    write(lille / "emotion.csv", "subject;file;emotion", "S010;2;3", "S010;9;3", "S099;1;1")
    sequences, bad = load(lille)
    assert len(sequences) == 1
    assert "no frames of the sequence '9'" in bad[0]
    assert "no S099/omlands.csv" in bad[1]
    assert "3 sequences without an emotion" in bad[2]


class TestOwnEmotions:
    """An emotion file in each subject's folder."""

    @pytest.mark.parametrize("emotion", ["5", "happy", "Happiness", "5.0000000e+00", "emotion\n5"])
    def test_one_for_all_frames(self, tmp_path, emotion):
        write(tmp_path / "S001" / "emotion.csv", emotion)
        write(tmp_path / "S001" / "omlands.csv", *[line(face(i)) for i in range(4)])
        (sequence,), bad = load(tmp_path)
        assert (sequence.label, len(sequence.landmarks), sequence.sequence, bad) == ("happy", 4, "", [])

    def test_a_first_column_is_then_the_frame(self, tmp_path):
        write(tmp_path / "S001" / "emotion.csv", "7")
        write(tmp_path / "S001" / "omlands.csv", *[line(face(i), i) for i in range(4)])
        (sequence,), _ = load(tmp_path)
        assert (sequence.label, len(sequence.landmarks)) == ("surprise", 4)

    @pytest.mark.parametrize("lines", [["1;4", "2;7"], ["emotion,file", "fear,1", "surprise,2"]])
    def test_one_for_each_sequence(self, tmp_path, lines):
        write(tmp_path / "S001" / "emotion.csv", *lines)
        write(tmp_path / "S001" / "omlands.csv", *[line(face(i), 1 + i // 2) for i in range(4)])
        assert [(s.sequence, s.label) for s in load(tmp_path)[0]] == [("1", "fear"), ("2", "surprise")]

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (None, "no .*emotion.csv"),
            ("", "is empty"),
            ("8", "unknown emotion '8'"),
            ("5\n6", "second emotion"),
        ],
    )
    def test_a_subject_without_a_usable_one_is_excluded(self, tmp_path, content, message):
        for subject in ("S001", "S002"):
            write(tmp_path / subject / "emotion.csv", "happy")
            write(tmp_path / subject / "omlands.csv", line(face(1)))
        (tmp_path / "S001" / "emotion.csv").unlink()
        if content is not None:
            write(tmp_path / "S001" / "emotion.csv", content)
        sequences, bad = load(tmp_path)
        assert [s.subject for s in sequences] == ["S002"]
        assert len(bad) == 1
        assert re.search(message, bad[0])


class TestColumns:
    """Of the landmarks."""

    @pytest.fixture
    def read_one(self, tmp_path):
        def read_one(*lines):
            write(tmp_path / "S001" / "emotion.csv", "happy")
            write(tmp_path / "S001" / "omlands.csv", *lines)
            return load(tmp_path)

        return read_one

    @pytest.mark.parametrize("first", [0, 1])
    def test_a_header_gives_the_order(self, read_one, first):
        points = face(3)
        names = [f"{axis}_{first + i}" for axis in "xy" for i in range(68)]
        header = ", ".join(["frame", "confidence", *names, "X_0"])
        row = ", ".join(["1", "0.9", *(f"{value:.2f}" for value in points.T.ravel()), "5"])
        (sequence,), bad = read_one(header, row)
        assert bad == []
        assert np.array_equal(sequence.landmarks[0], points)

    @pytest.mark.parametrize(
        "header",
        ["a,b,c", "x_" + "9" * 5000, ",".join(f"{a}_{i}" for a in "xy" for i in range(67)), "file;1;2"],
    )
    def test_a_header_without_all_points(self, read_one, header):
        with pytest.raises(DataError, match="no usable sequence"):
            read_one(header, line(face(1), separator=","))

    @pytest.mark.parametrize("count", [0, 1, 134, 135, 138, 204])
    def test_another_number_of_columns(self, read_one, tmp_path, count):
        with pytest.raises(DataError, match="no usable sequence"):
            read_one(";".join(["1.5"] * count))
        bad: list[str] = []
        with pytest.raises(DataError):
            list(read(tmp_path, bad.append))
        assert f"has {count} columns" in bad[0]

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda text: text + ";1", "expected 137 fields, found 138"),
            (lambda text: "nan" + text[text.index(";") :], "'nan' is not a coordinate"),
            (lambda text: "1e999" + text[text.index(";") :], "'1e999' is not a coordinate"),
            (lambda text: "1e31" + text[text.index(";") :], "'1e31' is not a coordinate"),
            (lambda text: "x" + text[text.index(";") :], "is not a coordinate"),
            (lambda text: "x" * 5000 + text[text.index(";") :], f"'{'x' * 20}' is not a coordinate"),
            (lambda text: ";".join(["5"] * 136), "one place"),
        ],
    )
    def test_a_bad_line_leaves_its_sequence_out(self, lille, change, message):
        lines = [change(line(face(1))), line(face(2))]
        with (lille / "S010" / "omlands.csv").open("a") as file:
            file.writelines(f"4;{text}\n" for text in lines)
        sequences, bad = load(lille)
        assert [s.sequence for s in sequences] == ["2", "1"]
        assert bad[0].startswith(f"{lille / 'S010' / 'omlands.csv'}:7: ")
        assert message in bad[0]


def test_long_names_stay_one_line(lille):
    write(
        lille / "emotion.csv",
        "subject;file;emotion",
        "S010;2;3",
        f"S010;{'9x' * 5000};3",
        f"{'s' * 9000};1;1",
    )
    _, bad = load(lille)
    assert max(map(len, bad)) < 500
    write(lille / "emotion.csv", "subject;file;emotion", f"S010;2;{'x' * 5000}")
    with pytest.raises(DataError, match=r"unknown emotion 'x{20}',"):
        load(lille)


def test_no_such_layout(tmp_path):
    with pytest.raises(DataError, match=r"has no landmarks: expected .*/<subject>/omlands\.csv"):
        load(tmp_path)


def test_rows_are_the_first_and_the_last_frame():
    frames = np.stack([face(1), face(2), face(3)])
    rows, faces = to_rows(
        [Sequence68(frames, "angry", "S001", "4"), Sequence68(frames[:1], "sad", "S002", "")]
    )
    assert [EMOTIONS[label] for label in rows.label] == ["neutral", "angry", "sad"]
    assert rows.name.tolist() == ["S001/4:0", "S001/4:2", "S002:0"]
    assert rows.subject.tolist() == ["S001", "S001", "S002"]
    assert rows.sequence.tolist() == ["S001/4", "S001/4", "S002"]
    assert rows.split.tolist() == ["all"] * 3
    assert not rows.votes.any()
    assert rows.picture_hash[0] == rows.picture_hash[2] != rows.picture_hash[1]
    assert np.array_equal(faces.landmarks, frames[[0, 2, 0]])
    assert faces.maps == {}
    assert faces.found.all()


class TestExtract:
    def test_again_replaces_it(self, lille, tmp_path):
        out = tmp_path / "landmarks"
        extract_subjects(lille, out)
        first = landmarks_folder.load(out).info["data"]["sha256"]
        write(lille / "emotion.csv", "subject;file;emotion", "S010;2;3")
        extract_subjects(lille, out)
        again = landmarks_folder.load(out)
        assert len(again.rows) == 2
        assert again.info["data"]["sha256"] != first

    def test_nothing_is_left_of_a_failure(self, lille, tmp_path):
        write(lille / "emotion.csv", "subject;file;emotion", "S010;2;77")
        with pytest.raises(DataError):
            extract_subjects(lille, tmp_path / "out" / "landmarks")
        assert list((tmp_path / "out").iterdir()) == []

    def test_another_folder_is_not_replaced(self, lille, tmp_path):
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine" / "letter.txt").write_text("dear")
        with pytest.raises(DataError, match="no landmarks folder"):
            extract_subjects(lille, tmp_path / "mine")
        assert (tmp_path / "mine" / "letter.txt").exists()


def test_by_the_command(lille, command, tmp_path):
    """``mien train extract`` on such a folder, with a mapping; no face models are needed."""
    mapping = tmp_path / "map.toml"
    mapping.write_text('[classes]\n3 = "disgust"\n')
    out = tmp_path / "landmarks"
    code, printed, error = command(main, "extract", lille, "--out", out, "--classes", mapping)
    assert (code, printed) == (0, f"5 rows, 1 problems → {out}\n")
    assert error == f"warning: {lille}: 1 sequences without an emotion excluded\n"
    folder = landmarks_folder.load(out)
    assert folder.info["data"]["file"] == "CK+"
    assert (folder.views, folder.info["skipped"], folder.info["preparation"]) == (0, 1, None)
    assert np.array_equal(folder.faces().landmarks[1], face(22))
    names = [EMOTIONS[label] for label in folder.rows.label]
    assert names == ["neutral", "disgust", "happy", "neutral", "sad"]
    assert folder.rows.subject.tolist() == ["S010"] * 3 + ["S011"] * 2
    assert folder.faces().landmarks.shape == (5, 68, 2)

    (lille / "emotion.csv").unlink()
    code, _, error = command(main, "extract", lille, "--out", out)
    assert code == 1
    assert error.startswith(f"error: {lille} has no usable sequence: no {lille / 'S010'}/emotion.csv: ")
    assert error.count("\n") == 1
    assert len(landmarks_folder.load(out).rows) == 5  # as before
