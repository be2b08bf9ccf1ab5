"""The command: rows, protocols, resuming, the page, and what the data does not allow."""

import itertools
import json

import cv2
import numpy as np
import pytest

from edge.core.errors import ConfigError, DataError
from evaluation import fingerprint
from evaluation.label_sets import LABEL_SETS
from tests.train.baselines.sequences import write_sequences
from tests.train.rows import make_rows
from train.baselines import measure, report
from train.baselines import run as runs
from train.baselines.data import with_faces
from train.baselines.results import read_results
from train.cli import main
from train.dataset import landmarks_folder
from train.dataset.landmarks_folder import Faces

ONLY = (
    "classical/tree-68,classical/logistic-68-oversample,classical/logistic-68-generated,distances/coordinates"
)


@pytest.fixture(scope="module", autouse=True)
def short_timing():
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(measure, "LATENCY_SECONDS", 0.01)
        yield


def rows(out):
    return json.loads((out / "baselines.json").read_text())["rows"]


def call(data, out, *flags):
    assert main(["baselines", str(data), "--out", str(out), "--workers", "1", *map(str, flags)]) == 0
    return rows(out)


@pytest.fixture(scope="module")
def quick(small, tmp_path_factory):
    out = tmp_path_factory.mktemp("baselines") / "out"
    return out, call(small, out, "--quick", "--only", ONLY, "--other", small)


def test_rows_have_what_the_table_needs(quick):
    _, found = quick
    assert {(row["protocol"], row["labels"]) for row in found} == {("duplicates removed", 7)}
    assert {f"{row['method']}/{row['experiment']}" for row in found} == set(ONLY.split(","))
    for row in found:
        assert row["split"] == "PublicTest"
        assert row["classes"] == list(LABEL_SETS[7].labels) == list(row["recall"])
        assert 0 < row["accuracy"] <= row["coverage"] <= 1
        assert row["accuracy"] == pytest.approx(row["accuracy_found"] * row["coverage"])
        assert 0 < row["macro_f1"] <= 1
        assert row["size_bytes"] > 0
        assert row["latency_us"] > 0
        assert row["other"]["rows"] > row["rows"]["evaluation"]
        assert "--quick" in row["command"]
        assert f"--only {row['method']}/{row['experiment']}" in row["command"]


def test_the_usual_protocol_trains_on_copies(small, tmp_path):
    found = call(small, tmp_path, "--labels", "7", "--only", "classical/tree-68")
    assert len(found) == 2
    available = {row["protocol"]: row["rows"]["of"] + row["rows"]["validation"] for row in found}
    assert available["usual"] == available["duplicates removed"] + 1


def test_details_say_what_was_done(quick):
    _, found = quick
    details = {row["experiment"]: row["details"] for row in found}
    assert details["logistic-68-generated"]["generated"] > 0
    assert details["tree-68"]["features"] == 2 * 68


def test_tables_and_page(quick):
    out, _ = quick
    table, page = (out / "baselines.md").read_text(), (out / "baselines.html").read_text()
    for text in (table, page):
        assert "classical/tree-68" in text
        assert ".736" in text  # a published figure
    assert (out / "accuracy-1.png").stat().st_size > 0


def test_finished_rows_are_kept(quick, small, monkeypatch):
    out, before = quick
    monkeypatch.setattr(runs, "measure", lambda *_: pytest.fail("computed again"))
    assert call(small, out, "--quick", "--only", ONLY) == before


def test_two_runs_agree(quick, small, tmp_path):
    (row,) = call(small, tmp_path / "again", "--quick", "--only", "classical/tree-68", "--labels", "7")
    (first,) = [each for each in quick[1] if each["experiment"] == "tree-68"]
    assert row["confusion"] == first["confusion"]


def test_bundles_stand_beside(toy_landmarks, tmp_path):
    found = call(toy_landmarks, tmp_path, "--quick", "--labels", "3", "--only", "bundle")
    assert {row["experiment"] for row in found} == {"everyday", "fer2013", "ferplus", "landmarks"}
    assert all(len(row["recall"]) == 3 and row["coverage"] < 1 for row in found)


def test_a_bundle_passes_over_other_data_that_it_cannot_answer(toy_landmarks, small, tmp_path):
    """``small`` has no feature maps."""
    (row,) = call(
        toy_landmarks, tmp_path, "--quick", "--labels", "3", "--only", "bundle/everyday", "--other", small
    )[:1]
    assert row["accuracy"] is not None
    assert row["other"] is None


def test_export(small, tmp_path, capsys):
    """No picture shows contempt, the eighth class: no network can be made, but the row is there."""
    flags = ("--quick", "--labels", "7", "8", "--only", "classical/logistic-mesh", "--export")
    assert {row["labels"] for row in call(small, tmp_path, *flags)} == {7, 8}
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["classical-logistic-mesh-7-quick"]
    assert "classical/logistic-mesh: no run folder" in capsys.readouterr().out


def test_data_that_cannot_be_trained_on(write_landmarks, tmp_path, capsys):
    landmarks = np.random.default_rng(0).uniform(20, 100, (40, 468, 3)).astype(np.float32)
    split = np.array(["Training"] * 32 + ["PublicTest"] * 8)
    rows_of_one_class = make_rows(np.full(40, 3), split=split)
    folder = write_landmarks(tmp_path / "faces", rows_of_one_class, [Faces(landmarks, np.ones(40, bool))])
    assert call(folder, tmp_path / "out", "--only", "classical/tree-68", "--labels", "7") == []
    assert "two classes" in capsys.readouterr().out


def test_sequences(tmp_path, capsys):
    """People differ more than their expressions do: the movement shows what the last face hides."""
    data = write_sequences(tmp_path / "CK+")
    flags = ("--labels", "7", "--only", "classical/tree-mesh,movement/apex-forest,movement/movement-forest")
    found = {row["experiment"]: row for row in call(data, tmp_path / "out", *flags)}
    assert found["movement-forest"]["accuracy"] > 0.9
    assert found["movement-forest"]["accuracy"] > found["apex-forest"]["accuracy"]
    assert found["movement-forest"]["split"] == "held-out"
    assert "tree-mesh" not in found
    assert "68 points" in capsys.readouterr().out


def test_what_is_missing_is_said(small, tmp_path):
    call(small, tmp_path, "--quick", "--only", "movement,classical/tree-68", "--labels", "7")
    skipped = json.loads((tmp_path / "baselines.json").read_text())["skipped"]
    assert {row["method"] for row in skipped} == {"movement"}
    assert "sequences" in skipped[0]["reason"]
    assert "sequences" in (tmp_path / "baselines.md").read_text()


@pytest.mark.parametrize(("flags", "words"), [(["--only", "nonsense"], "nonsense"), (["--labels", "5"], "5")])
def test_wrong_flags(small, tmp_path, flags, words):
    with pytest.raises(ConfigError, match=words):
        call(small, tmp_path, *flags)


def test_a_file_that_somebody_has_changed(quick, small, tmp_path):
    content = json.loads((quick[0] / "baselines.json").read_text())
    del content["rows"][0]["accuracy"]
    (tmp_path / "baselines.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match="without all their figures"):
        call(small, tmp_path)


def test_other_settings_take_the_place_of_former_rows(small, tmp_path):
    flags = ("--quick", "--only", "classical/tree-68", "--labels", "7")
    content = {"schema": 1, "rows": call(small, tmp_path, *flags), "skipped": []}
    for row in content["rows"]:
        row["settings"]["points"], row["accuracy"] = 5, -1
    (tmp_path / "baselines.json").write_text(json.dumps(content))
    found = call(small, tmp_path, *flags)
    assert len(found) == len(content["rows"])
    assert all(row["accuracy"] > 0 for row in found)


@pytest.fixture
def pictured(write_landmarks, tmp_path):
    """A landmarks folder without faces, its pictures (7, 48, 48), and their file."""
    pictures = np.random.default_rng(0).integers(0, 256, (7, 48, 48))
    lines = [f"{label},{' '.join(map(str, each.ravel()))},Training" for label, each in enumerate(pictures)]
    csv = tmp_path / "fer2013.csv"
    csv.write_text("\n".join(["emotion,pixels,Usage", *lines]) + "\n")
    names = np.array([f"fer2013.csv:{line}" for line in range(2, 9)])
    faces = Faces(np.zeros((7, 468, 3), np.float32), np.zeros(7, bool))
    info = {"data": {"file": csv.name, "sha256": fingerprint(csv).sha256}, "maps": {}}
    folder = write_landmarks(tmp_path / "faces", make_rows(np.arange(7), name=names), [faces], **info)
    return folder, pictures, csv


def test_pictures_of_the_rows(pictured):
    """Pictures stand beside the rows; a method on them can answer rows without a face."""
    path, pictures, csv = pictured
    folder = landmarks_folder.load(path)
    data = with_faces(folder, csv)
    assert np.array_equal(data.pictures, pictures)
    assert data.answered({"pictures"}).all()
    assert not data.answered({"landmarks"}).any()
    assert not data.lacking({"pictures"})
    assert "--pictures" in with_faces(folder, None).lacking({"pictures"})
    csv.write_text("".join(csv.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(DataError, match="not the data"):
        with_faces(folder, csv)


def test_without_the_face_models_no_picture_is_damaged(pictured, tmp_path, capsys):
    folder, _, csv = pictured
    call(
        folder, tmp_path / "out", "--pictures", csv, "--models-dir", tmp_path, "--only", "transfer/pixels-svc"
    )
    assert "no damaged pictures: " in capsys.readouterr().out


def test_eight_classes_in_the_layout_of_affectnet(tmp_path):
    """Noise around a grey that is the class's own, in which no face is found; its pixels tell."""
    rng = np.random.default_rng(0)
    codes = (0, 1, 2, 3, 4, 5, 6, 7)
    for split, count in (("train_set", 6), ("val_set", 1)):
        images, annotations = tmp_path / "data" / split / "images", tmp_path / "data" / split / "annotations"
        images.mkdir(parents=True)
        annotations.mkdir()
        for code, each in itertools.product(codes, range(count)):
            picture = 20 + 30 * code + rng.integers(-10, 10, (60, 50, 3), np.int16)
            cv2.imwrite(str(images / f"{code}{each}.png"), picture.astype(np.uint8))
            np.save(annotations / f"{code}{each}_exp.npy", np.array(str(code)))
    flags = ("--quick", "--labels", "8", "--only", "transfer/pixels-forest,classical/tree-68")
    (row,) = call(tmp_path / "data", tmp_path / "out", *flags)
    assert (row["method"], row["split"], row["labels"]) == ("transfer", "val_set", 8)
    assert row["classes"] == [*LABEL_SETS[8].labels]
    assert np.sum(row["confusion"]["counts"], axis=1).tolist() == [1] * 8
    assert row["accuracy"] > 0.9
    text = (tmp_path / "out" / "baselines.md").read_text("utf-8")
    assert "recall of contempt, %" in text
    assert "two classes and one row to validate at least" in text  # a method on landmarks has no face


def test_wrong_places(small, tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "measure", lambda *_: pytest.fail("trained in vain"))
    with pytest.raises(ConfigError, match="no folder"):
        call(small, tmp_path / "out", "--weights", tmp_path / "absent")
    csv = tmp_path / "other.csv"
    csv.write_text(f"emotion,pixels,Usage\n0,{' '.join(['9'] * 48 * 48)},Training\n")
    with pytest.raises(DataError, match="not the data"):
        call(small, tmp_path / "out", "--only", "classical/tree-68", "--pictures", csv)
    with pytest.raises(DataError, match="no data at"):
        call(tmp_path / "absent", tmp_path / "out")
    with pytest.raises(DataError, match="is a file: name a folder"):
        call(small, csv)
    (tmp_path / "baselines.json").write_text("mine")
    with pytest.raises(DataError, match="not written by this program"):
        call(small, tmp_path)


def test_scikit_learn_rows_need_no_tensorflow(small, tmp_path, python):
    code = f"""
import sys
sys.modules.update(dict.fromkeys(("tensorflow", "keras")))  # importing them raises ImportError
from train.cli import main
from train.dataset import landmarks_folder
from train.dataset.landmarks_folder import Faces
flags = "--quick --export --only classical/logistic-mesh,distances/coordinates,graph/mesh"
main(["baselines", {str(small)!r}, "--out", {str(tmp_path)!r}, *flags.split()])
"""
    result = python("-c", code)
    assert result.returncode == 0, result.stderr
    assert {row["method"] for row in rows(tmp_path)} == {"classical", "distances"}
    assert "keras is not installed" in result.stdout
    assert "classical/logistic-mesh: no run folder" in result.stdout


def test_figures_that_are_there_stay(small, tmp_path):
    """The same rows, first with data of another origin, then exported without it."""
    flags = ("--quick", "--only", "classical/logistic-mesh", "--labels", "7")
    before = call(small, tmp_path, *flags, "--other", small)
    after = call(small, tmp_path, *flags, "--export")
    assert (tmp_path / "runs").is_dir()
    assert [row["created"] for row in after] >= [row["created"] for row in before]
    for name in ("other", "other_sha256", "confusion"):
        assert [row[name] for row in after] == [row[name] for row in before]


def test_other_data_that_a_method_cannot_answer_is_asked_once_it_can(small, toy_subjects, tmp_path):
    flags = ("--quick", "--only", "classical/tree-mesh", "--labels", "7", "--other")
    (row,) = call(small, tmp_path, *flags, toy_subjects)
    assert (row["other"], row["other_sha256"]) == (None, None)  # 68 points
    assert call(small, tmp_path, *flags, toy_subjects) == [row]
    (row,) = call(small, tmp_path, *flags, small)
    assert row["other"]["sha256"] == row["other_sha256"]


def test_what_was_measured_once_is_not_called_impossible(small, tmp_path):
    (row,) = call(small, tmp_path, "--quick", "--only", "classical/tree-68", "--labels", "7")
    results = read_results(tmp_path)
    results.skip(row, "no pictures today")
    assert (results.rows, results.skipped) == ([row], [])
    results.skip(row | {"settings": {}}, "no pictures today")
    assert len(results.skipped) == 1


def made_up(method, experiment, accuracy, latency, needs=("landmarks",), other=None):
    figures = {"accuracy": accuracy, "latency_us": latency, "needs": list(needs), "landmark_network_us": 1000}
    name = {"method": method, "experiment": experiment}
    return name | figures | {"other": None if other is None else {"accuracy": other}}


def test_the_verdict():
    bundle = made_up("bundle", "everyday", 0.6, 100, other=0.6)
    slower, worse = made_up("graph", "mesh", 0.7, 200, other=0.7), made_up("classical", "tree", 0.5, 10)
    assert report.verdict([slower, worse, bundle]).startswith("No baseline")
    close = made_up("classical", "svc", 0.605, 0, other=0.7)  # 0.9 of the time or more
    assert report.verdict([close, bundle]).startswith("No baseline")
    barely = made_up("pixels", "plain", 0.605, 0, ["pictures"])
    assert report.verdict([barely, bundle]).startswith("No baseline")
    slow = made_up("bundle", "everyday", 0.6, 300, other=0.6)
    faster = made_up("classical", "mlp", 0.5, 50, other=0.62)
    assert "classical/mlp than everyday on other origin" in report.verdict([faster, slow])
    # A method on the whole picture does without the landmark network.
    pixels = made_up("pixels", "all", 0.7, 900, ["pictures"])
    assert "pixels/all than everyday" in report.verdict([pixels, bundle])
    assert "No bundle" in report.verdict([pixels])
