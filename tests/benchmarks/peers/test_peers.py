"""``mien benchmark peers``: a small peer in a real environment of its own, and what breaks."""

import json
import os
import re
import select
import shutil
import sys
from contextlib import closing, suppress
from functools import partial
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from benchmarks.cli.main import main
from benchmarks.peers import environments, peers, registry
from benchmarks.peers.environments import interpreter, prepare
from benchmarks.peers.process import RemoteSystem
from benchmarks.workers import process
from edge.core.errors import BackendError, ConfigError

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
PICTURE = np.full((6, 4, 3), 200, np.uint8)
KEYS = {
    *("title", "name", "requirements", "trained_on", "note", "python", "packages", "reason", "score_reason"),
    *peers.FIGURES,
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
    monkeypatch.setattr(registry, "FOLDER", folder)

    def run(before="", after="", name="tiny.py"):
        assert before in PEER
        path = folder / name
        path.write_text(PEER.replace(before, after) if before else PEER)
        return path

    return run


@pytest.fixture
def without_network(monkeypatch, lend_packages):
    """In place of pip: the environment sees the NumPy of this one."""
    made = []

    def install(peer, environment):
        lend_packages(peer, environment)
        made.append(peer.name)

    monkeypatch.setattr(environments, "install", install)
    return made


@pytest.fixture
def remote(write):
    """A process of a peer, in this very environment."""
    with_peer = []

    def start(*change):
        path = write(*change)
        system = RemoteSystem(Path(sys.executable), path, registry.read(path).labels)
        with_peer.append(system)
        return system

    yield start
    for system in with_peer:
        system.close()


def test_a_peer_answers_from_its_own_environment(write, without_network, tmp_path):
    peer = registry.read(write())
    environment = prepare(peer, tmp_path / "environments")
    assert not (environment / "bin" / "pip").exists()
    with closing(RemoteSystem(interpreter(environment), peer.file, peer.labels)) as system:
        assert system.labels == ("happy", "neutral")
        assert not system.tracks
        software = system.software()
        assert software["python"].startswith(VERSION)
        assert software["packages"]["numpy"] == np.__version__
        np.testing.assert_allclose(system.answer(PICTURE).probabilities, [200 / 255, 55 / 255], rtol=1e-5)
        assert system.answer(np.zeros_like(PICTURE)) is None
        smaller = system.answer(PICTURE[::2, ::-1])
        np.testing.assert_allclose(smaller.probabilities, [200 / 255, 55 / 255], rtol=1e-5)
        timed = system.timed_answer(PICTURE)
        assert timed.ns > 0
        assert timed.cpu_ns > 0
        assert 5 < system.peak_rss_mb() < 500


def test_an_environment_is_made_once_for_the_same_requirements_and_python(write, without_network, tmp_path):
    folder = tmp_path / "environments"
    peer = registry.read(write())
    first = prepare(peer, folder)
    assert prepare(peer, folder) == first
    assert without_network == ["tiny"]
    interpreter(first).unlink()
    interpreter(first).symlink_to(tmp_path / "removed")
    assert prepare(peer, folder) == first
    assert interpreter(first).exists()
    assert without_network == ["tiny", "tiny"]
    before = environments.size_mb(first)
    (first / "weights").write_bytes(bytes(1_500_000))
    assert environments.size_mb(first) - before == pytest.approx(1.5, abs=0.11)
    other = registry.read(write("REQUIREMENTS = ()", 'REQUIREMENTS = ("numpy==1.26.4",)'))
    assert prepare(other, folder) != first
    assert without_network == ["tiny"] * 3
    assert "numpy==1.26.4" in (prepare(other, folder) / "requirements.txt").read_text()


def test_an_interrupted_environment_is_not_taken_for_a_whole_one(write, monkeypatch, tmp_path):
    def interrupt(peer, environment):
        assert interpreter(environment).exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(environments, "install", interrupt)
    with pytest.raises(KeyboardInterrupt):
        prepare(registry.read(write()), tmp_path / "environments")
    assert list((tmp_path / "environments").iterdir()) == []


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (
            "S = ()",
            'S = ("--no-index", "no-such-package==1.0")',
            "no environment for tiny: .*no-such-package",
        ),
        ("S = ()", 'S = ("-r no-such-file.txt",)', r"tiny: cannot read .*no-such-file\.txt: No such"),
        (f'("{VERSION}",)', '("3.99",)', r"tiny runs on Python 3\.99, .* --python tiny=PATH"),
    ],
)
def test_an_environment_that_cannot_be_made_is_one_line(write, tmp_path, before, after, message):
    with pytest.raises(BackendError, match=message) as error:
        prepare(registry.read(write(before, after)), tmp_path / "environments")
    assert "\n" not in str(error.value)
    assert list(tmp_path.glob("environments/*")) == []


def test_variables_of_the_user_do_not_reach_pip(write, monkeypatch, tmp_path):
    seen = tmp_path / "seen"
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\nenv > {seen}\nreadlink /proc/self/fd/0 >> {seen}\necho {VERSION}\n")
    program.chmod(0o755)
    for name in ("PYTHONPATH", "PYTHONHOME", "PIP_USER", "PIP_TARGET"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("PIP_INDEX_URL", "kept")
    assert environments.python_version(program) == VERSION
    lines = seen.read_text().splitlines()
    assert "PIP_INDEX_URL=kept" in lines
    assert lines[-1] == "/dev/null"
    removed = ("PYTHONPATH=", "PYTHONHOME=", "PIP_USER=", "PIP_TARGET=")
    assert not any(line.startswith(removed) for line in lines)


@pytest.fixture
def write_npm(write, tmp_path):
    """Likewise one that wants something of npm: ``npm_one.py``."""

    def run():
        name, version = "no-such-package-of-ours", "1.0.0"
        folder = tmp_path / "peers" / "of_npm"
        folder.mkdir()
        wanted = {"name": "tiny", "dependencies": {name: version}}
        (folder / "package.json").write_text(json.dumps(wanted))
        there = {"version": version, "integrity": "sha512-" + 86 * "A" + "=="}
        locked = {"name": "tiny", "lockfileVersion": 3, "requires": True}
        packages = {"": wanted, f"node_modules/{name}": there}
        (folder / "package-lock.json").write_text(json.dumps({**locked, "packages": packages}))
        return write("LABELS", 'NPM = "of_npm"\nLABELS', "npm_one.py")

    return run


@pytest.mark.parametrize("there", [(), ("node",)])
def test_without_node_a_peer_is_not_measured_and_the_others_are(
    write_npm, run, there, tmp_path, monkeypatch, capsys
):
    write_npm()
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in there:
        (programs / name).symlink_to("/bin/true")
    monkeypatch.setenv("PATH", str(programs))
    one, tiny = run("--only", "npm-one,tiny")["peers"]
    assert (tiny["reason"], tiny["n"]) == (None, 6)
    missing = "npm" if there else "node"
    reason = f"no environment for npm-one: there is no {missing} on the PATH: install Node.js and npm"
    assert one["reason"] == reason
    assert one["requirements"] == ["no-such-package-of-ours@1.0.0"]
    assert one["ms"] is one["install_mb"] is None
    assert f"Tiny 1.0  not measured: {reason}" in capsys.readouterr().out.splitlines()
    assert len(list((tmp_path / "environments").iterdir())) == 1


def test_an_npm_that_fails_is_one_line(write_npm, without_network, tmp_path, monkeypatch):
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node.js and npm are not installed")
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    with pytest.raises(BackendError, match=r"no environment for npm-one: npm: .*ECONNREFUSED") as error:
        prepare(registry.read(write_npm()), tmp_path / "environments")
    assert "\n" not in str(error.value)
    assert list((tmp_path / "environments").iterdir()) == []


@pytest.mark.parametrize(
    ("out", "err", "reason"),
    [
        ('{"error": {"summary": "No such version\\nof it"}}', "npm error code ETARGET", "No such version"),
        ("", "npm error one\nnpm error two\n", "npm error one"),
        ('{"error": null}', "", '{"error": null}'),
        ("", "", "no message"),
    ],
)
def test_the_reason_of_npm_is_found(out, err, reason):
    assert environments.npm_reason(out, err) == f"npm: {reason}"


def test_another_lock_file_is_another_environment(write_npm, without_network, tmp_path, monkeypatch):
    installed = []

    def install_npm(peer, listed, environment):
        installed.append(listed)

    monkeypatch.setattr(environments, "install_npm", install_npm)
    monkeypatch.setattr(environments, "require_program", lambda *_: None)
    peer = registry.read(write_npm())
    first = prepare(peer, tmp_path / "environments")
    assert prepare(peer, tmp_path / "environments") == first
    assert installed == [peer.npm]
    assert "# npm: package-lock.json " in (first / "requirements.txt").read_text()
    lock = peer.npm / "package-lock.json"
    lock.write_text(lock.read_text() + "\n")
    assert prepare(peer, tmp_path / "environments") != first


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('NAME = "Tiny 1.0"', "", "NAME must be a str, not None"),
        ("REQUIREMENTS = ()", 'REQUIREMENTS = "numpy"', "REQUIREMENTS must be a tuple"),
        ("REQUIREMENTS = ()", "REQUIREMENTS = (1,)", "REQUIREMENTS must be a tuple of strings"),
        ('"calm": "neutral"', '"calm": "serene"', "LABELS must map its labels to different ones of angry"),
        ('"calm": "neutral"', '"calm": "happy"', "LABELS must map its labels to different ones of angry"),
        (
            "LABELS",
            'NPM = "nowhere"\nLABELS',
            "NPM must name a folder with package.json",
        ),
        ("def answer", "def reply", "expected a class Recognizer with a method answer"),
        ("class Recognizer", "clas Recognizer", "is no peer"),
        ("import numpy", "import no_such_package", "is no peer .*no_such_package"),
    ],
)
def test_a_file_that_is_not_whole_is_an_error(write, before, after, message):
    with pytest.raises(ConfigError, match=message):
        registry.read(write(before, after))


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("[1.0]", "expected 2 probabilities, one for each label: got 1"),
        ("[float('nan'), 1]", "expected probabilities"),
        ("[-1.0, 2.0]", "expected probabilities"),
        ("1 / 0", "ZeroDivisionError"),
        ("exit(3)", "its process ended with 3"),
    ],
)
def test_answers_that_are_none_are_errors(remote, answer, message):
    system = remote("np.array([share, 1 - share], np.float32)", answer)
    with pytest.raises(BackendError, match=message):
        system.answer(PICTURE)


def test_processes_that_a_peer_names_count_as_its_own(remote):
    """One that computes for it, and holds 100 MB."""
    code = "import sys, time; held = bytearray(b'1') * 100_000_000; print(flush=True)\n"
    code += "for line in sys.stdin:\n  end = time.process_time() + 0.2\n"
    code += "  while time.process_time() < end: pass\n  print(flush=True)"
    system = remote(
        "    def answer(self, rgb):\n",
        f"""    def __init__(self):
        import subprocess, sys
        pipes = dict.fromkeys(("stdin", "stdout"), subprocess.PIPE)
        self._helper = subprocess.Popen([sys.executable, "-c", {code!r}], text=True, **pipes)
        self._helper.stdout.readline()
        self.processes = (self._helper.pid,)
        self.packages = {{"helper": "1.0"}}

    def answer(self, rgb):
        print(file=self._helper.stdin, flush=True)
        self._helper.stdout.readline()
""",
    )
    assert system.timed_answer(PICTURE).cpu_ns > 190e6
    assert system.peak_rss_mb() > 110
    assert system.software()["packages"]["helper"] == "1.0"


def test_a_peer_that_cannot_be_built_is_an_error(remote):
    answer = "    def answer"
    with pytest.raises(BackendError, match="RuntimeError: no weights"):
        remote(answer, f"    def __init__(self):\n        raise RuntimeError('no weights')\n\n{answer}")
    with pytest.raises(BackendError, match="cannot run no-such-python"):
        RemoteSystem(Path("no-such-python"), Path("tiny.py"), ("happy",))


def test_a_peer_that_hangs_is_given_up(remote, monkeypatch):
    monkeypatch.setattr("benchmarks.peers.process.ANSWER_S", 0.2)
    system = remote("        print(", "        import threading; threading.Event().wait()\n        print(")
    with pytest.raises(BackendError, match=r"gave no answer within 0\.2 s"):
        system.answer(PICTURE)
    with pytest.raises(BackendError, match=r"ended with -9: .*; killed by SIGKILL, out of memory"):
        system.answer(np.zeros((2000, 2000, 3), np.uint8))


def test_what_a_peer_has_started_ends_with_it(remote, monkeypatch, tmp_path):
    """It holds the pipe of the answers, so that nobody would see that the peer itself has ended."""
    monkeypatch.setattr("benchmarks.peers.process.ANSWER_S", 2.0)
    note = tmp_path / "pid"
    hang = f"""
        import subprocess, threading
        child = subprocess.Popen(["sleep", "60"], close_fds=False)
        open({str(note)!r}, "w").write(str(child.pid))
        threading.Event().wait()
        print("""
    system = remote("        print(", hang)
    with pytest.raises(BackendError, match="gave no answer"):
        system.answer(PICTURE)
    with suppress(ProcessLookupError):  # gone already
        child = os.pidfd_open(int(note.read_text()))
        assert select.select([child], [], [], 10)[0], "it runs on"
        os.close(child)


def test_a_peer_that_closes_its_answers_and_goes_on_is_ended(remote, monkeypatch):
    monkeypatch.setattr(process, "END_S", 0.2)
    close = "import os, threading; os.closerange(3, 100); threading.Event().wait()"
    system = remote("        print(", f"        {close}\n        print(")
    with pytest.raises(BackendError, match="closed its stdout and went on"):
        system.answer(PICTURE)


@pytest.fixture
def run(write, without_network, tmp_path, benchmark_json, portraits):
    """Run the command on the tiny peer and on one that breaks in the run."""
    write()
    write("np.array([share", "None if share < 2 and 1 / 0 else np.array([share", "broken_one.py")
    environments, short = ("--environments", tmp_path / "environments"), ("--rounds", 2, "--frames", 3)
    return lambda *more: benchmark_json(
        "peers", *environments, *(() if "--robustness" in more else short), *more
    )


@pytest.fixture
def reported(tmp_path):
    """``report.md`` of a result, compared with itself."""

    def report(result):
        file, out = tmp_path / "peers.json", tmp_path / "report"
        file.write_text(json.dumps(result))
        assert main(["report", str(file), "--out", str(out), "--against", str(file)]) == 0
        return (out / "report.md").read_text("utf-8")

    return report


def test_who_runs_is_measured_and_who_does_not_is_named(run, capsys):
    result = run()
    broken, tiny = result["peers"]
    assert (result["kind"], result["schema"], result["rounds"], result["frames"]) == ("peers", 2, 2, 3)
    assert set(broken) == set(tiny) == KEYS
    assert "ZeroDivisionError" in broken["reason"]
    assert broken["ms"] is None
    assert tiny["reason"] is None
    assert (tiny["n"], tiny["frames_with_face"]) == (6, 6)
    assert 0 < tiny["ms"]["p50"] <= tiny["ms"]["p99"]
    assert tiny["ratio"] == {"p50": 1.0, "p10": 1.0, "p90": 1.0}
    assert len(tiny["first_result_runs_s"]) == peers.COLD_RUNS
    assert min(tiny["peak_rss_mb"], tiny["cpu_ms_per_frame"]) > 0
    assert tiny["install_mb"] >= 0
    assert tiny["ms_still"] == tiny["ms"]
    assert tiny["packages"]["numpy"] == np.__version__
    assert broken["packages"] is None
    assert tiny["scores"] is result["scored_on"] is None
    printed = capsys.readouterr().out
    assert "Tiny 1.0  not measured: ZeroDivisionError" in printed
    assert "Tiny 1.0  trained on: nothing" in printed


def test_peers_take_turns_and_keep_what_does_not_break(
    write, run, reported, class_folders, tmp_path, monkeypatch, capsys
):
    """Ours first; one breaks in its second round, one with single pictures only."""
    log = tmp_path / "log"
    monkeypatch.setenv("PEER_LOG", str(log))
    answer = "    def answer(self, rgb):\n"
    noted = """    def note(self, what):
        import os
        from pathlib import Path
        self.calls = getattr(self, "calls", 0) + 1
        with open(os.environ["PEER_LOG"], "a") as file:
            file.write(f"{Path(__file__).stem} {what}\\n")

    def track(self, rgb):
        self.note("track")
        BREAK
        return [0.5, 0.5]

    def answer(self, rgb):
        self.note("answer")
"""
    write(answer, noted.replace("BREAK", "pass"), "everyday.py")
    write(answer, noted.replace("BREAK", "assert self.calls < 20, 'tired'"), "late.py")
    write(answer, noted.replace("BREAK", "pass") + "        raise ValueError('no stills')\n", "no_stills.py")
    result = run("--only", "tiny,no-stills,late,everyday", "--data", class_folders, "--workers", 1)
    ours, late, no_stills, tiny = result["peers"]
    assert [line["name"] for line in result["peers"]] == ["everyday", "late", "no-stills", "tiny"]

    assert late["reason"] == "AssertionError: tired"
    assert late["ms"] is late["ms_still"] is late["scores"] is None
    assert late["packages"]["numpy"] == np.__version__
    assert no_stills["reason"] is None
    assert no_stills["score_reason"] == "ValueError: no stills"
    assert no_stills["ms"]["p50"] > 0
    assert no_stills["ms_still"] is no_stills["scores"] is None
    for line in (ours, tiny):
        assert (line["reason"], line["score_reason"], line["scores"]["n"]) == (None, None, 3)
    assert ours["ms_still"] != ours["ms"]
    assert {line["against"] for line in (ours, no_stills, tiny)} == {"everyday"}
    assert ours["ratio"] == {"p50": 1.0, "p10": 1.0, "p90": 1.0}
    assert 0 < tiny["ratio"]["p10"] <= tiny["ratio"]["p50"] <= tiny["ratio"]["p90"]

    rounds = [key for key, _ in groupby(log.read_text().splitlines()) if not key.startswith("late")]
    assert rounds[:9] == [
        *("everyday track", "no_stills track"),  # first results
        *("everyday track", "no_stills track", "everyday answer", "no_stills answer"),
        *("no_stills track", "everyday track", "everyday answer"),
    ]
    printed = capsys.readouterr().out
    for text in (printed, reported(result)):
        assert "no figures of single pictures: ValueError: no stills" in text


def test_a_peer_that_fails_in_scoring_keeps_its_latency(write, run, class_folders):
    write("return None", "assert rgb.shape[0] != rgb.shape[1], 'no squares'\n        return None")
    (tiny,) = run("--only", "tiny", "--data", class_folders, "--workers", 1)["peers"]
    assert (tiny["reason"], tiny["score_reason"]) == (None, "AssertionError: no squares")
    assert tiny["ms"] == tiny["ms_still"]
    assert tiny["scores"] is None


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--split", "Tset"], "has no split 'Tset': it has test"),
        (["--truth", "votes"], "has no picture to score"),
        (["--classes", "no-such-file.toml"], "no-such-file.toml"),
    ],
)
def test_mistyped_data_is_found_before_environments_are_made(
    write, flags, message, class_folders, monkeypatch, refused
):
    write()
    monkeypatch.setattr(peers, "prepare", None)
    for more in ([], ["--robustness", "tiny"]):
        refused(1, message, "peers", "--data", class_folders, *flags, *more)


def test_all_are_scored_on_the_same_pictures(run, reported, class_folders, capsys):
    result = run("--only", "tiny", "--data", class_folders, "--pictures", 3, "--workers", 1)
    (tiny,) = result["peers"]
    assert result["scored_on"]["n"] == tiny["scores"]["n"] == 3
    assert len(result["scored_on"]["labels"]) == 7
    assert tiny["scores"]["coverage"] == 1.0
    assert tiny["lacks"] == ["angry", "disgust", "fear", "sad", "surprise"]
    assert "Tiny 1.0  has no label for angry, disgust, fear, sad, surprise" in capsys.readouterr().out
    text = reported(result)
    for words in ("## Peers: tiny", "Tiny 1.0", "not compared, it is a comparison itself"):
        assert words in text


def test_class_folders_without_splits_are_scored_on_seven_classes(run, portraits, tmp_path):
    data = tmp_path / "faces"
    for label in ("happy", "contempt", "neutral"):
        (data / label).mkdir(parents=True)
        shutil.copy(portraits["astronaut.png"], data / label)
    result = run("--only", "tiny", "--data", data, "--workers", 1)
    assert (result["scored_on"]["n"], result["scored_on"]["left_out"]) == (2, 1)
    assert "contempt" not in result["scored_on"]["labels"]
    assert result["peers"][0]["scores"]["accuracy"] == 0.5


def test_a_peer_on_damaged_pictures_is_a_result_of_robustness(run, class_folders, monkeypatch):
    monkeypatch.setattr(peers, "OF_PICTURES", ("contrast", "covered_mouth"))
    result = run("--robustness", "tiny", "--data", class_folders, "--workers", 1)
    assert (result["kind"], result["system"], result["n"]) == ("robustness", "Tiny 1.0", 3)
    assert set(result["corruptions"]) == {"contrast", "covered_mouth"}
    assert result["peer"]["trained_on"] == "nothing"


def test_a_remote_system_works_in_a_pool(write, class_folders, portraits):
    from benchmarks.accuracy.subset import PictureSelection
    from benchmarks.robustness import robustness

    build = partial(RemoteSystem, Path(sys.executable), write(), ("happy", "neutral"))
    one, two = (
        robustness.benchmark(PictureSelection(class_folders, workers=workers), build, ("contrast",), {})
        for workers in (1, 2)
    )
    assert one["corruptions"] == two["corruptions"]


@pytest.mark.parametrize(
    ("argv", "code", "message"),
    [
        (["--only", "nobody"], 78, "no peer 'nobody': choose from tiny"),
        (["--python", "tiny"], 78, "expected NAME=PATH, NAME one of tiny"),
        (["--python", "other=python3"], 78, "expected NAME=PATH, NAME one of tiny"),
        (["--only", ""], 78, "no peer ''"),
        (["--robustness", "tiny"], 78, "--robustness needs pictures"),
        (["--robustness", "", "--data", "."], 78, "no peer ''"),
        (["--robustness", "tiny,tiny", "--data", "."], 78, "--robustness takes one peer, not 'tiny,tiny'"),
        (["--robustness", "tiny", "--only", "tiny", "--data", "."], 78, "does not go with --only"),
        (["--robustness", "tiny", "--rounds", "3", "--data", "."], 78, "does not go with --rounds"),
        (["--split", "test", "--seed", "1"], 78, "--split, --seed: there are no pictures"),
        (["--data", "no-such-file.csv"], 1, "no data at no-such-file.csv"),
        (["--python", "tiny=no-such-python"], 1, "no peer runs: no-such-python is no Python that runs"),
    ],
)
def test_what_cannot_run_at_all_is_one_line(write, argv, code, message, refused, tmp_path, portraits):
    write()
    refused(code, message, "peers", "--environments", tmp_path / "environments", *argv)


def test_the_peers_that_come_with_the_program_are_whole_and_pinned():
    every = registry.choose(None)
    names = [*registry.OURS, "face-api-crop", "face-api-ssd", "fer", "fer-mtcnn", "mediapipe"]
    assert [peer.name for peer in every] == names
    lines = [line for peer in every for line in (*peer.requirements, *peer.without_dependencies)]
    assert all("==" in line or line.startswith("-r requirements-") for line in lines)
    assert {peer.name for peer in every if peer.npm} == {"face-api-crop", "face-api-ssd"}
    for folder in {peer.npm for peer in every if peer.npm}:
        wanted, locked = (json.loads((folder / name).read_text()) for name in registry.NPM_FILES)
        assert wanted["dependencies"] == locked["packages"].pop("")["dependencies"]
        assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted["dependencies"].values())
        assert all(package["integrity"] for package in locked["packages"].values())
    assert all(peer.trained_on and len(peer.labels) == 7 for peer in every)
