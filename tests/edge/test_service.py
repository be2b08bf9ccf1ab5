"""A service under a manager that the test plays: its messages, its reloads, its waiting for a camera."""

import ctypes
import json
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edge import running_config
from edge.bundles.state import State
from edge.bundles.store import SHIPPED, BundleStore
from edge.core.errors import ConfigError
from edge.settings import load_settings
from tests.edge.manager import ENVIRONMENT, PATIENCE_S, ROOT

DEMO = 'source = "demo"\n[output]\nsinks = ["jsonl"]\n[expression]\nbundle = "{bundle}"\n'


def test_the_manager_hears_that_it_is_ready_alive_and_what_it_does(manager, portraits):
    run = manager(DEMO.format(bundle="everyday"))
    assert run.told("READY=1") == "READY=1"
    message = run.told("WATCHDOG=1")
    assert re.search(r"^STATUS=\d+\.\d fps, \w+; dropped 0, skipped 0, reopened 0$", message, re.MULTILINE), (
        message
    )
    errors = run.end()
    assert run.told("STOPPING=1")
    assert "Traceback" not in errors


def test_a_reload_changes_the_bundle_and_loses_no_frame(manager, portraits):
    run = manager(DEMO.format(bundle="landmarks"))
    run.told("READY=1")
    before = run.records(lambda record: record["frame"] >= 5)
    run.config.write_text(DEMO.format(bundle="ferplus"))
    run.reload()
    after = run.records(lambda record: len(record["faces"][0]["probabilities"]) == 8)
    later = run.records(lambda record: record["frame"] >= after[-1]["frame"] + 5)
    records = before + after + later
    assert [record["frame"] for record in records] == list(range(len(records)))
    assert {len(record["faces"][0]["probabilities"]) for record in later} == {8}
    assert all(record["faces"] for record in records)
    assert '"bundle": "ferplus"' in run.end()


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="only glibc can be told to")
def test_reloads_gather_no_memory(manager, portraits):
    run = manager(DEMO.format(bundle="everyday"))
    run.told("READY=1")
    sizes = []
    for number in range(6):
        run.config.write_text(DEMO.format(bundle=("landmarks", "everyday")[number % 2]))
        run.reload()
        run.told("WATCHDOG=1")  # a second of frames
        status = Path(f"/proc/{run.process.pid}/status").read_text()
        sizes.append(int(re.search(r"RssAnon:\s+(\d+) kB", status)[1]))
    assert max(sizes) - min(sizes) < 5000, f"kB after each: {sizes}"


def test_a_tracked_face_keeps_its_number_where_only_a_threshold_changes(manager, portraits):
    run = manager(DEMO.format(bundle="everyday"))
    run.told("READY=1")
    before = run.records(lambda record: record["frame"] >= 5)
    run.config.write_text(DEMO.format(bundle="everyday") + "min_confidence = 1.0\n")
    run.reload()
    after = run.records(lambda record: record["faces"][0]["status"] == "low_confidence")
    assert {record["faces"][0]["id"] for record in before + after} == {0}


def test_a_face_in_a_view_that_changed_is_another_one(manager, portraits):
    run = manager(DEMO.format(bundle="everyday"))
    run.told("READY=1")
    run.records(lambda record: record["frame"] >= 5)
    run.config.write_text(DEMO.format(bundle="everyday") + "[camera]\nmirror = true\n")
    run.reload()
    after = run.records(lambda record: record["frame"] == 0)
    assert 0 not in {face["id"] for face in after[-1]["faces"]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("source = 3\n", "source must be a text"),
        (DEMO.format(bundle="absent"), "absent"),
        ('source = "nowhere.mp4"\n', "nowhere.mp4"),
        ('source = "demo"\noutput = {sinks = ["jsonl"], jsonl_file = "CONFIG"}\n', "nothing was changed"),
    ],
)
def test_what_cannot_be_reloaded_is_a_line_and_everything_stays(manager, portraits, text, message):
    run = manager(DEMO.format(bundle="everyday"))
    run.told("READY=1")
    run.records(lambda record: record["frame"] >= 3)
    run.config.write_text(text.replace("CONFIG", str(run.config)))
    run.reload()
    frame = run.records(lambda record: True)[-1]["frame"]
    run.records(lambda record: record["frame"] >= frame + 5)
    errors = run.end()
    assert "keeping the current configuration" in errors
    assert message in errors
    assert "Traceback" not in errors


def test_a_reload_changes_the_source_and_the_file(manager, portraits, tmp_path):
    run = manager(DEMO.format(bundle="everyday"))
    run.told("READY=1")
    run.records(lambda record: record["frame"] >= 3)
    written = tmp_path / "results.jsonl"
    text = DEMO.format(bundle="everyday").replace("demo", "camera:99")
    run.config.write_text(text.replace('"jsonl"]', f'"jsonl"]\njsonl_file = "{written}"'))
    run.reload()
    assert run.told("no camera")
    run.config.write_text(
        DEMO.format(bundle="everyday").replace('"jsonl"]', f'"jsonl"]\njsonl_file = "{written}"')
    )
    run.reload()
    assert run.told("STATUS=(?!.*no camera)")
    run.end()
    assert json.loads(written.read_text().splitlines()[-1])["source"] == "demo"


def test_without_a_camera_the_watchdog_is_fed_all_the_same(manager, models):
    run = manager('source = "camera:99"\n')
    run.told("READY=1")
    for _ in range(3):
        assert "no camera" in run.told("WATCHDOG=1")
    run.end()


def test_a_terminal_that_goes_away_ends_it(portraits, tmp_path):
    run = subprocess.Popen(
        [sys.executable, "-m", "edge", "run", "--source", "demo", "--sink", "jsonl"],
        cwd=ROOT,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert run.stdout is not None
    run.stdout.readline()
    run.send_signal(signal.SIGHUP)
    run.stdout.read()
    assert run.wait(PATIENCE_S) == -signal.SIGHUP


def test_a_source_on_the_network_in_a_sandbox_without_one_is_a_wrong_setting(monkeypatch):
    def refused(*_):
        raise OSError(97, "Address family not supported by protocol")

    monkeypatch.setattr(running_config.socket, "socket", refused)
    with pytest.raises(ConfigError, match=r"rtsp://… is on the network.*install\.sh"):
        running_config.open_allowed_source(
            load_settings(None, {"source": "rtsp://user:secret@camera/stream"})
        )


@pytest.fixture
def installed(tmp_path):
    """A state directory whose store uses ``mine``, a bundle with the labels of FER+."""
    folder = tmp_path / "state"
    mine = tmp_path / "mine"
    shutil.copytree(SHIPPED / "ferplus", mine)
    store = BundleStore(folder / "bundles")
    store.use(store.install(str(mine), "mine"))
    return folder


PLAIN = 'source = "demo"\n[output]\nsinks = ["jsonl"]\n'


def test_an_installed_bundle_runs_and_proves_itself(manager, portraits, installed):
    run = manager(PLAIN, STATE_DIRECTORY=str(installed))
    run.told("READY=1")
    records = run.records(lambda record: record["frame"] >= 3)
    assert {len(record["faces"][0]["probabilities"]) for record in records} == {8}
    assert BundleStore(installed / "bundles").state == State("mine", None, None)
    run.end()


def test_a_service_starts_with_the_default_where_an_installed_bundle_is_damaged(
    manager, portraits, installed
):
    model = installed / "bundles" / "mine" / "model.tflite"
    model.write_bytes(model.read_bytes()[:-1])
    run = manager(PLAIN, STATE_DIRECTORY=str(installed))
    run.told("READY=1")
    records = run.records(lambda record: record["frame"] >= 3)
    assert {len(record["faces"][0]["probabilities"]) for record in records} == {7}
    run.end()


def test_an_end_in_the_middle_of_a_reload_is_no_start_of_the_bundle(manager, portraits, tmp_path):
    run = manager(PLAIN, STATE_DIRECTORY=str(tmp_path / "state"))
    run.told("READY=1")
    store = BundleStore(tmp_path / "state" / "bundles")
    store.use("ferplus")
    run.process.send_signal(signal.SIGHUP)
    run.told("RELOADING=1")
    run.end()
    assert store.state.unproven_starts in (0, None)  # None: the reload was faster than the signal


def test_a_reload_takes_up_another_installed_bundle_and_rolls_back(manager, portraits, tmp_path):
    run = manager(PLAIN, STATE_DIRECTORY=str(tmp_path / "state"))
    run.told("READY=1")
    run.records(lambda record: record["frame"] >= 3)
    store = BundleStore(tmp_path / "state" / "bundles")
    store.use("ferplus")
    run.reload()
    run.records(lambda record: len(record["faces"][0]["probabilities"]) == 8)
    store.rollback()
    run.reload()
    run.records(lambda record: len(record["faces"][0]["probabilities"]) == 7)
    run.end()
