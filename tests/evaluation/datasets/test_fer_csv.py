"""The FER2013 csv files, good and bad, as users have them."""

from pathlib import Path

import numpy as np
import pytest

from edge.core.errors import DataError
from evaluation import read_dataset
from tests.evaluation.data_sets import read

VOTES_HEADER = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"


def pixels(value: int) -> str:
    return " ".join([str(value)] * 2304)


def write(path: Path, header: str, *rows: str) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def write_votes(fer: Path, *rows: str) -> Path:
    return write(fer.with_name("fer2013new.csv"), VOTES_HEADER, *rows)


def of(usage: str, *votes: int) -> str:
    """A row of votes; those that are not given are 0."""
    return ",".join([usage, "fer.png", *map(str, votes), *["0"] * (10 - len(votes))])


@pytest.fixture
def fer(tmp_path):
    return write(
        tmp_path / "fer2013.csv",
        "emotion,pixels,Usage",
        f"0,{pixels(1)},Training",
        f"3,{pixels(2)},PublicTest",
        f"6,{pixels(255)},PrivateTest",
    )


def test_rows_in_file_order(fer):
    samples, bad = read(fer)
    assert bad == []
    assert [(s.label, s.split, s.name, s.votes) for s in samples] == [
        ("angry", "Training", "fer2013.csv:2", None),
        ("happy", "PublicTest", "fer2013.csv:3", None),
        ("neutral", "PrivateTest", "fer2013.csv:4", None),
    ]
    assert samples[2].picture.dtype == np.uint8
    assert samples[2].picture.shape == (48, 48)
    assert (samples[2].picture == 255).all()


def test_pixels_fill_the_picture_line_by_line(tmp_path):
    values = [i % 256 for i in range(2304)]
    path = write(tmp_path / "f.csv", "emotion,pixels,Usage", f"0,{' '.join(map(str, values))},Training")
    (sample,), _ = read(path)
    assert sample.picture[0, :3].tolist() == [0, 1, 2]
    assert sample.picture[1, 0] == 48


def test_a_mapping_file_is_for_folders(fer, tmp_path):
    mapping = tmp_path / "map.toml"
    mapping.write_text('[classes]\n0 = "angry"\n')
    with pytest.raises(DataError, match="a mapping file is for class folders"):
        read_dataset(fer, on_bad=print, mapping=mapping)


def test_one_split(fer):
    samples, _ = read(fer, "PublicTest")
    assert [s.name for s in samples] == ["fer2013.csv:3"]


def test_unknown_split_names_those_that_are_there(fer):
    with pytest.raises(DataError, match="no split 'test': it has PrivateTest, PublicTest, Training"):
        read(fer, "test")


def test_icml_header_with_spaces_and_another_order(tmp_path):
    path = write(tmp_path / "icml_face_data.csv", "emotion, Usage, pixels", f"5, Training, {pixels(7)}")
    (sample,), bad = read(path)
    assert (sample.label, sample.split, int(sample.picture[0, 0]), bad) == ("surprise", "Training", 7, [])


def test_windows_line_ends_quotes_and_a_byte_order_mark(tmp_path):
    path = tmp_path / "fer2013.csv"
    path.write_bytes(f'\ufeffemotion,pixels,Usage\r\n4,"{pixels(9)}",Training\r\n\r\n'.encode())
    (sample,), bad = read(path)
    assert (sample.label, sample.split, bad) == ("sad", "Training", [])


def short_pixels():
    return " ".join(["1"] * 2303)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (f"0,{short_pixels()},Training", "expected 2304 pixels, found 2303"),
        (f"0,{short_pixels()} x,Training", "pixel 'x' is not a whole number 0…255"),
        (f"0,{short_pixels()} 256,Training", "pixel '256' is not a whole number"),
        (f"0,{short_pixels()} -1,Training", "pixel '-1' is not a whole number"),
        (f"0,{short_pixels()} 1.5,Training", "pixel '1.5' is not a whole number"),
        (f"0,{short_pixels()} +5,Training", "pixel '+5' is not a whole number"),
        (f"0,{short_pixels()} 1_0,Training", "pixel '1_0' is not a whole number"),
        (f"0,{short_pixels()} ٣,Training", "pixel '٣' is not a whole number"),
        (f"0,{short_pixels()} {'9' * 5000},Training", "pixel '99999999999999999999' is not a whole number"),
        ("0,,Training", "expected 2304 pixels, found 0"),
        (f"7,{pixels(1)},Training", "unknown class '7'"),
        (f"hungry,{pixels(1)},Training", "unknown class 'hungry', expected 0…6 or an emotion"),
        (f"1.5,{pixels(1)},Training", "unknown class '1.5'"),
        (f",{pixels(1)},Training", "unknown class ''"),
        (f"٣,{pixels(1)},Training", "unknown class '٣'"),
        (
            f"{'9' * 5000},{pixels(1)},Training",
            "unknown class '99999999999999999999', expected 0…6 or an emotion",
        ),
        ("0", "expected 3 fields, found 1"),
        (f"0,{pixels(1)},Training,more", "expected 3 fields, found 4"),
        (f'0,"{short_pixels()},Training', "expected 3 fields, found 2"),
        (f"0,{pixels(1)}", "expected 3 fields, found 2"),
        (f'0,"[{short_pixels()} ...]",Training', "pixel '...' is not a whole number"),
        ("\x00\x01\x02", "expected 3 fields"),
    ],
)
def test_a_bad_row_is_named_once_and_the_others_are_read(tmp_path, row, reason):
    good = f"0,{pixels(1)},Training"
    path = write(tmp_path / "fer2013.csv", "emotion,pixels,Usage", good, row, good)
    samples, bad = read(path)
    assert [s.name for s in samples] == ["fer2013.csv:2", "fer2013.csv:4"]
    assert len(bad) == 1
    assert bad[0].startswith(f"{path}:3: ")
    assert reason in bad[0]
    assert len(bad[0]) < 300


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("emotion,Usage", "'emotion,usage'"),
        ("pixels,Usage", "'pixels,usage'"),
        ("a,b\x1b,c", r"'a,b\x1b,c'"),
        ("", "'0,1 1 1"),
    ],
)
def test_a_missing_column_names_the_expected_ones(tmp_path, header, found):
    path = write(tmp_path / "fer2013.csv", header, f"0,{pixels(1)},Training")
    with pytest.raises(
        DataError, match=r"lacks the column .* expected emotion,pixels,Usage, found "
    ) as error:
        read(path)
    assert found in str(error.value)
    assert len(str(error.value)) < 400


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("emotion,pixels,Usage,emotion_name", "0,{},Training,Angry"),
        ("emotion,pixels,Usage,note", "0,{},Training"),
        (",emotion,pixels,Usage", "17,0,{},Training"),
        ("emotion,pixels,Usage,", "0,{},Training,"),
        ("emotion,pixels,Usage", "0,{},Training,,"),
        ('note,"emotion","pixels","Usage"', '"a, b","0","{}","Training"'),
        ("emotion;pixels;Usage", "0;{};Training"),
        ("Usage\temotion\tpixels", "Training\t0\t{}"),
        ("Emotion,PIXELS,usage", "angry,{},Training"),
        ("emotion,pixels,Usage", " Anger ,{},Training"),
        ("emotion,pixels,Usage", "0.0,{},Training"),
        ("emotion,pixels,emotion,Usage", "0,{},3,Training"),
    ],
)
def test_files_that_went_through_other_hands(tmp_path, header, row):
    samples, bad = read(write(tmp_path / "f.csv", header, row.format(pixels(7))))
    assert [(s.label, s.split, int(s.picture[9, 9])) for s in samples] == [("angry", "Training", 7)]
    assert bad == []


@pytest.mark.parametrize("text", ["70.0 ", "70. ", "70.000 ", "070 ", "70, "])
def test_whole_numbers_with_decimals_and_lists(tmp_path, text):
    path = write(tmp_path / "f.csv", "emotion,pixels,Usage", f'3,"[{(text * 2304).rstrip(" ,")}]",Training')
    (sample,), bad = read(path)
    assert ((sample.picture == 70).all(), bad) == (True, [])


def test_without_usage_all_rows_are_one_split(tmp_path):
    path = write(tmp_path / "f.csv", "emotion,pixels,fold", f"0,{pixels(1)},2", f"contempt,{pixels(2)},3")
    samples, bad = read(path)
    assert [(s.label, s.split) for s in samples] == [("angry", "all"), ("contempt", "all")]
    expected = "no column 'Usage' in 'emotion,pixels,fold'; all rows are in the split 'all'"
    assert bad == [f"{path}: {expected}"]


def test_an_error_has_the_first_reasons(tmp_path):
    path = write(tmp_path / "f.csv", "emotion,pixels,Usage", *["0,0.1 0.2,Training"] * 5)
    with pytest.raises(DataError) as error:
        read(path)
    reasons = "; ".join(f"{path}:{line}: expected 2304 pixels, found 2" for line in (2, 3, 4))
    assert str(error.value) == f"{path} has no usable picture: {reasons}; and 2 more"


def test_a_usage_that_a_terminal_cannot_show(tmp_path):
    path = write(tmp_path / "f.csv", "emotion,pixels,Usage", f"0,{pixels(1)},a\x1b[31m")
    assert [s.split for s in read(path, "a\x1b[31m")[0]] == [r"a\x1b[31m"]


def test_a_header_with_gaps(tmp_path):
    path = write(
        tmp_path / "gaps.csv", "emotion,,Usage,,pixels", f"0,Training,{pixels(1)}", f"1,,a,,{pixels(2)}"
    )
    samples, bad = read(path)
    assert [sample.label for sample in samples] == ["disgust"]
    assert bad == [f"{path}:2: expected 5 fields, found 3"]


def test_a_line_without_end_is_not_read_into_memory(tmp_path):
    path = write(tmp_path / "fer2013.csv", "emotion,pixels,Usage", "0," + "1 " * 60_000 + ",Training")
    with pytest.raises(DataError, match=r"fer2013\.csv:2 has 100000 characters or more"):
        read(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "lacks the column 'emotion'"),
        (b"emotion,pixels,Usage\n", "no usable picture"),
        (bytes(range(256)) * 100, "lacks the column"),
        (None, r"no data at .*: expected a csv file like fer2013\.csv or a folder"),
    ],
)
def test_a_file_without_pictures(tmp_path, content, message):
    if content is not None:
        (tmp_path / "f.csv").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read(tmp_path / "f.csv")


class TestVotes:
    def test_of_the_file_beside_it(self, fer):
        rows = (of("Training", 4, 0, 0, 1, 3, 2), "PublicTest,,0,0,0,0,0,0,0,0,0,10", of("PrivateTest", 10))
        write_votes(fer, *rows)
        samples, bad = read(fer)
        assert bad == []
        assert samples[0].votes == (4, 0, 0, 1, 3, 2, 0, 0, 0, 0)
        assert samples[1].votes == (0,) * 9 + (10,)

    def test_a_bad_row_keeps_its_picture(self, fer):
        bad_rows = ("Training,a.png,4,0,0,1", "PublicTest,b.png,1_0,0,0,0,0,0,0,0,0,0")
        votes = write_votes(fer, *bad_rows, of("PrivateTest", 10))
        samples, bad = read(fer)
        assert [s.votes is None for s in samples] == [True, True, False]
        assert [message.split(": ")[0] for message in bad] == [f"{votes}:2", f"{votes}:3"]

    def test_a_bad_row_of_pictures_does_not_shift_the_votes(self, fer):
        lines = fer.read_text().splitlines()
        lines[1] = "0,1 2 3,Training"
        fer.write_text("\n".join(lines) + "\n")
        write_votes(fer, of("Training", 1), of("PublicTest", 2), of("PrivateTest", 3))
        samples, _ = read(fer)
        assert [s.votes[0] for s in samples] == [2, 3]

    def without_usage(self, fer):
        lines = [line.rpartition(",")[0] for line in fer.read_text().splitlines()]
        fer.write_text("\n".join(lines) + "\n")

    def test_tell_the_splits_of_a_file_without_usage(self, fer):
        self.without_usage(fer)
        votes = write_votes(fer, of("Training", 1), "PublicTest,b.png,x", of("Private\x1bTest", 3))
        samples, bad = read(fer)
        assert [s.split for s in samples] == ["Training", "PublicTest", r"Private\x1bTest"]
        assert [s.votes and s.votes[0] for s in samples] == [1, None, 3]
        expected = f"no column 'Usage' in 'emotion,pixels'; splits are those of {votes}"
        assert bad[0] == f"{fer}: {expected}"

    @pytest.mark.parametrize(("rows", "found"), [(2, "fewer"), (4, "more")])
    def test_of_another_number_of_rows_are_refused_without_usage(self, fer, rows, found):
        """Nothing else would show that they do not belong together."""
        self.without_usage(fer)
        write_votes(fer, *[of("Training", 1)] * rows)
        with pytest.raises(DataError, match=rf"fer2013new\.csv has {found} rows than "):
            read(fer)

    def test_of_another_file_are_refused(self, fer):
        write_votes(fer, of("PublicTest", 10))
        with pytest.raises(DataError, match=r"fer2013new\.csv does not belong to .*: line 2"):
            read(fer)

    def test_too_few_are_refused(self, fer):
        write_votes(fer, of("Training", 10))
        with pytest.raises(DataError, match="fewer rows"):
            read(fer)

    def test_a_missing_column(self, fer):
        write(fer.with_name("fer2013new.csv"), VOTES_HEADER.replace(",NF", ""))
        with pytest.raises(DataError, match="lacks the column 'NF'"):
            read(fer)
