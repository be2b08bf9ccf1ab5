"""``python -m train.study`` and the representations that it compares."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies
from scipy.spatial import procrustes

from edge.core.features import EYE_ANCHORS, MESH_POINTS, align
from evaluation.label_sets import EMOTIONS
from tests.train.rows import make_rows
from train.dataset.balance import STRATEGIES
from train.dataset.inputs import standardization
from train.dataset.labelled_faces import open_labelled_faces
from train.dataset.landmarks_folder import Faces
from train.settings import TrainingSettings
from train.study import alignment, runner, shapes
from train.study.cli import main
from train.study.output import Study, show, summarize, write
from train.study.points import REGIONS, subset

ROOT = Path(__file__).resolve().parents[3]


def faces(count, points=68, columns=2, seed=0):
    """float32 (N, P, D), px: one face and noise, its eye corners apart."""
    rng = np.random.default_rng(seed)
    mean = rng.uniform(100, 400, (points, columns))
    left, right = EYE_ANCHORS[points]
    mean[left, :2], mean[right, :2] = (150, 200), (350, 210)
    return (mean + rng.normal(0, 8, (count, points, columns))).astype(np.float32)


def moved(points, shift, scale, angle):
    """Somewhere else, larger, turned in the picture plane; z is scaled and moved along."""
    cos, sin = np.cos(angle), np.sin(angle)
    turned = points.astype(np.float64)
    turned[..., :2] = turned[..., :2] @ np.array([[cos, sin], [-sin, cos]])
    return scale * turned + np.asarray(shift)[: points.shape[2]]


SHIFTS = strategies.tuples(*[strategies.floats(-500, 500)] * 3)
SCALES = strategies.floats(0.2, 5)
ANGLES = strategies.floats(-np.pi, np.pi)
COLUMNS = strategies.sampled_from([2, 3])


def procrustes_of(points):
    return shapes.procrustes(points, shapes.mean_face(faces(3, columns=points.shape[2])))


@pytest.mark.parametrize(
    ("representation", "scales", "turns", "atol"),
    [
        (shapes.centred, False, False, 1e-9),
        (shapes.unit_size, True, False, 1e-9),
        (procrustes_of, True, True, 1e-9),
        (shapes.eye_aligned, True, True, 1e-4),
        (lambda points: shapes.distances(shapes.eye_aligned(points)), True, True, 1e-4),
    ],
)
@settings(max_examples=20, deadline=None)
@given(shift=SHIFTS, scale=SCALES, angle=ANGLES, columns=COLUMNS)
def test_what_moves_scales_and_turns_with_the_face(
    representation, scales, turns, atol, shift, scale, angle, columns
):
    points = faces(3, columns=columns)
    expected = representation(points)
    same = representation(moved(points, shift, scale if scales else 1, angle if turns else 0))
    assert np.allclose(same, expected, atol=atol)
    assert scales or not np.allclose(representation(2 * points), expected)
    assert turns or not np.allclose(representation(moved(points, (0, 0, 0), 1, 0.3)), expected, atol=1e-3)


class TestProcrustes:
    def test_the_mean_face_does_not_ask_where_a_face_is(self):
        points = faces(20, columns=3)
        rng = np.random.default_rng(1)
        elsewhere = [
            moved(p[None], rng.uniform(-99, 99, 3), rng.uniform(0.3, 3), rng.uniform(-1, 1)) for p in points
        ]
        assert np.allclose(shapes.mean_face(np.concatenate(elsewhere)), shapes.mean_face(points), atol=1e-6)

    def test_as_scipy_fits_two_shapes(self):
        points = faces(2, seed=3).astype(np.float64)
        expected_mean, expected, _ = procrustes(points[0], points[1])
        fitted = shapes.procrustes(points[1:], expected_mean @ [1, 1j])
        assert np.allclose(fitted[0], expected, atol=1e-12)

    def test_the_mean_is_the_leading_eigenvector(self):
        # Kent, 1994: the full Procrustes mean of faces of unit size.
        middle = shapes.centred(faces(30, seed=4))
        plane = middle[..., 0] + 1j * middle[..., 1]
        plane /= np.linalg.norm(plane, axis=1, keepdims=True)
        mean = shapes.mean_face(faces(30, seed=4))
        leading = np.linalg.eigh(plane.T @ plane.conj())[1][:, -1]
        assert abs(np.vdot(leading, mean)) == pytest.approx(1, abs=1e-4)

    def test_the_mean_face_is_level(self):
        mean = shapes.mean_face(faces(30))
        left, right = EYE_ANCHORS[68]
        assert np.linalg.norm(mean) == pytest.approx(1)
        assert abs(np.angle(mean[right] - mean[left])) < 0.05

    def test_z_is_scaled_along_and_not_turned(self):
        points = faces(1, columns=3)
        aligned = shapes.procrustes(points, shapes.mean_face(faces(5, columns=3)))
        before, after = shapes.centred(points)[0], aligned[0]
        scale = np.linalg.norm(after[:, :2]) / np.linalg.norm(before[:, :2])
        assert np.allclose(after[:, 2], scale * before[:, 2])


def test_eye_aligned_is_what_the_device_does():
    points = faces(2, points=478, columns=3)
    assert np.array_equal(shapes.eye_aligned(points)[1], align(points[1, :MESH_POINTS]))


def test_unit_size_is_that_of_the_picture_plane():
    points = shapes.unit_size(faces(3, columns=3))
    assert np.allclose((points[..., :2] ** 2).sum(axis=2).mean(axis=1), 1)


def test_distances():
    triangle = np.array([[[0, 0, 0], [3, 4, 0], [3, 4, 12]]], np.float32)
    assert shapes.distances(triangle).tolist() == [[5, 13, 12]]
    assert shapes.distances(faces(2)).shape == (2, 68 * 67 // 2)


def test_the_subset_of_the_mesh():
    chosen = subset(478)
    assert len(chosen) == len(set(chosen)) == sum(map(len, REGIONS.values())) == 57
    assert min(chosen) >= 0
    assert max(chosen) < MESH_POINTS
    assert subset(68) == list(range(68))


def rows_of(label, **columns):
    return make_rows([EMOTIONS.index(name) for name in label], **columns)


def test_the_neutral_first_row_of_each_sequence():
    label = "neutral happy neutral sad happy happy sad surprise neutral".split()
    sequence = np.array(["b", "b", "a", "a", "", "c", "d", "d", "a"])  # c has one row, d starts sad
    found = shapes.neutral_rows(rows_of(label, sequence=sequence))
    assert found.tolist() == [-1, 0, -1, 2, -1, -1, -1, -1, 2]


def points_of(rows, columns=2):
    """68 points in which the class moves a few."""
    points = faces(len(rows), columns=columns)
    for kind in np.unique(rows.label):
        points[rows.label == kind, 3 * kind : 3 * kind + 3] += 40
    return points


@pytest.fixture(scope="module")
def sequences(write_landmarks, tmp_path_factory):
    """40 sequences: neutral, then happy or (8 of them) sad."""
    label = [name for i in range(40) for name in ("neutral", "sad" if i % 5 == 0 else "happy")]
    rows = rows_of(label, sequence=np.array([f"s{i}" for i in range(40) for _ in range(2)]))
    views = [Faces(points_of(rows), np.ones(80, bool))]
    return write_landmarks(tmp_path_factory.mktemp("study") / "lm", rows, views)


@pytest.fixture(scope="module")
def data(sequences):
    return open_labelled_faces(sequences, runner.DEFAULTS).only_found()


def by_name(data):
    return {entry.name: entry for entry in alignment.representations(data)}


def test_all_representations_of_68_points(data):
    entries = by_name(data)
    sizes = {name: entry.matrix()[0].size for name, entry in entries.items() if not entry.reason}
    assert sizes == {
        "raw pixels": 136,
        "centred": 136,
        "centred, unit size": 136,
        "eye-aligned, without z": 136,
        "Procrustes, without z": 136,
        "68 points, distances": 2278,
        "all points eye-aligned, distances of 68": 2414,
        "eye-aligned, without neutral first faces": 136,
        "movement, without neutral first faces": 136,
    }
    assert {entry.reason for entry in entries.values()} == {"", "no z in this data", "these are all points"}


def test_movement_is_from_the_same_sequence(data):
    entry = by_name(data)["movement, without neutral first faces"]
    aligned = shapes.eye_aligned(data.faces.landmarks)
    assert np.array_equal(entry.usable, data.rows.label != EMOTIONS.index("neutral"))
    assert np.array_equal(entry.matrix()[7], aligned[7] - aligned[6])
    fewer = data.only(entry.usable)
    assert len(fewer.training) > 0
    assert entry.usable[fewer.training].all()
    assert entry.usable[fewer.validation].all()


def test_the_mean_face_is_of_training_faces(data, monkeypatch):
    seen = []
    monkeypatch.setattr(shapes, "mean_face", lambda points: seen.append(points) or np.ones(68, complex))
    by_name(data)["Procrustes, without z"].matrix()
    assert np.array_equal(seen[0], data.faces.landmarks[data.training])


def test_faces_that_were_not_found_and_evaluation_rows_are_excluded(write_landmarks, tmp_path):
    label = ["happy", "sad"] * 30
    split = ["Training"] * 50 + ["PublicTest"] * 10
    found = np.arange(60) % 7 > 0
    rows = rows_of(label, split=np.array(split))
    views = [Faces(np.where(found[:, None, None], points_of(rows, columns=3), 0), found)]
    folder = write_landmarks(tmp_path / "lm", rows, views)
    settings = TrainingSettings(inputs=("landmarks",), validation=0.2)
    data = open_labelled_faces(folder, settings).only_found()
    used = data.rows.name[np.concatenate([data.training, data.validation])]
    assert sorted(used) == sorted(f"row {index}" for index in range(50) if found[index])
    assert np.array_equal(np.unique(data.rows.split[data.training]), ["Training"])
    assert np.array_equal(data.truth.number, data.rows.label)
    assert (data.faces.landmarks.any(axis=(1, 2))).all()
    assert "no sequences" in by_name(data)["movement, without neutral first faces"].reason
    assert by_name(data)["Procrustes"].matrix().shape == (data.faces.found.sum(), 68, 3)


def test_data_shapes_and_tables_need_no_tensorflow(sequences, tmp_path):
    code = """
import sys
sys.modules["tensorflow"] = sys.modules["keras"] = None
from pathlib import Path
from train.study import alignment, balance, cli, output, runner
from train.dataset.labelled_faces import open_labelled_faces
from train.study.output import Study
data = open_labelled_faces(Path(sys.argv[1]), runner.DEFAULTS).only_found()
data.steps(runner.DEFAULTS.override(["batch=8"]))
names = [entry.name for entry in alignment.representations(data) if not entry.reason and entry.matrix().size]
study = Study("A title", "About it.", Path(sys.argv[2]), runner.DEFAULTS, 1, "python -m here")
output.write(study, data, ["representation"], [({}, [name]) for name in names], {})
"""
    arguments = [sys.executable, "-c", code, str(sequences), str(tmp_path / "out")]
    result = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "movement, without neutral first faces" in (tmp_path / "out" / "study.md").read_text()


def test_mean_and_standard_deviation():
    figure = summarize(iter([0.5, 0.6, 0.7]))
    assert figure["mean"] == pytest.approx(0.6)
    assert figure["std"] == pytest.approx(0.1)
    assert show(figure) == "60.00 ± 10.00"
    assert show(summarize([0.5])) == "50.00"
    assert show(summarize([0.5, None])) == "–"


TINY = "--seeds 1 --set epochs=20 hidden=16 batch=8 validation=0.3 ema_decay=0.5 learning_rate=1e-2".split()


def test_alignment_writes_its_table(sequences, tmp_path, monkeypatch, capsys):
    every = alignment.representations
    wanted = ("eye-aligned", "eye-aligned, without z", "movement, without neutral first faces")
    monkeypatch.setattr(
        alignment, "representations", lambda data: [e for e in every(data) if e.name in wanted]
    )
    out = tmp_path / "new" / "out"
    assert main(["alignment", str(sequences), "--out", str(out), *TINY]) == 0
    text = (out / "study.md").read_text()
    assert text in capsys.readouterr().out
    assert "| eye-aligned | – | – | no z in this data | – |" in text
    content = json.loads((out / "study.json").read_text())
    assert content["command"].startswith("python -m train.study alignment ")
    assert content["landmarks"]["data"] == {"file": "toy.csv", "sha256": "0" * 64}
    assert (content["seeds"], content["settings"]["epochs"]) == ([0], 20)
    whole, movement = content["results"][1:]
    assert whole["accuracy"]["mean"] > 0.8
    assert movement["validation_faces"] < whole["validation_faces"]
    assert sorted(file.name for file in out.iterdir()) == ["study.json", "study.md"]


def test_balance_writes_its_table(sequences, tmp_path, monkeypatch):
    monkeypatch.setattr("train.study.balance.STRATEGIES", ("oversample",))
    out = tmp_path / "out"
    assert main(["balance", str(sequences), "--out", str(out), *TINY]) == 0
    content = json.loads((out / "study.json").read_text())
    assert content["rarest"] == "sad"
    assert [result["name"] for result in content["results"]] == ["oversample"]
    assert sum(content["class_sizes"]["training"].values()) == content["faces"]["training"]
    assert "recall of sad, %" in (out / "study.md").read_text()


@pytest.mark.parametrize(
    ("code", "words", "flags"),
    [
        (1, "an epoch (balance=none)", ("alignment", "--set", "batch=1000")),
        (1, "an epoch (balance=undersample)", ("balance", "--set", "batch=32")),
        (1, "has no coarse_map", ("balance", "--embedding", "--set", "batch=4", "validation=0.3")),
        (
            78,
            "remove --set inputs=landmarks,coarse_map",
            ("alignment", "--set", "inputs=landmarks,coarse_map"),
        ),
        (78, "without landmark_jitter", ("balance", "--set", "landmark_jitter=0.01")),
        (78, "remove --set balance=focal", ("balance", "--set", "balance=focal")),
        (78, "expected KEY=VALUE", ("balance", "--set", "epoch=3")),
    ],
)
def test_one_line_for_what_cannot_be(sequences, tmp_path, command, code, words, flags):
    name, *rest = flags
    found, _, error = command(main, name, sequences, "--out", tmp_path / "out", *rest)
    assert found == code
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert words in error
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_stays(sequences, tmp_path, command):
    code, _, error = command(main, "balance", sequences, "--out", tmp_path)
    assert (code, list(tmp_path.iterdir())) == (1, [])
    assert "is there already" in error


def test_a_table_that_cannot_be_written_is_printed(data, tmp_path, monkeypatch, capsys):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("train.study.output.replacing_folder", full)
    study = Study("A title", "About it.", tmp_path / "out", runner.DEFAULTS, 1, "python -m here")
    with pytest.raises(OSError, match="No space left"):
        write(study, data, ["strategy"], [({}, ["oversample"])], {})
    assert "| oversample |" in capsys.readouterr().out


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_takes_as_many_steps(data, strategy):
    chosen = TrainingSettings(inputs=("landmarks",), balance=strategy, batch=8, epochs=3)
    matrix = np.zeros((len(data.truth.number), 2), np.float32)
    inputs = {"landmarks": matrix}
    taken = [*runner.training_batches(inputs, standardization(inputs, 5.0), data, chosen)]
    assert len(taken) == 3 * (len(data.training) // 8)
    assert {len(batch.weight) for batch in taken} == {8}
