"""What ``inspect`` says about a data set."""

import json
import os
import re
from html import unescape

import cv2
import numpy as np
import pytest

from edge.core.errors import DataError
from evaluation.label_sets import EMOTIONS
from evaluation.report import page
from tests.pages import Page
from tests.train.rows import make_rows
from train.dataset import inspect_page
from train.dataset.inspect_data import inspect, of_landmarks, of_pictures
from train.dataset.landmarks_folder import Faces

VOTES_HEADER = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"


def add(path, value, shape=(8, 8)):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full(shape, value, np.uint8))


@pytest.fixture
def folders(tmp_path):
    """Class folders with copies, a leak, two labels for one picture, and a broken file."""
    root = tmp_path / "data"
    for number in range(4):
        add(root / "train" / "happy" / f"{number}.png", 10 + number)
    add(root / "train" / "happy" / "copy.png", 10)
    add(root / "train" / "sad" / "0.png", 50, (8, 8, 3))
    add(root / "train" / "sad" / "1.png", 11)
    add(root / "test" / "happy" / "leak.png", 12)
    cv2.imwrite(str(root / "test" / "happy" / "red.png"), np.full((20, 10, 3), (0, 0, 255), np.uint8))
    (root / "test" / "happy" / "broken.png").write_bytes(b"x")
    return root


def test_classes_and_balance(folders):
    results = of_pictures(folders)
    assert results["rows"] == 9
    assert results["classes"] == {"test": {"happy": 2}, "train": {"happy": 5, "sad": 2}}
    assert results["training"] == {"happy": 5, "sad": 2}
    assert results["balance"] == {
        "weight": {"happy": pytest.approx(7 / 10), "sad": pytest.approx(7 / 4)},
        "oversampled": 5,
        "undersampled": 2,
    }
    assert results["bad"]["count"] == 1
    assert "broken.png" in results["bad"]["first"][0]


def test_duplicates_and_leaks(folders):
    assert of_pictures(folders)["duplicates"] == {
        "within": {"test": 0, "train": 2},
        "between": [{"splits": ["test", "train"], "pictures": 1}],
        "different_labels": 1,
        "first_within": [
            ["train/happy/0.png", "train/happy/copy.png"],
            ["train/happy/1.png", "train/sad/1.png"],
        ],
        "first_between": [["test/happy/leak.png", "train/happy/2.png"]],
    }


def test_sizes_and_colour(folders):
    results = of_pictures(folders)
    assert results["size"]["width"] == {"min": 8, "5%": 8, "median": 8, "95%": 10, "max": 10}
    assert results["size"]["height"]["max"] == 20
    assert sum(results["size_histogram"]["height"]["counts"]) == 9
    assert results["grey"] == pytest.approx(8 / 9)


def test_of_many_only_the_first_are_named(tmp_path):
    for number in range(30):
        add(tmp_path / "train" / "happy" / f"{number:02}.png", number // 2)
        (tmp_path / "train" / "happy" / f"x{number}.png").write_bytes(b"x")
    results = of_pictures(tmp_path)
    assert results["duplicates"]["within"] == {"train": 15}
    assert len(results["duplicates"]["first_within"]) == 10
    assert (results["bad"]["count"], len(results["bad"]["first"])) == (30, 10)


def test_votes(tmp_path):
    labels = (4, 4, 6, 6, 0)
    votes = ("0,0,0,10,0,0,0,0,0,0", "5,0,0,5,0,0,0,0,0,0", "9,0,0,1,0,0,0,0,0,0")
    votes += ("0,10,0,0,0,0,0,0,0,0", "0,0,0,0,0,0,0,0,0,0")
    path = tmp_path / "fer2013.csv"
    rows = [f"{label},{' '.join([str(i)] * 2304)},Training" for i, label in enumerate(labels)]
    path.write_text("\n".join(["emotion,pixels,Usage", *rows]))
    rows = [f"Training,fer{i}.png,{vote}" for i, vote in enumerate(votes)]
    path.with_name("fer2013new.csv").write_text("\n".join([VOTES_HEADER, *rows]) + "\n")
    figures = of_pictures(path)["votes"]
    assert figures["share"] == pytest.approx(4 / 5)
    assert figures["clear"] == pytest.approx(3 / 4)
    assert figures["agreement"] == pytest.approx(2 / 3)
    counts = dict(zip(figures["entropy"]["edges"], figures["entropy"]["counts"], strict=False))
    assert {edge: count for edge, count in counts.items() if count} == {0: 2, 0.25: 1, 1: 1}


@pytest.fixture
def landmarks(write_landmarks, tmp_path):
    found = np.array([1, 1, 0, 1, 0, 1], bool)
    rows = make_rows(
        [EMOTIONS.index(name) for name in ("happy", "happy", "happy", "sad", "sad", "sad")],
        presence=np.where(found, 0.93, 0).astype(np.float32),
        split=np.array(["train"] * 4 + ["val"] * 2),
        name=np.array([f"{i}.png" for i in range(6)]),
        picture_hash=np.array([f"{i % 5:040x}" for i in range(6)]),
        subject=np.array(["S1", "S1", "S2", "S2", "S3", "S3"]),
        sequence=np.array(["S1/1", "S1/1", "S2/1", "S2/1", "S3/1", "S3/2"]),
    )
    views = [Faces(np.zeros((6, 68, 2), np.float32), found)]
    return write_landmarks(tmp_path / "landmarks", rows, views, skipped=2)


def test_a_landmarks_folder_has_coverage(landmarks, capsys):
    results = of_landmarks(landmarks)
    assert results["classes"] == {"train": {"happy": 3, "sad": 1}, "val": {"sad": 2}}
    assert results["coverage"] == {"train": {"happy": 2, "sad": 1}, "val": {"sad": 1}}
    assert (sum(results["presence"]["counts"]), results["presence"]["counts"][18]) == (4, 4)
    assert (results["subjects"], results["sequences"], results["bad"]["count"]) == (3, 4, 2)
    assert results["duplicates"]["first_between"] == [["0.png", "5.png"]]
    inspect(landmarks, None, None)
    printed = capsys.readouterr().out
    assert re.search(r"happy +2 of 3 +66.7% +–", printed)
    assert len(Page(page.html([*inspect_page.title(results), *inspect_page.contents(results)])).plots) == 3
    assert "3 subjects, 4 sequences" in printed


def test_a_landmarks_folder_has_no_classes_to_map(landmarks):
    with pytest.raises(DataError, match="a mapping file is for class folders"):
        inspect(landmarks, None, landmarks / "map.toml")


def test_an_unfinished_landmarks_folder(landmarks):
    (landmarks / "info.json").unlink()
    with pytest.raises(DataError, match="is not finished"):
        inspect(landmarks, None, None)


def test_the_page_and_the_file(folders, tmp_path, capsys):
    odd = folders.with_name("<b>&data")
    folders.rename(odd)
    inspect(odd, tmp_path / "out", None)
    printed = capsys.readouterr().out
    assert re.search(r"happy +2 +5 +7 +77.8%", printed)
    assert "leak: test/happy/leak.png = train/happy/2.png" in printed
    titles = ["CLASSES", "BALANCE OF THE TRAINING ROWS", "IDENTICAL PICTURES", "PICTURE SIZE", "PROBLEMS"]
    assert [block.splitlines()[0] for block in printed.split("\n→")[0].rstrip().split("\n\n")] == titles
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["index.html", "inspect.json"]
    assert json.loads((tmp_path / "out" / "inspect.json").read_text()) == of_pictures(odd)
    found = Page((tmp_path / "out" / "index.html").read_text())
    assert len(found.plots) == 4
    assert found.headings[0] == (1, "<b>&data")
    assert "9 labelled rows" in found.text
    shown = re.sub(r"<[^>]+>", " ", (tmp_path / "out" / "index.html").read_text())
    shown = unescape(shown).upper().split()
    assert [word for word in printed.split("\n→")[0].split() if word.upper() not in shown] == []


def test_only_its_own_page_is_replaced(folders, tmp_path):
    out = tmp_path / "site"
    inspect(folders, out, None)
    inspect(folders, out, None)
    (out / "inspect.json").unlink()
    (out / "index.html").write_text("my home page")
    with pytest.raises(DataError, match=r"index.html .*not written by this program"):
        inspect(folders, out, None)
    assert [entry.name for entry in out.iterdir()] == ["index.html"]
    (out / "index.html").unlink()
    (out / "inspect.json").write_text('{"mine": 1}')
    with pytest.raises(DataError, match=r"inspect.json .*not written by this program"):
        inspect(folders, out, None)
    assert (out / "inspect.json").read_text() == '{"mine": 1}'


@pytest.mark.parametrize("split", ["$x_{$", "_hidden"])
def test_a_split_of_any_name_is_in_the_plot(tmp_path, split):
    add(tmp_path / "data" / split / "happy" / "1.png", 1)
    inspect(tmp_path / "data", tmp_path / "out", None)
    drawn = Page((tmp_path / "out" / "index.html").read_text()).plots
    assert split in drawn[0]


def test_names_that_a_terminal_or_a_page_cannot_show(tmp_path, capsys):
    data = tmp_path / "data"
    for name in (b"tr\xe9/happy/\xe9.png", b"tr\xe9/happy/x\n\x1b[31m.png", b"tr\xe9/sad/1.png"):
        path = data / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cv2.imencode(".png", np.zeros((9, 9), np.uint8))[1].tobytes())
    (path.parent / os.fsdecode(b"bad\n\xe9.png")).touch()
    inspect(data, tmp_path / "out", None)
    printed = capsys.readouterr().out
    found = Page((tmp_path / "out" / "index.html").read_text("utf-8"))
    for text in (printed, found.text):
        assert r"copy: tr\udce9/happy/x\n\x1b[31m.png = tr\udce9/happy/\udce9.png" in text
        assert "\x1b" not in text
        assert r"sad/bad\n\udce9.png is empty" in text
    assert r"tr\udce9" in found.plots[0]
    json.loads((tmp_path / "out" / "inspect.json").read_text("utf-8"))


def test_data_without_training_rows(tmp_path, capsys):
    add(tmp_path / "test" / "happy" / "1.png", 1)
    inspect(tmp_path, None, None)
    assert "no split of this data is used for training" in capsys.readouterr().out


def test_a_mapping(tmp_path):
    add(tmp_path / "data" / "0" / "1.png", 1)
    mapping = tmp_path / "map.toml"
    mapping.write_text('[classes]\n0 = "fear"\n')
    assert of_pictures(tmp_path / "data", mapping)["classes"] == {"all": {"fear": 1}}


def test_what_cannot_be_inspected(tmp_path):
    with pytest.raises(DataError, match="no data at"):
        inspect(tmp_path / "nothing", None, None)
    (tmp_path / "S001").mkdir()
    (tmp_path / "S001" / "omlands.csv").touch()
    with pytest.raises(DataError, match="landmarks, not pictures"):
        inspect(tmp_path, None, None)
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="is a file: name a folder"):
        inspect(tmp_path, tmp_path / "file", None)
