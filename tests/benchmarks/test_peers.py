"""``python -m benchmarks peers``: a small peer in a real environment of its own, and what breaks."""

import json
import sys
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from benchmarks import cli, peer_benchmark, peer_environments, peer_files, peer_process
from benchmarks.peer_environments import interpreter, prepare
from benchmarks.peer_process import RemoteSystem
from benchmarks.stress import Stress
from edge.core.errors import BackendError, ConfigError

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
PICTURE = np.full((6, 4, 3), 200, np.uint8)
KEYS = {
    *("title", "name", "requirements", "trained_on", "note", "python", "packages", "reason"),
    *peer_benchmark.FIGURES,
}
PEER = f'''
import numpy as np

NAME = "Tiny 1.0"
PYTHONS = ("{VERSION}",)
REQUIREMENTS = ()
TRAINED_ON = "nothing"
LABELS = {{"joy": "happy", "calm": "neutral"}}


class Recognizer:
    """Bright pictures are happy; black ones have no face."""

    def answer(self, rgb):
        print("noise on stdout")
        rgb[0] = rgb[0]  # it may write
        share = rgb.mean() / 255
        return None if share == 0 else np.array([share, 1 - share], np.float32)
'''


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Make a folder of peers with one file, ``tiny.py``, and put other text in its place."""
    folder = tmp_path / "peers"
    folder.mkdir()
    monkeypatch.setattr(peer_files, "FOLDER", folder)

    def run(before="", after="", name="tiny.py"):
        assert before in PEER
        path = folder / name
        path.write_text(PEER.replace(before, after) if before else PEER)
        return path

    return run


@pytest.fixture
def without_network(monkeypatch):
    """In place of pip: the environment sees the NumPy of this one."""
    packages = Path(np.__file__).parents[1]
    made = []

    def install(peer, environment):
        (place,) = environment.glob("lib/python*/site-packages")
        (place / "numpy.pth").write_text(f"{packages}\n")
        made.append(peer.name)

    monkeypatch.setattr(peer_environments, "install", install)
    return made


@pytest.fixture
def remote(write):
    """A process of a peer, in this very environment."""
    with_peer = []

    def start(*change):
        path = write(*change)
        system = RemoteSystem(Path(sys.executable), path, peer_files.read(path).labels)
        with_peer.append(system)
        return system

    yield start
    for system in with_peer:
        system.close()


def test_a_peer_answers_from_its_own_environment(write, without_network, tmp_path):
    peer = peer_files.read(write())
    environment = prepare(peer, tmp_path / "environments")
    assert not (environment / "bin" / "pip").exists()
    with closing(RemoteSystem(interpreter(environment), peer.file, peer.labels)) as system:
        assert system.labels == ("happy", "neutral")
        assert system.software["python"].startswith(VERSION)
        np.testing.assert_allclose(system.answer(PICTURE), [200 / 255, 55 / 255], rtol=1e-5)
        assert system.answer(np.zeros_like(PICTURE)) is None
        np.testing.assert_allclose(system.answer(PICTURE[::2, ::-1]), [200 / 255, 55 / 255], rtol=1e-5)
        timed = system.timed_answer(PICTURE)
        assert timed.ns > 0
        assert timed.cpu_ns > 0
        assert 5 < system.peak_rss_mb() < 500


def test_an_environment_is_made_once_for_the_same_requirements(write, without_network, tmp_path):
    folder = tmp_path / "environments"
    peer = peer_files.read(write())
    first = prepare(peer, folder)
    assert prepare(peer, folder) == first
    assert without_network == ["tiny"]
    before = peer_environments.size_mb(first)
    (first / "weights").write_bytes(bytes(1_500_000))
    assert peer_environments.size_mb(first) - before == pytest.approx(1.5, abs=0.11)
    other = peer_files.read(write("REQUIREMENTS = ()", 'REQUIREMENTS = ("numpy==1.26.4",)'))
    assert prepare(other, folder) != first
    assert without_network == ["tiny", "tiny"]
    assert "numpy==1.26.4" in (prepare(other, folder) / "requirements.txt").read_text()


def test_an_interrupted_environment_is_not_taken_for_a_whole_one(write, monkeypatch, tmp_path):
    def interrupt(peer, environment):
        assert interpreter(environment).exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(peer_environments, "install", interrupt)
    with pytest.raises(KeyboardInterrupt):
        prepare(peer_files.read(write()), tmp_path / "environments")
    assert list((tmp_path / "environments").iterdir()) == []


def test_a_pip_that_fails_is_one_line(write, tmp_path):
    peer = peer_files.read(
        write("REQUIREMENTS = ()", 'REQUIREMENTS = ("--no-index", "no-such-package==1.0")')
    )
    with pytest.raises(BackendError, match=r"no environment for tiny: .*no-such-package") as error:
        prepare(peer, tmp_path / "environments")
    assert "\n" not in str(error.value)
    assert list((tmp_path / "environments").iterdir()) == []


def test_another_python_is_asked_for(write, tmp_path):
    peer = peer_files.read(write(f'("{VERSION}",)', '("3.99",)'))
    with pytest.raises(BackendError, match=r"tiny runs on Python 3\.99, .* --python tiny=PATH"):
        prepare(peer, tmp_path)
    with pytest.raises(BackendError, match="is no Python that runs"):
        prepare(peer, tmp_path, tmp_path / "python")


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('NAME = "Tiny 1.0"', "", "NAME must be a str, not None"),
        ("REQUIREMENTS = ()", 'REQUIREMENTS = "numpy"', "REQUIREMENTS must be a tuple"),
        ("REQUIREMENTS = ()", "REQUIREMENTS = (1,)", "REQUIREMENTS must be a tuple of strings"),
        ('"calm": "neutral"', '"calm": "serene"', "LABELS must map its labels to different ones of angry"),
        ('"calm": "neutral"', '"calm": "happy"', "LABELS must map its labels to different ones of angry"),
        ("def answer", "def reply", "expected a class Recognizer with a method answer"),
        ("class Recognizer", "clas Recognizer", "is no peer"),
        ("import numpy", "import no_such_package", "is no peer .*no_such_package"),
    ],
)
def test_a_file_that_is_not_whole_is_an_error(write, before, after, message):
    with pytest.raises(ConfigError, match=message):
        peer_files.read(write(before, after))


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (
            "np.array([share, 1 - share], np.float32)",
            "[1.0]",
            "expected 2 probabilities, one for each label: got 1",
        ),
        ("np.array([share, 1 - share], np.float32)", "[float('nan'), 1]", "expected probabilities"),
        ("np.array([share, 1 - share], np.float32)", "[-1.0, 2.0]", "expected probabilities"),
        ("np.array([share, 1 - share], np.float32)", "1 / 0", "ZeroDivisionError"),
        ("np.array([share, 1 - share], np.float32)", "exit(3)", "its process ended with 3"),
    ],
)
def test_answers_that_are_none_are_errors(remote, before, after, message):
    system = remote(before, after)
    with pytest.raises(BackendError, match=message):
        system.answer(PICTURE)


def test_a_peer_that_cannot_be_built_is_an_error(remote):
    with pytest.raises(BackendError, match="RuntimeError: no weights"):
        remote(
            "    def answer",
            "    def __init__(self):\n        raise RuntimeError('no weights')\n\n    def answer",
        )
    with pytest.raises(BackendError, match="cannot run no-such-python"):
        RemoteSystem(Path("no-such-python"), Path("tiny.py"), ("happy",))


def test_a_peer_that_hangs_is_given_up(remote, monkeypatch):
    monkeypatch.setattr(peer_process, "ANSWER_S", 0.2)
    system = remote("        print(", "        import threading; threading.Event().wait()\n        print(")
    with pytest.raises(BackendError, match=r"gave no answer within 0\.2 s"):
        system.answer(PICTURE)
    with pytest.raises(BackendError, match="its process ended with -9"):
        system.answer(np.zeros((2000, 2000, 3), np.uint8))


@pytest.fixture
def run(write, without_network, tmp_path, benchmark_json, portraits):
    """Run the command on the tiny peer and on one that breaks in the run."""
    write()
    write("np.array([share", "None if share < 2 and 1 / 0 else np.array([share", "broken_one.py")
    flags = ("--environments", tmp_path / "environments", "--rounds", 2, "--frames", 3)
    return lambda *more: benchmark_json("peers", *flags, *more)


def test_who_runs_is_measured_and_who_does_not_is_named(run, capsys):
    result = run()
    broken, tiny = result["peers"]
    assert (result["kind"], result["schema"], result["rounds"], result["frames"]) == ("peers", 1, 2, 3)
    assert set(broken) == set(tiny) == KEYS
    assert "ZeroDivisionError" in broken["reason"]
    assert broken["ms"] is None
    assert tiny["reason"] is None
    assert (tiny["n"], tiny["frames_with_face"]) == (6, 6)
    assert 0 < tiny["ms"]["p50"] <= tiny["ms"]["p99"]
    assert tiny["ratio"] == {"p50": 1.0, "p10": 1.0, "p90": 1.0}
    assert len(tiny["first_result_runs_s"]) == peer_benchmark.COLD_RUNS
    assert min(tiny["peak_rss_mb"], tiny["cpu_ms_per_frame"]) > 0
    assert tiny["install_mb"] >= 0
    assert tiny["scores"] is result["scored_on"] is None
    printed = capsys.readouterr().out
    assert "not run: Tiny 1.0: ZeroDivisionError" in printed
    assert "trained on: nothing" in printed


def test_all_are_scored_on_the_same_pictures(run, class_folders, tmp_path, capsys):
    result = run("--only", "tiny", "--data", class_folders, "--pictures", 3, "--workers", 1)
    (tiny,) = result["peers"]
    assert result["scored_on"]["n"] == tiny["scores"]["n"] == 3
    assert len(result["scored_on"]["labels"]) == 7
    assert tiny["scores"]["coverage"] == 1.0
    file, out = tmp_path / "peers.json", tmp_path / "report"
    file.write_text(json.dumps(result))
    assert cli.main(["report", str(file), "--out", str(out), "--against", str(file)]) == 0
    text = (out / "report.md").read_text("utf-8")
    assert "## Peers: tiny" in text
    assert "Tiny 1.0" in text
    assert "not compared, it is a comparison itself" in text


def test_a_peer_on_damaged_pictures_is_a_result_of_robustness(run, class_folders, monkeypatch):
    monkeypatch.setattr(peer_benchmark, "OF_PICTURES", ("contrast", "covered_mouth"))
    result = run("--robustness", "tiny", "--data", class_folders, "--workers", 1)
    assert (result["kind"], result["system"], result["n"]) == ("robustness", "Tiny 1.0", 3)
    assert set(result["corruptions"]) == {"contrast", "covered_mouth"}
    assert result["peer"]["trained_on"] == "nothing"


def test_a_remote_system_works_in_a_pool(write, class_folders, portraits):
    from benchmarks import robustness
    from benchmarks.subset import Pictures
    from edge.settings import LandmarkSettings

    build = partial(RemoteSystem, Path(sys.executable), write(), ("happy", "neutral"))
    stress = Stress(build, LandmarkSettings(), ("contrast",))
    one, two = (
        robustness.benchmark(Pictures(class_folders), stress, {}, None, workers) for workers in (1, 2)
    )
    assert one["corruptions"] == two["corruptions"]


@pytest.mark.parametrize(
    ("argv", "code", "message"),
    [
        (["--only", "nobody"], 78, "no peer 'nobody': choose from tiny"),
        (["--python", "tiny"], 78, "expected NAME=PATH, NAME one of tiny"),
        (["--python", "other=python3"], 78, "expected NAME=PATH, NAME one of tiny"),
        (["--robustness", "tiny"], 78, "--robustness needs pictures"),
        (["--data", "no-such-file.csv"], 1, "no data at no-such-file.csv"),
        (["--python", "tiny=no-such-python"], 1, "no peer runs: no-such-python is no Python that runs"),
    ],
)
def test_what_cannot_run_at_all_is_one_line(write, argv, code, message, capsys, tmp_path, portraits):
    write()
    assert cli.main(["peers", "--environments", str(tmp_path / "environments"), *argv]) == code
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("error: ")
    assert message in last


def test_the_peers_that_come_with_the_program_are_whole_and_pinned():
    every = peer_files.choose(None)
    assert [peer.name for peer in every] == ["fused", "landmarks", "fer", "fer-mtcnn", "mediapipe"]
    lines = [line for peer in every for line in (*peer.requirements, *peer.without_dependencies)]
    assert all("==" in line or line.startswith("-r requirements-") for line in lines)
    assert all(peer.trained_on and len(peer.labels) == 7 for peer in every)
