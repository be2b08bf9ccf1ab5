"""What the tests of several packages share: processes, portraits, clips, and labelled faces."""

import json
import math
import os
import resource
import shutil
import signal as signals
import subprocess
import sys
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.train.rows import make_rows
from tests.train.runs import FORMER, QUICK

ROOT = Path(__file__).resolve().parents[1]
EXPORT = ROOT.parent / "shared" / "data" / "export.py"
TRAINING, EVALUATION = 60, 12
"""Rows of each class."""
SHARD = 200
"""Rows in a shard of the synthetic folders."""

# Started in the background or under nohup, the suite would hand down that these are ignored.
signals.signal(signals.SIGINT, signals.default_int_handler)
signals.signal(signals.SIGHUP, signals.SIG_DFL)


def _faces(label, points, maps, rng, signal=8.0):
    """Landmarks and maps that tell the classes apart, mostly; every tenth row has no face."""
    from edge.core import features
    from edge.head.inputs import INPUTS
    from train.dataset.landmarks_folder import Faces

    count = len(label)
    fixed = np.random.default_rng(0)  # what a class looks like is the same in every view
    base = fixed.uniform(20, 100, (points, 3 if points == 468 else 2))
    left, right = features.EYE_ANCHORS[points]
    base[left, :2], base[right, :2] = (40, 60), (80, 60)
    moves = fixed.normal(0, signal, (7, *base.shape))
    landmarks = base + moves[label] + rng.normal(0, 6, (count, *base.shape))
    lengths = [math.prod(INPUTS[name].shape) for name in maps]
    values = rng.integers(0, 64, (count, sum(lengths)), np.uint8)
    values += (fixed.integers(0, 32, (7, sum(lengths)), np.uint8))[label]
    found = np.arange(count) % 10 != 9
    landmarks[~found], values[~found] = 0, 0
    parts = np.split((values / np.float16(16)).astype(np.float16), np.cumsum(lengths)[:-1], axis=1)
    made = {name: part.reshape(-1, *INPUTS[name].shape) for name, part in zip(maps, parts, strict=bool(maps))}
    return Faces(landmarks.astype(np.float32), found, made)


def _rows(label, found):
    count = len(label)
    is_training = np.arange(count) < 7 * TRAINING
    hashes = np.array([f"{i:040x}" for i in range(count)])
    hashes[0], hashes[3] = hashes[7 * TRAINING], hashes[2]
    column = np.array([4, 5, 6, 1, 3, 2, 0])  # of FERPLUS_VOTES, by label
    votes = np.zeros((count, 10), np.uint8)
    votes[np.arange(count), column[label]] = 8
    votes[np.arange(count), 8] = 2  # unknown
    votes[3::4] = 0  # nobody was asked
    votes[4::28], votes[4::28, :2] = 0, 5  # neutral or happy: no majority
    votes[5::28], votes[5::28, 7] = 0, 10  # contempt
    return make_rows(
        label,
        presence=found.astype(np.float32),
        split=np.where(is_training, "Training", "PublicTest"),
        votes=votes,
        name=np.array([f"toy.csv:{i + 2}" for i in range(count)]),
        picture_hash=hashes,
    )


def _write(folder, rows, views, **info):
    """A landmarks folder in shards."""
    from edge.landmarks.models import model_hashes
    from train.dataset import landmarks_folder

    folder.mkdir(parents=True)
    shards = []
    for start in range(0, len(rows), SHARD):
        part = slice(start, start + SHARD)
        shards.append(f"{len(shards):06d}.npz")
        landmarks_folder.write_shard(
            folder / shards[-1], rows.take(part), [view.take(part) for view in views]
        )
    info = {
        "data": {"file": "toy.csv", "sha256": "0" * 64},
        "preparation": {"scale": 1.0, "padding": 0.3},
        "landmark_models": model_hashes(),
        "maps": dict.fromkeys(views[0].maps, 1),
        "detection": "none",
        "views": len(views) - 1,
        "skipped": 0,
        "shards": shards,
        "versions": {},
        "created": "2026-01-01T00:00:00+00:00",
    } | info
    landmarks_folder.finish(folder, info)
    return folder


@pytest.fixture(scope="session")
def python():
    """``(*arguments, cwd=ROOT, path=(), env={})`` runs Python in a process of its own, to its end.

    It finds the modules of the folders in ``path`` first, then the project's.
    """

    def run(*arguments, cwd=ROOT, path=(), env=None):
        folders = filter(None, [*map(str, path), str(ROOT), os.environ.get("PYTHONPATH")])
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(folders), **(env or {})}
        command = [sys.executable, *map(str, arguments)]
        return subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False
        )

    return run


@pytest.fixture(scope="session")
def portrait_files() -> list[Path]:
    """The demo's portraits, ``astronaut.png`` and ``grace_hopper.jpg``; the face models are there, too."""
    from edge.core.errors import ModelError
    from edge.landmarks import assets

    try:
        for asset in (*assets.MODELS, *assets.PORTRAITS):
            assets.load(asset)
    except ModelError as error:
        pytest.skip(f"needs the face models and portraits: {error}")
    return [assets.find(asset) for asset in assets.PORTRAITS]


@pytest.fixture(scope="session")
def write_clip():
    """``(path, frames, fps=25, codec="MJPG")`` writes frames, uint8 (H, W, 3) RGB, as a video."""
    import cv2

    def write(path, frames, fps=25, codec="MJPG"):
        height, width = frames[0].shape[:2]
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), fps, (width, height))
        assert writer.isOpened()
        for rgb in frames:
            writer.write(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
        writer.release()
        return path

    return write


@pytest.fixture(scope="session")
def record_demo(portrait_files, write_clip):
    """``(path, fps, frames, dark)`` writes a clip of the demo, black at the indices ``dark``."""

    def record(path, fps, frames, dark=()):
        from edge.sources.demo import DemoSource

        view = DemoSource(portrait_files).view
        return write_clip(path, [view(index) * (index not in dark) for index in range(frames)], fps)

    return record


@pytest.fixture(scope="session")
def write_landmarks():
    """``(folder, rows, views, **info)`` writes a landmarks folder in shards."""
    return _write


@pytest.fixture(scope="session")
def toy_landmarks(tmp_path_factory) -> Path:
    """Seven synthetic classes with feature maps, two views and FER+ votes.

    Every tenth row has no face; in view 2 every eleventh of the others has none either. Row 0
    (Training) has the picture of the first PublicTest row, and rows 2 and 3 have the same picture.
    Votes agree with the labels, apart from contempt, ties, and rows without votes.
    """
    rng = np.random.default_rng(1)
    label = np.tile(np.arange(7), TRAINING + EVALUATION)
    views = [_faces(label, 468, ("coarse_map", "fine_map", "texture"), rng) for _ in range(3)]
    is_training = np.arange(len(label)) < 7 * TRAINING
    for number in (1, 2):
        found = views[number].found & is_training & (np.arange(len(label)) % 11 != number - 1)
        views[number] = replace(views[number], found=found)
        for values in (views[number].landmarks, *views[number].maps.values()):
            values[~found] = 0
    folder = tmp_path_factory.mktemp("toy") / "landmarks"
    return _write(folder, _rows(label, views[0].found), views)


@pytest.fixture(scope="session")
def toy_subjects(tmp_path_factory) -> Path:
    """The same classes as 68 points of twelve subjects, without maps and splits."""
    label = np.tile(np.arange(7), TRAINING + EVALUATION)
    faces = _faces(label, 68, (), np.random.default_rng(2))
    subject = np.array([f"S{i // 7 % 12:03d}" for i in range(len(label))])
    rows = replace(
        _rows(label, faces.found),
        split=np.full(len(label), "all"),
        votes=np.zeros((len(label), 10), np.uint8),
        subject=subject,
        sequence=subject,
    )
    return _write(tmp_path_factory.mktemp("subjects") / "landmarks", rows, [faces], preparation=None)


@pytest.fixture(scope="session")
def fer_csv(tmp_path_factory) -> Path:
    """fer2013.csv with 150 rows of each split, and fer2013new.csv beside it."""
    if not EXPORT.is_file():
        pytest.skip(f"needs the pictures that {EXPORT} writes, which are not part of the project")
    folder = tmp_path_factory.mktemp("fer")
    subprocess.run([sys.executable, EXPORT, "csv", folder, "--limit", "150"], check=True)
    return folder / "fer2013.csv"


@pytest.fixture(scope="session")
def fer_extract(fer_csv, python, tmp_path_factory):
    """What ``mien train extract`` printed for ``fer_csv``, and ``landmarks``, the folder it wrote."""
    out = tmp_path_factory.mktemp("extract") / "landmarks"
    result = python("-m", "train", "extract", fer_csv, "--out", out)
    if result.returncode == 78:
        pytest.skip(f"needs the face models: {result.stderr}")
    assert result.returncode == 0, result.stderr
    return out, result.stdout


@pytest.fixture(scope="session")
def fer_landmarks(fer_extract) -> Path:
    """The landmarks folder of ``fer_csv``, without augmented views."""
    return fer_extract[0]


def _fit(landmarks, out, *settings, **options):
    """Train for seconds; convert then has few rows to calibrate with, which saves it seconds, too."""
    from train import fit
    from train.settings import TrainingSettings

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(fit, "CALIBRATION_ROWS", 100)
        fit.fit(landmarks, out, TrainingSettings().override([*QUICK, *settings]), **options)


@pytest.fixture(scope="session")
def quick_fit():
    """``(landmarks, out, *settings, **options)`` trains for seconds, without plots and pages of a report."""

    def fit_quickly(landmarks, out, *settings, **options):
        from train.report import report

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(report, "render_if_possible", lambda *_: None)
            _fit(landmarks, out, *settings, **options)
        return out

    return fit_quickly


@pytest.fixture(scope="session")
def copy_as_0_7():
    """``(run, out)`` copies a run folder and gives the settings in it the names of version 0.7."""

    def copy(run, out):
        shutil.copytree(run, out)
        info = json.loads((out / "run.json").read_text())
        former = {name: assignment.partition("=")[0] for assignment, (name, _) in FORMER.items()}
        info["settings"] = {former.get(key, key): value for key, value in info["settings"].items()}
        (out / "run.json").write_text(json.dumps(info))
        return out

    return copy


@pytest.fixture
def command(capsys):
    """``(main, *arguments)`` runs a command in this process; gives exit code, standard output and errors."""

    def call(main, *arguments):
        from edge.cli.console import run

        capsys.readouterr()
        code = run(lambda: main([*map(str, arguments)]))
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def full_disk():
    """``(size)``: a context in which no file grows beyond ``size`` bytes, as on a full disk."""

    @contextmanager
    def limited(size):
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limited


@pytest.fixture(scope="session")
def toy_run(toy_landmarks, tmp_path_factory) -> Path:
    """The run folder of a training on ``toy_landmarks`` with its report; beside it ``stdout``."""
    folder = tmp_path_factory.mktemp("toy-run")
    with (folder / "stdout").open("w") as file, redirect_stdout(file):
        _fit(toy_landmarks, folder / "run")
    return folder / "run"


@pytest.fixture(scope="session")
def plain_run(toy_landmarks, quick_fit, tmp_path_factory) -> Path:
    """The same on landmarks alone, without pages and plots."""
    run = tmp_path_factory.mktemp("plain-run") / "run"
    return quick_fit(toy_landmarks, run, "inputs=landmarks", "epochs=6")


@pytest.fixture(scope="session")
def subjects_run(toy_subjects, quick_fit, tmp_path_factory) -> Path:
    """An epoch on ``toy_subjects``, without pages and plots."""
    run = tmp_path_factory.mktemp("subjects-run") / "run"
    return quick_fit(toy_subjects, run, "inputs=landmarks", "epochs=1")
