"""``mien train extract`` as a user calls it, on real pictures."""

import os
import signal
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import cv2
import distributed
import numpy as np
import pytest

from edge.core import features
from edge.core.errors import BackendError, DataError, ModelError
from edge.core.files import sha256
from edge.head.inputs import INPUTS
from edge.landmarks.models import find_models, model_hashes
from evaluation import Preparation, read_dataset
from evaluation.label_sets import EMOTIONS
from tests.train.rows import same
from train.cli import main
from train.dataset import landmarks_folder
from train.dataset.extract import CHUNK
from train.dataset.extract import extract as extract_here
from train.dataset.find_faces import MAPS, ExtractionSetup
from train.dataset.landmarks_folder import check_output
from train.npz import write_npz

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def face_models():
    try:
        find_models()
    except ModelError as error:
        pytest.skip(f"needs the face models: {error}")


def arguments(data, out, *flags):
    return ["extract", str(data), "--out", str(out), *map(str, flags)]


@pytest.fixture
def extract(command):
    """``(data, out, *flags)`` runs ``mien train extract`` in this process; exit code, output and errors."""
    return lambda data, out, *flags: command(main, *arguments(data, out, *flags))


@pytest.fixture(scope="module")
def whole(fer_extract):
    """The landmarks folder of an uninterrupted run, and what the run printed."""
    folder, printed = fer_extract
    return landmarks_folder.load(folder), printed


def subset(fer_csv, folder, *numbers):
    """Some rows of the csv with their votes."""
    for name in ("fer2013.csv", "fer2013new.csv"):
        lines = fer_csv.with_name(name).read_text().splitlines()
        folder.mkdir(exist_ok=True)
        (folder / name).write_text("\n".join([lines[0], *(lines[1 + number] for number in numbers)]) + "\n")
    return folder / "fer2013.csv"


@pytest.fixture(scope="module")
def few(fer_csv, tmp_path_factory):
    """40 rows of one split and 24 of the other, in turn."""
    rows = [*range(20), *range(150, 162), *range(20, 40), *range(162, 174)]
    return subset(fer_csv, tmp_path_factory.mktemp("few"), *rows)


@pytest.fixture
def small_shards(monkeypatch):
    """Shards of 24 pictures in place of 128."""
    monkeypatch.setattr("train.dataset.extract.CHUNK", 24)


@pytest.fixture(scope="module")
def augmented(few, tmp_path_factory):
    """The few rows with two views, by one process."""
    out = tmp_path_factory.mktemp("views") / "landmarks"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("train.dataset.extract.CHUNK", 24)
        extract_here(few, out, ExtractionSetup(Preparation(), views=2), workers=1)
    return landmarks_folder.load(out)


def same_folder(a, b, views=0):
    same(a.rows, b.rows)
    for view in range(views + 1):
        same(a.faces(view, MAPS), b.faces(view, MAPS))


def test_rows_are_those_of_the_csv(whole, fer_csv):
    rows = whole[0].rows
    assert len(rows) == 300
    assert sorted(set(rows.split.tolist())) == ["PublicTest", "Training"]
    assert rows.name[0] == "fer2013.csv:2"
    assert rows.name[-1] == "fer2013.csv:301"
    lines = fer_csv.read_text().splitlines()[1:]
    assert rows.label.tolist() == [int(line.split(",")[0]) for line in lines]
    votes = fer_csv.with_name("fer2013new.csv").read_text().splitlines()[1:]
    assert rows.votes.tolist() == [list(map(int, line.split(",")[2:])) for line in votes]
    assert set(rows.subject.tolist()) == set(rows.sequence.tolist()) == {""}


def test_faces_and_landmarks(whole):
    rows, faces = whole[0].rows, whole[0].faces(maps=MAPS)
    assert faces.found.mean() > 0.9
    assert np.array_equal(faces.found, rows.presence >= 0.5)
    for values in (faces.landmarks, *faces.maps.values()):
        assert not values[~faces.found].any()
        assert np.isfinite(values).all()
    found = faces.landmarks[faces.found]
    # Prepared by default to 48 px and a margin of 0.3 × 48 px on each side.
    centers = found[:, :, :2].mean(axis=1)
    assert ((centers > 14) & (centers < 62)).all()
    assert len(set(rows.picture_hash.tolist())) > 250
    assert {*faces.maps} == {*MAPS}
    for name, values in faces.maps.items():
        assert values.shape == (300, *INPUTS[name].shape)
        assert values.dtype == np.float16
        assert values[faces.found].any(axis=(1, 2, 3)).all()


def test_the_folder_and_what_was_printed(whole):
    folder, printed = whole
    info = folder.info
    assert info["data"]["file"] == "fer2013.csv"
    assert len(info["data"]["sha256"]) == 64
    assert info["preparation"] == {"scale": 1.0, "padding": 0.3}
    assert info["landmark_models"] == model_hashes()
    assert info["maps"] == dict.fromkeys(MAPS, 1)
    assert info["views"] == 0
    assert {"created", "versions", "skipped"} <= info.keys()
    assert len(info["shards"]) == -(-300 // CHUNK)
    assert {entry.name for entry in folder.path.iterdir()} == {*info["shards"], "info.json"}
    assert [entry.name for entry in folder.path.parent.iterdir()] == ["landmarks"]
    for word in ("PublicTest", "Training", "disgust", "all", "%", "300 pictures, 0 problems"):
        assert word in printed


class TestViews:
    def test_only_training_rows_are_augmented(self, augmented):
        assert augmented.views == 2
        is_training = augmented.rows.split == "Training"
        raw, *views = (augmented.faces(view, MAPS) for view in range(3))
        assert is_training.sum() == 40
        assert raw.found[~is_training].any()
        for view in views:
            assert not view.found[~is_training | ~raw.found].any()
            assert view.found[is_training & raw.found].mean() > 0.8
            assert not view.landmarks[~view.found].any()
            assert not any(values[~view.found].any() for values in view.maps.values())

    def test_each_view_is_another(self, augmented):
        raw, first, second = (augmented.faces(view) for view in range(3))
        both = np.flatnonzero(first.found & second.found)
        for index in both:
            points = [features.extract(view.landmarks[index]) for view in (raw, first, second)]
            assert not np.array_equal(points[0], points[1])
            assert not np.array_equal(points[1], points[2])
        # Half of them are mirrored: the middle of the face lies right instead of left.
        middle = 48 * 1.6 / 2
        offset = [view.landmarks[both, :, 0].mean(axis=1) - middle for view in (raw, first)]
        clear = np.abs(offset[0]) > 2.5
        assert 0.15 < (offset[0] * offset[1] < 0)[clear].mean() < 0.85

    def test_the_number_of_workers_changes_nothing(self, augmented, few, small_shards, tmp_path):
        extract_here(few, tmp_path / "landmarks", ExtractionSetup(Preparation(), views=2), workers=2)
        again = landmarks_folder.load(tmp_path / "landmarks")
        assert again.info["shards"] == augmented.info["shards"]
        assert len(again.info["shards"]) == 3
        same_folder(again, augmented, views=2)

    def test_unaugmented_pictures_do_not_depend_on_the_views(self, augmented, few, small_shards, tmp_path):
        extract_here(few, tmp_path / "landmarks", ExtractionSetup(Preparation(), views=0), workers=1)
        plain = landmarks_folder.load(tmp_path / "landmarks")
        assert plain.views == 0
        same_folder(plain, augmented)
        assert not set(plain.info["shards"]) & set(augmented.info["shards"])


def start_and_stop(data, out, sent):
    """Send the signal as soon as the first shard is there; gives exit code and stderr's last line."""
    command = [sys.executable, "-m", "train", *arguments(data, out, "--workers", 1)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        while process.poll() is None and not (out.is_dir() and list(out.glob("[!.]*.npz"))):
            time.sleep(0.002)
        assert process.poll() is None, process.stderr.read()
        workers = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        # As a terminal does: Ctrl-C reaches the workers too.
        (os.killpg if sent == signal.SIGINT else os.kill)(process.pid, sent)
        error = process.communicate(timeout=60)[1]
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in workers):
        assert time.monotonic() < deadline, "a worker outlived its parent"
        time.sleep(0.01)
    return process.returncode, (error.splitlines() or [""])[-1]


def state(folder):
    """Content and time of every shard."""
    return {
        path.name: (sha256(path.read_bytes()), path.stat().st_mtime_ns) for path in folder.glob("[!.]*.npz")
    }


def test_a_killed_run_goes_on_after_its_whole_shards_and_ends_the_same(whole, fer_csv, tmp_path):
    out = tmp_path / "landmarks"
    code, _ = start_and_stop(fer_csv, out, signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert not (out / "info.json").exists()
    before = state(out)
    assert 1 <= len(before) < 3
    # The mark in a finished shard shows that it is used and not made again; a damaged one is made again.
    first = min(out.glob("[!.]*.npz"))
    with np.load(first) as archive:
        arrays = dict(archive)
    write_npz(first, arrays | {"presence": np.full_like(arrays["presence"], 0.125)})
    first.with_name(first.name.replace("000000", "000001")).write_bytes(first.read_bytes()[:-5000])
    marked = state(out)[first.name]
    extract_here(fer_csv, out, ExtractionSetup(Preparation(), views=0), workers=2)
    assert state(out)[first.name] == marked
    again = landmarks_folder.load(out)
    assert np.array_equal(again.rows.presence[CHUNK:], whole[0].rows.presence[CHUNK:])
    again.rows.presence[:CHUNK] = whole[0].rows.presence[:CHUNK]
    same_folder(again, whole[0])


def test_ctrl_c_ends_in_one_line(fer_csv, tmp_path):
    code, line = start_and_stop(fer_csv, tmp_path / "landmarks", signal.SIGINT)
    assert (code, line) == (130, "error: interrupted")
    assert not (tmp_path / "landmarks" / "info.json").exists()


def test_shards_of_another_preparation_are_not_used_and_removed(few, small_shards, tmp_path, augmented):
    out = tmp_path / "landmarks"
    extract_here(few, out, ExtractionSetup(Preparation(scale=2.0), views=0), workers=1)
    other = state(out)
    extract_here(few, out, ExtractionSetup(Preparation(), views=0), workers=1)
    again = landmarks_folder.load(out)
    same_folder(again, augmented)
    assert state(out).keys() == set(again.info["shards"])
    assert not state(out).keys() & other.keys()


def test_bad_rows_are_named_counted_and_skipped(fer_csv, extract, tmp_path):
    lines = fer_csv.read_text().splitlines()
    label, pixels, usage = lines[1].split(",")
    bad = [
        "0,1 2 3,Training",
        f"9,{pixels},Training",
        f"{label},{pixels.replace(' ', ' x', 1)},{usage}",
        f"{label},{pixels.rsplit(' ', 1)[0]} 999,{usage}",
    ]
    data = tmp_path / "fer2013.csv"
    data.write_text("\n".join([*lines[:3], *bad, *lines[3:11]]) + "\n")
    code, printed, error = extract(data, tmp_path / "out", "--workers", 1)
    assert code == 0
    warnings = [line for line in error.splitlines() if "warning: " in line]
    for number, reason in ((4, "2304"), (5, "unknown class '9'"), (6, "pixel 'x"), (7, "pixel '999'")):
        assert sum(f"{data}:{number}: " in line and reason in line for line in warnings) == 1
    assert len(warnings) == 4
    assert "10 pictures, 4 problems" in printed
    assert landmarks_folder.load(tmp_path / "out").info["skipped"] == 4


def fails(result, code, *words):
    """One line of errors beside the progress bar."""
    found, _, error = result
    assert found == code, error
    lines = [line for line in error.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, error
    for word in words:
        assert word in lines[0]


def test_data_that_cannot_be_read(extract, tmp_path):
    fails(extract(tmp_path / "nothing.csv", tmp_path / "o"), 1, "no data at", "fer2013.csv")
    data = tmp_path / "fer2013.csv"
    data.write_text("emotion,Usage\n0,Training\n")
    fails(extract(data, tmp_path / "o"), 1, "'pixels'", "expected emotion,pixels,Usage")
    assert list(tmp_path.iterdir()) == [data]


def test_face_models_absent(fer_csv, extract, tmp_path):
    fails(
        extract(fer_csv, tmp_path / "o", "--models-dir", tmp_path),
        78,
        "face_detection_short_range.tflite",
    )


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--scale", "0"), "scale must be"),
        (("--padding", "nan"), "padding must be"),
        (("--views", "-1"), "views must be 0 or more, not -1"),
    ],
)
def test_settings_out_of_range(few, extract, tmp_path, flags, message):
    fails(extract(few, tmp_path / "o", *flags), 78, message)


def test_a_full_disk(few, extract, full_disk, tmp_path):
    """write() fails in the middle of a shard."""
    out = tmp_path / "landmarks"
    with full_disk(100_000):
        result = extract(few, out, "--workers", 1)
    fails(result, 1, "File too large")
    assert list(out.iterdir()) == []


@pytest.fixture
def pictures(fer_csv):
    return list(islice(read_dataset(fer_csv, "PublicTest", on_bad=pytest.fail), 20))


def store(pictures, folder, named):
    for sample in pictures:
        path = folder / named(sample.label) / f"{sample.name.split(':')[1]}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cv2.imencode(".png", sample.picture)[1].tobytes())


def test_folders_within_the_classes_and_names_that_are_not_utf_8(pictures, extract, tmp_path):
    data, person = tmp_path / "data", os.fsdecode(b"Andr\xe9")
    store(pictures, data / "test", lambda label: f"{label.title()}/{person}")
    first = data / "test" / pictures[0].label.title()
    (first / person / os.fsdecode(b"\xe9.png")).touch()
    code, _, error = extract(data, tmp_path / "landmarks", "--workers", 1)
    assert code == 0
    assert f"warning: not a picture: {first}/Andr\\udce9/\\udce9.png is empty" in error
    folder = landmarks_folder.load(tmp_path / "landmarks")
    rows = folder.rows
    assert rows.split.tolist() == ["test"] * 20
    assert not rows.votes.any()
    assert folder.faces().found.mean() > 0.8
    assert all((data / name).is_file() for name in rows.name.tolist())


def test_class_folders_with_names_of_their_own(pictures, extract, tmp_path):
    present = sorted({sample.label for sample in pictures})
    numbers = {label: str(number) for number, label in enumerate(present)}
    store(pictures, tmp_path / "data", numbers.__getitem__)
    mapping = tmp_path / "classes.toml"
    excluded, *kept = present
    lines = [f'{numbers[label]} = "{label}"' for label in kept]
    mapping.write_text("\n".join(["[classes]", f'{numbers[excluded]} = ""', *lines]) + "\n")
    data, out = tmp_path / "data", tmp_path / "landmarks"
    fails(extract(data, out, "--workers", 1), 1, "class folders that are numbers", "mapping file")
    assert extract(data, out, "--workers", 1, "--classes", mapping)[0] == 0
    rows = landmarks_folder.load(out).rows
    expected = {
        f"{numbers[s.label]}/{s.name.split(':')[1]}.png": s.label for s in pictures if s.label != excluded
    }
    assert dict(zip(rows.name.tolist(), [EMOTIONS[i] for i in rows.label], strict=True)) == expected


def test_something_else_as_output_is_refused_before_the_work(few, extract, tmp_path):
    (tmp_path / "file").touch()
    fails(extract(few, tmp_path / "file"), 1, "is a file: name a folder to write")
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "precious.npz").write_bytes(b"mine")
    fails(extract(few, photos), 1, "is there and no landmarks folder: name a new folder to write")
    assert [entry.name for entry in photos.iterdir()] == ["precious.npz"]


@pytest.mark.parametrize(
    "names",
    [
        ["000001.npz"],  # as ours are called, but not those of an unfinished folder
        [".git"],
        ["info.json"],
        ["info.json", "000001.npz"],
    ],
)
def test_files_of_others_are_never_taken_for_shards(tmp_path, names):
    for name in names:
        (tmp_path / name).write_text("{}")
    with pytest.raises(DataError, match="is there and no landmarks folder"):
        check_output(tmp_path)


def test_an_unfinished_folder_may_be_gone_on_with(tmp_path):
    for name in (f"{'0' * 16}-000001.npz", f".{'0' * 16}-000002-k3_x8y1a.npz", ".info-abcdefgh.json"):
        (tmp_path / name).write_text("")
    check_output(tmp_path)


@pytest.fixture(scope="module")
def scheduler():
    """The address of a Dask cluster of two processes."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        yield cluster.scheduler_address


class TestDask:
    def test_the_same_shards_as_without(self, scheduler, few, tmp_path, augmented, small_shards):
        setup = ExtractionSetup(Preparation(), views=2)
        extract_here(few, tmp_path / "landmarks", setup, workers=1, dask=scheduler)
        again = landmarks_folder.load(tmp_path / "landmarks")
        same_folder(again, augmented, views=2)
        assert again.info["shards"] == augmented.info["shards"]

    def test_without_the_package(self, few, extract, monkeypatch, tmp_path):
        monkeypatch.setitem(sys.modules, "distributed", None)
        result = extract(few, tmp_path / "o", "--dask", "tcp://127.0.0.1:8786")
        fails(result, 1, "--dask needs the package distributed: pip install distributed")

    def test_an_address_that_is_none(self, few, extract, tmp_path):
        result = extract(few, tmp_path / "o", "--dask", "nonsense://127.0.0.1:1")
        fails(result, 1, "no Dask scheduler at nonsense://127.0.0.1:1", "dask scheduler")

    def test_a_scheduler_that_is_not_there(self, few, tmp_path, monkeypatch):
        client = distributed.Client
        monkeypatch.setattr(distributed, "Client", lambda address, timeout: client(address, timeout=0.5))
        setup = ExtractionSetup(Preparation(), views=0)
        with pytest.raises(BackendError, match=r"no Dask scheduler at tcp://127\.0\.0\.1:1 .*start one with"):
            extract_here(few, tmp_path / "o", setup, 1, dask="tcp://127.0.0.1:1")
