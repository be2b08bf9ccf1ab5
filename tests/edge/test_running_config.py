"""Errors that roll the new bundle back, and errors that do not count against it."""

import shutil
import signal
import threading
from types import SimpleNamespace

import pytest

from edge import build, running_config, sd_notify, service
from edge.bundles import self_test
from edge.bundles.state import State
from edge.bundles.store import SHIPPED, BundleStore
from edge.core.errors import BackendError, BundleError, MienError
from edge.core.types import Status
from edge.head.classifier import TfliteClassifier
from edge.head.inputs import LANDMARKS
from edge.reload import Reload
from edge.running_config import open_allowed_source
from edge.settings import load_settings
from edge.sinks.outputs import Outputs
from tests.edge.own_bundles import own_bundle, replace_model, shift_golden

NEW = State("mine", None, 0)
PROVEN = State("mine")


@pytest.fixture
def store(tmp_path, monkeypatch, models):
    """In use is ``mine``, which has the labels of FER+ and was never started."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    monkeypatch.setattr(self_test, "check_in_subprocess", lambda folder: None)
    return in_use(tmp_path, "ferplus")


def in_use(tmp_path, base):
    shutil.copytree(SHIPPED / base, tmp_path / base)
    store = BundleStore()
    store.use(store.install(str(tmp_path / base), "mine"))
    return store


def settings(**changes):
    return lambda: load_settings(None, {name.replace("__", "."): value for name, value in changes.items()})


def start(**changes):
    """Settings, bundle and pipeline as the service would take them."""
    return running_config.first_config(settings(**changes))


def fails(error):
    def fail(*_arguments, **_options):
        raise error

    return fail


@pytest.fixture
def same_signals():
    """The handlers of this process survive a service in it."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def run(monkeypatch, same_signals):
    """A service from its start to its end, in this process."""
    monkeypatch.setattr(service.faulthandler, "enable", lambda *_: None)
    return lambda **changes: service.run(settings(**changes), frames=3)


class TestTheBundle:
    """Its own error rolls it back at once: the default runs."""

    def test_the_runtime_refuses_its_network(self, store):
        replace_model(store.folder / "mine", bytes(1000))
        assert start().trial.name is None

    def test_its_network_cannot_be_run(self, store, monkeypatch):
        def codes(self, inputs):
            if len(self.labels) == 8:
                raise RuntimeError("Node number 3 (GATHER) failed to invoke.\nNode number 9 …")
            return actual(self, inputs)

        actual = TfliteClassifier.codes
        monkeypatch.setattr(TfliteClassifier, "codes", codes)
        assert start().trial.name is None


class TestSomebodyElse:
    """No such error counts, however often it ends the program."""

    @pytest.mark.parametrize(
        ("changes", "after"),
        [
            ({"source": "nowhere.mp4"}, PROVEN),
            ({"source": "demo", "output__sinks": ["jsonl"], "output__jsonl_file": "/nowhere/a"}, PROVEN),
            ({"source": "demo", "landmarks__models_dir": "/nowhere"}, NEW),
        ],
    )
    def test_an_end_in_order(self, store, run, portraits, changes, after):
        for _ in range(3):
            with pytest.raises((MienError, OSError), match="nowhere"):
                run(**changes)
            assert store.state == after

    def test_a_sink_that_fails_at_the_first_frame(self, store, run, portraits, monkeypatch):
        monkeypatch.setattr("edge.sinks.live.LiveSink.write", fails(RuntimeError("a bug")))
        with pytest.raises(RuntimeError, match="a bug"):
            run(source="demo")
        assert store.state == PROVEN

    def test_a_bug_before_the_first_frame_counts(self, store, run, portraits, monkeypatch):
        monkeypatch.setattr("edge.pipeline.Pipeline.process", fails(RuntimeError("a bug")))
        with pytest.raises(RuntimeError, match="a bug"):
            run(source="demo")
        assert store.state == State("mine", None, 1)

    def test_a_runtime_that_does_not_load(self, store, monkeypatch):
        for name in ("landmarks.detector", "landmarks.landmark_model", "head.classifier"):
            monkeypatch.setattr(f"edge.{name}.make_interpreter", fails(BackendError("does not load")))
        for _ in range(3):
            with pytest.raises(BackendError, match="does not load"):
                start()
            assert store.state == NEW


class TestReload:
    def service(self, source=None, frames=None, kind=service.Service):
        """A service that runs the default."""
        load = settings(expression__bundle="landmarks", source="demo")
        config = running_config.next_config(load())
        return kind(load, config, source or SimpleNamespace(close=lambda: None), frames)

    @pytest.fixture
    def running(self, store):
        return self.service()

    def closed(self, pipeline, monkeypatch):
        closed = []
        monkeypatch.setattr(pipeline.backend, "close", lambda: closed.append(True))
        return closed

    def reload(self, running, **changes):
        """What a reload with these settings has built."""
        built = Reload(settings(source="demo", **changes), running.config)
        built.run()
        return built

    def test_a_bug_in_what_is_built_does_not_end_what_runs(self, running, store, monkeypatch, caplog):
        before = running.config
        monkeypatch.setattr(self_test, "check", fails(RuntimeError("a bug")))
        running.finish_reload(self.reload(running))
        assert running.config is before
        assert "keeping the current configuration" in caplog.text
        assert "a bug" in caplog.text
        assert store.state == NEW

    @pytest.mark.parametrize("own_backend", [True, False])
    @pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("a bug")])
    def test_sinks_that_cannot_be_opened(self, running, store, monkeypatch, caplog, own_backend, error):
        before = running.config
        built = self.reload(running)
        config, _ = built.result()
        assert store.state == State("mine", None, 1)
        if not own_backend:
            config.pipeline.backend = before.pipeline.backend
        closed = self.closed(config.pipeline, monkeypatch)
        monkeypatch.setattr(Outputs, "change", fails(error))
        running.finish_reload(built)
        assert "keeping the current configuration" in caplog.text
        assert str(error) in caplog.text
        assert running.config is before
        assert closed == [True] * own_backend
        assert store.state == NEW

    @pytest.mark.parametrize("where", ["edge.reload.next_config", "edge.sinks.outputs.Outputs.change"])
    def test_a_source_that_does_not_come_to_run_is_closed(self, running, portraits, monkeypatch, where):
        closed = []
        source = SimpleNamespace(close=lambda: closed.append(True))
        monkeypatch.setattr("edge.reload.open_allowed_source", lambda _settings: source)
        monkeypatch.setattr(where, fails(BackendError("refused")))
        running.finish_reload(self.reload(running, camera__mirror=True))
        assert closed == [True]

    def test_frames_are_counted_across_sources(self, store, portraits, same_signals, caplog):
        """The second source comes at the third frame of five."""
        ticks, reload = [], self.reload

        class ReloadingAtTheThird(service.Service):
            def tick(self):
                ticks.append(True)
                if len(ticks) == 3:
                    self.pending_reload = reload(self, expression__bundle="landmarks", camera__mirror=True)
                super().tick()

        source = open_allowed_source(settings(source="demo")(), 5)
        running = self.service(source, 5, ReloadingAtTheThird)
        with caplog.at_level("INFO"):
            summary = running.run()
        assert len(ticks) == 5
        assert summary.frames == 2
        assert "source changed; until then:" in caplog.text
        assert "3 frames, " in caplog.text
        assert caplog.messages[-1] == "since the source changed:"

    def test_a_source_that_comes_with_the_last_frame_is_not_read(self, store, portraits, same_signals):
        running = self.service(open_allowed_source(settings(source="demo")(), 1), 1)
        running.pending_reload = self.reload(running, expression__bundle="landmarks", camera__mirror=True)
        assert running.run().frames == 1

    @pytest.mark.parametrize("started", [True, False])
    def test_an_end_that_does_not_wait_for_what_is_built(self, running, store, monkeypatch, started):
        """Whether the bundle's start is counted before the end or after it."""
        reached, ended = threading.Event(), threading.Event()
        at = (build, "load_bundle") if started else (BundleStore, "start")
        actual = getattr(*at)

        def slow(*arguments):
            reached.set()
            assert ended.wait(60)
            return actual(*arguments)

        monkeypatch.setattr(*at, slow)
        monkeypatch.setattr(service, "RELOAD_WAIT_S", 0.0)
        running.pending_reload = built = Reload(settings(source="demo"), running.config)
        built.start()
        assert reached.wait(60)
        running.abandon_reload()
        if started:
            assert store.state == NEW
        ended.set()
        built.join(60)
        assert store.state == NEW


@pytest.mark.parametrize("shared", [True, False])
def test_a_pipeline_that_cannot_be_built_leaves_nothing_behind(models, tmp_path, monkeypatch, shared):
    folder = own_bundle(tmp_path / "b")
    shift_golden(folder, 100)
    closed, threads = [], []
    backend = SimpleNamespace(close=lambda: closed.append(True))
    monkeypatch.setattr(build, "build_backend", lambda *_: backend)
    monkeypatch.setattr(build.cv2, "setNumThreads", threads.append)
    classifier = SimpleNamespace(inputs=(LANDMARKS,))
    running = SimpleNamespace(classifier=classifier, backend=backend) if shared else None
    with pytest.raises(BundleError, match="does not compute on this device"):
        build.build_pipeline(load_settings(None, {"expression.bundle": str(folder)}), running)
    assert closed == [True] * (not shared)
    assert threads == []


@pytest.mark.parametrize(("camera_lost", "seen"), [(False, "no face"), (True, "no camera")])
def test_the_status_says_no_camera_only_where_there_is_none(camera_lost, seen):
    """Asleep, a second may pass without a frame."""
    status = Status("everyday", 7, 0.0, 1, 2, 3, True, camera_lost, None, {})
    line = sd_notify.status_line(status, "no face")
    assert line == f"0.0 fps, {seen}, asleep; dropped 1, skipped 2, reopened 3"
