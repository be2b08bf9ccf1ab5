"""Methods on damaged pictures, from two photographs to the tables of the report."""

import json

import cv2
import numpy as np
import pytest

from edge.sources.pictures import read_picture
from evaluation import Preparation
from train.baselines import damage_report, measure
from train.baselines.damage import CLEAN, HALVES, JITTER, OF_PICTURES, REGIONS, Damage, damaged_views
from train.baselines.data import open_data, open_problem, with_faces
from train.cli import main
from train.dataset.find_faces import ExtractionSetup


@pytest.fixture(scope="module")
def views(portrait_files):
    pictures = [read_picture(path) for path in portrait_files]
    pictures.append(np.full((48, 48), 128, np.uint8))
    views = damaged_views(None, Preparation(), pictures, [3, 5, 7])
    return dict(zip([CLEAN, *OF_PICTURES], views, strict=True))


def test_each_condition_has_other_pictures(views):
    clean = views[CLEAN]
    assert clean.faces.found.tolist() == [True, True, False]
    for condition in OF_PICTURES:
        view = views[condition]
        changed = (view.pictures != clean.pictures).any(axis=(1, 2))
        assert changed[:2].all()
        assert changed[2] == (condition.name == "gaussian_noise")  # no face says what to cover
        assert not view.faces.landmarks[~view.faces.found].any()
    for condition in (*REGIONS, *HALVES):
        found = views[condition].faces.found
        assert found[:2].any()
        moved = np.abs(views[condition].faces.landmarks - clean.faces.landmarks)[found].max()
        assert 0 < moved < 512


def test_halves_are_those_of_the_picture(views):
    left, right = ((views[each].pictures != views[CLEAN].pictures)[:2].nonzero()[2].mean() for each in HALVES)
    assert left < right


def test_the_noise_depends_on_the_number_of_the_picture(views, portrait_files):
    picture = read_picture(portrait_files[0])
    again = damaged_views(None, Preparation(), [picture, picture], [3, 4])
    noise = OF_PICTURES.index(next(each for each in OF_PICTURES if each.name == "gaussian_noise"))
    pictures = again[1 + noise].pictures
    assert np.array_equal(pictures[0], views[OF_PICTURES[noise]].pictures[0])
    assert not np.array_equal(pictures[0], pictures[1])


def write_pictures(root, portrait_files, **sides):
    """The photographs in the sizes of each split, in px."""
    for split, of_split in sides.items():
        for label, path in zip(("happy", "neutral"), portrait_files, strict=True):
            folder = root / split / label
            folder.mkdir(parents=True)
            for side in of_split:
                cv2.imwrite(str(folder / f"{side}.png"), cv2.resize(cv2.imread(str(path)), (side, side)))


def test_landmarks_are_in_px_of_the_data(portrait_files, tmp_path):
    """Methods on raw landmarks are trained on px of the prepared pictures."""
    pictures = tmp_path / "faces"
    write_pictures(pictures, portrait_files, train=[100], test=[150])
    setup = ExtractionSetup(Preparation(2.0, 0.2), 0)
    data = with_faces(open_data(pictures, tmp_path / "made", setup, workers=1), None)
    problem = open_problem(data, 3, "duplicates removed")
    seen = []

    def score(view, index, number):
        seen.append(view.faces)
        return {"accuracy": 0.0, "coverage": 0.0, "recall": {}}

    Damage(data, pictures, None, None, workers=1, limit=2).scores(problem, True, score)
    own = data.faces.take(problem.split.evaluation["test"])
    assert own.found.all()
    assert seen[0].found.all()
    width = np.ptp(own.landmarks[..., 0], axis=1)
    assert (np.abs(seen[0].landmarks - own.landmarks).mean(axis=(1, 2)) < 0.02 * width).all()


def test_figures_of_another_split_are_not_shown():
    robustness = {"split": "PrivateTest"}
    assert damage_report.of_split({"split": "PrivateTest", "robustness": robustness}) == robustness
    assert damage_report.of_split({"split": "PublicTest", "robustness": robustness}) is None
    assert damage_report.of_split({"split": "PublicTest", "robustness": None}) is None


def test_rows_and_report(portrait_files, tmp_path, monkeypatch):
    monkeypatch.setattr(measure, "LATENCY_SECONDS", 0.01)
    write_pictures(tmp_path / "faces", portrait_files, train=range(96, 108), test=range(120, 122))
    out = tmp_path / "out"
    names = "classical/tree-68,pixels/plain,bundle/everyday,bundle/landmarks"
    flags = ["--quick", "--labels", "3", "--workers", "1", "--only", names, "--out", str(out)]
    assert main(["baselines", str(tmp_path / "faces"), *flags]) == 0
    rows = {row["experiment"]: row for row in json.loads((out / "baselines.json").read_text())["rows"]}
    of_pictures = {str(each) for each in (CLEAN, *OF_PICTURES)}
    for name, row in rows.items():
        robustness = row["robustness"]
        assert robustness["rows"] == 4
        of_landmarks = {str(each) for each in JITTER if name in ("tree-68", "landmarks")}
        assert robustness["conditions"].keys() == of_pictures | of_landmarks
        mean = np.mean([robustness["conditions"][str(each)]["accuracy"] for each in OF_PICTURES])
        assert robustness["mean"] == pytest.approx(mean)
    assert rows["tree-68"]["robustness"]["conditions"]["clean"]["accuracy"] == 1
    assert {path.name for path in out.glob("*.png")} == {"accuracy-1.png", "regions-1.png", "damage-1.png"}
    assert "regions-1.png" in (out / "baselines.md").read_text()

    # Rows that were measured without the pictures are measured anew once the pictures are named.
    (landmarks,) = (out / "faces").iterdir()
    later = ["baselines", str(landmarks), "--quick", "--labels", "3", "--only", "classical/tree-68"]
    for pictures in ([], ["--pictures", str(tmp_path / "faces")]):
        assert main([*later, *pictures, "--out", str(tmp_path / "later")]) == 0
        (row,) = json.loads((tmp_path / "later" / "baselines.json").read_text())["rows"]
        assert (row["robustness"] is None) == (not pictures)
    assert row["robustness"] == rows["tree-68"]["robustness"]
