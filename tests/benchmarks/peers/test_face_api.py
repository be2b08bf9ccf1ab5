"""face-api as a peer: its networks in Node, from the packages that the lock file names, on real pictures."""

import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from benchmarks.peers import environments, registry
from benchmarks.peers.environments import interpreter, prepare
from benchmarks.peers.face_api import FaceApi
from benchmarks.peers.process import RemoteSystem
from benchmarks.peers.recognizers.face_api_crop import square
from edge.core.errors import BackendError
from edge.sources.pictures import read_picture

slow = pytest.mark.slow
"""Installing hundreds of megabytes with npm, and removing them, takes a minute."""
CROP, SSD = (registry.FOLDER / f"face_api_{name}.py" for name in ("crop", "ssd"))
NO_REGISTRY = ("ECONNREFUSED", "ECONNRESET", "ENOTFOUND", "EAI_AGAIN", "ETIMEDOUT", "timeout")
"""What npm says where there is no network."""


@pytest.fixture(scope="module")
def environments_folder(lend_packages, tmp_path_factory):
    """Folder with the environment of ``face-api-crop``: npm is real, our packages are lent."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node.js and npm are not installed")
    folder = tmp_path_factory.mktemp("environments")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(environments, "install", lend_packages)
        patch.setenv("npm_config_fetch_retries", "0")
        patch.setenv("npm_config_prefer_offline", "true")
        try:
            prepare(registry.read(CROP), folder)
        except BackendError as error:
            if any(word in str(error) for word in NO_REGISTRY):
                pytest.skip(f"npm's registry is out of reach: {error}")
            raise
    yield folder
    shutil.rmtree(folder)  # hundreds of megabytes, of which pytest would keep three copies


@pytest.fixture
def system(environments_folder):
    """Start one of its two peers."""
    started = []

    def start(file):
        python = interpreter(prepare(registry.read(CROP), environments_folder))
        started.append(RemoteSystem(python, file, registry.read(file).labels))
        return started[-1]

    yield start
    for each in started:
        each.close()


@slow
@pytest.mark.parametrize("file", [CROP, SSD], ids=["our crop", "own detector"])
def test_the_portraits_show_what_everybody_sees(system, file, portraits):
    peer = system(file)
    assert peer.labels == ("neutral", "happy", "sad", "angry", "fear", "disgust", "surprise")
    for name, label in (("astronaut.png", "happy"), ("grace_hopper.jpg", "neutral")):
        rgb = read_picture(portraits[name])
        probabilities = peer.answer(rgb).probabilities
        assert peer.labels[probabilities.argmax()] == label
        assert probabilities.max() > 0.8
        assert probabilities.sum() == pytest.approx(1, abs=1e-4)
        np.testing.assert_array_equal(peer.answer(rgb).probabilities, probabilities)
    assert peer.answer(np.full((64, 80, 3), 128, np.uint8)) is None
    assert peer.answer(rgb[::2, ::2]) is not None  # pictures of another size, after one without a face


@slow
def test_node_is_in_the_figures(system, portraits):
    peer = system(CROP)
    assert peer.tracks
    packages = peer.software()["packages"]
    assert packages["@vladmandic/face-api"] == "1.7.15"
    assert int(packages["node"].split(".")[0]) >= 14
    rgb = read_picture(portraits["astronaut.png"])
    answers = [peer.timed_answer(rgb, tracked=True) for _ in range(5)]
    assert all(answer.probabilities is not None for answer in answers)
    assert answers[-1].cpu_ns > 3e6
    assert peer.peak_rss_mb() > 120


@slow
def test_its_row_of_the_table(environments_folder, class_folders, benchmark_json, capsys):
    result = benchmark_json(
        *("peers", "--only", "face-api-crop", "--environments", environments_folder),
        *("--rounds", 1, "--frames", 2, "--data", class_folders, "--workers", 1),
    )
    (line,) = result["peers"]
    assert (line["reason"], line["score_reason"], line["lacks"]) == (None, None, [])
    assert line["requirements"][-1] == "@vladmandic/face-api@1.7.15"
    assert (line["scores"]["n"], line["scores"]["accuracy"]) == (3, pytest.approx(2 / 3, abs=1e-3))
    assert line["install_mb"] > 50
    _, scores, remark, *_ = re.findall(
        r"^face-api 1\.7\.15 \(our crop\) +(.*)", capsys.readouterr().out, re.M
    )
    assert scores.split() == ["66.7", "66.7", "100.0"]
    assert remark.startswith("trained on: public data sets")


@slow
def test_node_ends_with_its_peer(environments_folder):
    python = interpreter(prepare(registry.read(CROP), environments_folder))
    peer = RemoteSystem(python, CROP, registry.read(CROP).labels)
    children = (Path("/proc") / str(peer._worker.pid) / "task").glob("*/children")
    (node,) = (int(pid) for path in children for pid in path.read_text().split())
    peer.close()
    with pytest.raises(ProcessLookupError):
        os.kill(node, 0)


@slow
def test_a_broken_package_is_one_line(environments_folder, tmp_path):
    """What Node says is passed on."""
    (tmp_path / "package.json").write_text("{}")
    with pytest.raises(BackendError, match="Cannot find module '@tensorflow/tfjs'") as error:
        FaceApi(detect=False, folder=tmp_path)
    assert "\n" not in str(error.value)


POINTS = np.array([[20, 40, 0], [60, 30, 5], [40, 50, 0]], np.float32)


def test_a_square_is_cut_where_the_landmarks_are():
    """Box 20–60 × 30–50: a square of 46 px around (40, 40)."""
    rgb = np.zeros((100, 90, 3), np.uint8)
    rgb[17:63, 17:63] = (10, 200, 30)
    out = square(rgb, POINTS)
    assert (out.shape, out.dtype) == ((112, 112, 3), np.uint8)
    assert (out == (10, 200, 30)).all()


def test_a_square_repeats_the_edges_beyond_the_picture():
    rgb = np.zeros((45, 50, 3), np.uint8)
    rgb[-1] = 255
    out = square(rgb, POINTS)
    assert (out[-40:] == 255).all()
    assert (out[:50] == 0).all()


def test_what_shrinks_in_a_square_is_averaged():
    fine = np.indices((1000, 1000)).sum(0) % 2 * 200
    rgb = np.repeat(fine[..., None].astype(np.uint8), 3, axis=2)
    wide = np.array([[110, 400], [890, 400]], np.float32)  # 897 px around (500, 400)
    assert np.abs(square(rgb, wide).astype(int) - 100).max() < 10
