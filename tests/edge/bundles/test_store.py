"""Install, use, go back: what the commands change and what the service sees."""

import io
import json
import shutil
import sys
import tarfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from edge.build import load_bundle, with_bundle
from edge.bundles import golden, self_test
from edge.bundles.state import State, locked
from edge.bundles.store import MAX_STARTS, BundleStore
from edge.bundles.trial import BundleTrial
from edge.core.errors import BundleError
from edge.settings import load_settings
from tests.edge.own_bundles import own_bundle, replace_model, shift_golden


@pytest.fixture
def store(tmp_path):
    return BundleStore(tmp_path / "store")


@pytest.fixture
def quick(monkeypatch):
    """Installing without a process for the network: tests that are about something else."""
    monkeypatch.setattr(self_test, "check_in_subprocess", lambda folder: None)


@pytest.fixture
def two(store, tmp_path, quick):
    """A store with the bundles ``one`` and ``two``."""
    for name in ("one", "two"):
        store.install(str(own_bundle(tmp_path / name, name)))
    return store


def proved(store, name):
    store.use(name)
    store.start().prove()


def refuse(path, data):
    """In the place of ``write_atomic``: a disk that is read-only."""
    raise OSError(30, "Read-only file system", str(path))


def full(_handle):
    """In the place of ``os.fsync``: where many a disk first says that it is full."""
    raise OSError(28, "No space left on device")


def entries(store):
    return sorted(path.name for path in store.folder.iterdir())


class TestInstall:
    def test_a_folder(self, store, tmp_path):
        assert store.install(str(own_bundle(tmp_path / "b"))) == "mine"
        assert entries(store) == [".incoming", "mine"]
        assert not any((store.folder / ".incoming").iterdir())
        assert store.read("mine").name == "mine"
        assert store.start().name is None  # installed is not in use

    def test_an_archive_on_the_standard_input(self, store, tmp_path, monkeypatch, quick):
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w") as tar:
            tar.add(own_bundle(tmp_path / "b"), ".")
        stream.seek(0)
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=stream))
        assert store.install("-", "by-ssh") == "by-ssh"
        assert store.read("by-ssh").name == "mine"

    @pytest.mark.parametrize(
        ("damage", "message"),
        [
            (lambda folder: (folder / "model.json").unlink(), "expected model.tflite and model.json"),
            (lambda folder: (folder / "model.tflite").write_bytes(b"x"), "SHA-256"),
            (lambda folder: replace_model(folder, bytes(1000)), "refuses the model"),
            (lambda folder: shift_golden(folder, 2 * golden.TOLERANCE), "does not compute on this device"),
        ],
    )
    def test_what_does_not_work_is_not_installed(self, store, tmp_path, damage, message):
        folder = own_bundle(tmp_path / "b")
        damage(folder)
        with pytest.raises(BundleError, match=rf"^not installed: .*{message}") as error:
            store.install(str(folder))
        assert str(folder) in str(error.value)  # and not where it was unpacked
        assert store.names() == []
        assert not any((store.folder / ".incoming").iterdir())

    @pytest.mark.parametrize(
        "name", ["", ".", "..", "a/b", "../a", "-x", ".x", "A", "ä", "a" * 65, "state.json", "a\n"]
    )
    def test_names_that_are_none(self, store, tmp_path, name):
        with pytest.raises(BundleError, match="choose another --name"):
            store.install(str(tmp_path), name)

    def test_a_former_name_goes_on_to_work_and_says_what_it_is_now(self, tmp_path, caplog):
        assert BundleStore(tmp_path / "s").read("fused").name == "fer2013"
        (message,) = caplog.messages
        assert "fused" in message
        assert "fer2013" in message

    @pytest.mark.parametrize("name", ["everyday", "fer2013", "ferplus", "landmarks"])
    def test_names_of_shipped_bundles(self, store, tmp_path, name):
        with pytest.raises(BundleError, match="name of a shipped bundle"):
            store.install(str(tmp_path), name)

    def test_its_own_name_may_be_none(self, store, tmp_path, quick):
        with pytest.raises(BundleError, match="'My Model' cannot be the name"):
            store.install(str(own_bundle(tmp_path / "b", "My Model")))

    def test_the_same_again_changes_nothing(self, two, tmp_path, monkeypatch):
        monkeypatch.setattr(
            self_test, "check_in_subprocess", lambda folder: pytest.fail("it was tried out before")
        )
        proved(two, "one")
        before = (two.folder / "one").stat()
        assert two.install(str(tmp_path / "one")) == "one"
        assert (two.folder / "one").stat().st_ino == before.st_ino
        assert two.state == State("one")

    @pytest.mark.parametrize("kind", ["folder", "file"])
    def test_what_is_no_bundle_keeps_its_place(self, store, tmp_path, quick, kind):
        """``--store ~ --name photos``"""
        place = store.folder / "photos"
        mine = place / "1.jpg" if kind == "folder" else place
        mine.parent.mkdir(parents=True)
        mine.write_text("mine")
        with pytest.raises(BundleError, match="photos is there and no bundle: choose another --name"):
            store.install(str(own_bundle(tmp_path / "b")), "photos")
        assert mine.read_text() == "mine"

    def test_another_one_takes_the_place_of_an_idle_one(self, two, tmp_path):
        two.install(str(own_bundle(tmp_path / "other", "other")), "one")
        assert two.read("one").name == "other"
        assert entries(two) == [".incoming", "one", "two"]

    def test_another_one_does_not_take_the_place_of_current_or_previous(self, two, tmp_path):
        proved(two, "one")
        two.use("two")
        other = str(own_bundle(tmp_path / "other", "other"))
        for name, role in (("two", "current"), ("one", "previous")):
            with pytest.raises(BundleError, match=f"{name} is the {role} bundle .* another --name"):
                two.install(other, name)
            assert two.read(name).name == name

    def test_a_damaged_one_is_repaired_even_in_use(self, two, tmp_path):
        proved(two, "one")
        (two.folder / "one" / "model.tflite").write_bytes(b"")
        two.install(str(tmp_path / "one"))
        assert two.read("one").name == "one"

    def test_a_disk_that_fills_up_leaves_the_one_that_was_to_be_replaced(self, two, tmp_path, monkeypatch):
        other = str(own_bundle(tmp_path / "other", "other"))
        with monkeypatch.context() as patch:
            patch.setattr("edge.core.files.os.fsync", full)
            with pytest.raises(OSError, match="No space left"):
                two.install(other, "one")
        assert two.read("one").name == "one"
        assert not any((two.folder / ".incoming").iterdir())

    def test_one_that_cannot_take_the_place_of_another(self, two, tmp_path, monkeypatch):
        def rename(self, to):
            if (self.name, to.name) == ("new", "one"):
                full(None)
            return actual(self, to)

        actual = Path.rename
        monkeypatch.setattr(Path, "rename", rename)
        with pytest.raises(OSError, match="No space left"):
            two.install(str(own_bundle(tmp_path / "other", "other")), "one")
        assert two.read("one").name == "one"

    @pytest.mark.parametrize("target", ["two", "nowhere"])
    def test_a_link_is_replaced_and_stops_nothing_later(self, two, tmp_path, target):
        place = two.folder / "three"
        place.symlink_to(tmp_path / target)
        two.install(str(own_bundle(tmp_path / "three", "three")))
        assert two.read("three").name == "three"
        assert not place.is_symlink()
        assert (tmp_path / "two" / "model.json").is_file()
        two.install(str(own_bundle(tmp_path / "four", "four")))
        assert entries(two) == [".incoming", "four", "one", "three", "two"]

    def test_two_at_a_time(self, two, tmp_path):
        with (
            locked(two.folder / ".incoming"),
            pytest.raises(BundleError, match="another installation is running"),
        ):
            two.install(str(tmp_path / "one"), "three")

    def test_what_an_interrupted_one_left_is_removed(self, two, tmp_path):
        left = two.folder / ".incoming" / "new"
        left.mkdir()
        (left / "model.tflite").write_bytes(b"half")
        (two.folder / ".incoming" / "old").mkdir()
        two.install(str(tmp_path / "one"), "three")
        assert not any((two.folder / ".incoming").iterdir())

    def test_one_that_is_damaged(self, two):
        (two.folder / "one" / "model.json").write_text("{}")
        with pytest.raises(BundleError, match="lacks 'schema'"):
            two.use("one")
        assert two.start().name is None

    def test_a_shipped_one(self, store):
        store.use("landmarks")
        assert store.start().name == "landmarks"

    def test_the_way_back_leads_to_the_last_that_worked(self, two):
        proved(two, "one")
        two.use("two")  # never started
        two.use("landmarks")
        assert two.state == State("landmarks", "one", 0)
        two.use("one")
        assert two.state == State("one", None, 0)

    def test_the_current_one_may_try_again(self, two):
        two.use("one")
        two.start()
        two.use("one")
        assert two.state == State("one", None, 0)
        two.start().prove()
        two.use("one")
        assert two.state == State("one")


class TestRollback:
    def test_to_the_previous_one_and_then_to_the_default(self, two):
        proved(two, "one")
        proved(two, "two")
        assert two.rollback() == "one"
        assert two.state == State("one")
        assert two.rollback() is None
        with pytest.raises(BundleError, match="nothing to roll back"):
            two.rollback()

    def test_past_one_that_is_gone(self, two):
        proved(two, "one")
        two.use("two")
        shutil.rmtree(two.folder / "one")
        assert two.rollback() is None


class TestStart:
    def test_a_device_without_a_store(self, store):
        assert store.start().name is None
        trial = store.start()
        trial.prove()
        trial.withdraw()
        trial.fail("broken")
        assert not store.folder.exists()

    def test_a_new_bundle_has_some_starts_and_then_the_old_one_is_back(self, two, caplog):
        proved(two, "one")
        two.use("two")
        # Each start is a process of its own.
        assert [BundleStore(two.folder).start().name for _ in range(MAX_STARTS)] == ["two"] * MAX_STARTS
        assert BundleStore(two.folder).start().name == "one"
        assert "bundle two is rolled back to one: 2 starts without a frame" in caplog.text
        assert two.state == State("one")

    def test_one_that_proved_itself_stays(self, two):
        two.use("one")
        BundleStore(two.folder).start()
        service = BundleStore(two.folder)
        service.start().prove()
        assert [BundleStore(two.folder).start().name for _ in range(5)] == ["one"] * 5

    def test_proving_costs_nothing_the_second_time(self, two, monkeypatch):
        two.use("one")
        first, again = two.start(), BundleStore(two.folder)
        first.prove()
        monkeypatch.setattr(
            "edge.bundles.state.StateFile.change_or_remember", lambda *_: pytest.fail("written")
        )
        first.prove()
        again.start().prove()

    def test_the_old_bundle_does_not_prove_the_new_one(self, two):
        two.use("one")
        old = two.start()
        old.prove()
        two.use("two")
        new = two.start()
        old.prove()  # its last frames, while a reload builds the new one
        assert two.state.unproven_starts == 1
        new.prove()
        assert two.state == State("two", "one")

    @pytest.mark.parametrize("end", ["prove", "withdraw", "fail"])
    def test_a_bundle_is_not_judged_by_another_one_that_had_its_name(self, two, tmp_path, end):
        two.use("one")
        old = two.start()
        two.use("two")
        two.install(str(own_bundle(tmp_path / "new", "one", license="MIT")))
        two.use("one")
        two.start()
        old.fail("crashes") if end == "fail" else getattr(old, end)()
        assert two.state == State("one", None, 1)

    def test_one_that_fails_is_rolled_back_at_once(self, two, caplog):
        proved(two, "one")
        two.use("two")
        two.start().fail("its network is off")
        assert two.start().name == "one"
        assert "its network is off" in caplog.text
        two.start().fail("the runtime is another one")
        assert two.start().name is None
        two.start().fail("that one too")
        assert two.state == State()

    def test_a_start_for_which_it_was_not_tried_does_not_count(self, two):
        proved(two, "one")
        two.use("two")
        for _ in range(MAX_STARTS + 1):
            trial = BundleStore(two.folder).start()
            trial.withdraw()
            assert two.state == State("two", "one", 0)
        trial.withdraw()
        assert two.state.unproven_starts == 0
        two.start().prove()
        two.start().withdraw()
        assert two.state == State("two", "one")

    @pytest.mark.parametrize("end", [BundleTrial.prove, lambda trial: trial.fail("broken")])
    def test_the_end_of_one_does_not_change_a_choice_that_was_made_meanwhile(self, two, caplog, end):
        two.use("one")
        trial = two.start()
        BundleStore(two.folder).use("two")
        end(trial)
        assert two.state == State("two", None, 0)
        assert "rolled back" not in caplog.text

    def test_one_that_is_gone(self, two, caplog):
        proved(two, "one")
        proved(two, "two")
        shutil.rmtree(two.folder / "two")
        assert two.start().name == "one"
        assert "does not exist any more" in caplog.text


class TestDamage:
    @pytest.mark.parametrize(
        "text",
        [
            b"",
            b"{",
            b"\xff\xfe",
            b"[" * 4000,
            b"null",
            b"{}",
            b'{"current": "one"}',
            b'{"current": 3, "previous": null, "unproven_starts": null}',
            b'{"current": "../../etc", "previous": null, "unproven_starts": null}',
            b'{"current": "one", "previous": null, "unproven_starts": true}',
            b'{"current": "one", "previous": null, "unproven_starts": "1"}',
            b" " * 10_000_000,
        ],
    )
    def test_a_damaged_state_means_the_default(self, two, caplog, text):
        (two.folder / "state.json").write_bytes(text)
        assert two.start().name is None
        assert "state.json, running the default bundle" in caplog.text
        two.use("one")
        assert two.start().name == "one"

    def test_a_folder_in_its_place(self, two):
        (two.folder / "state.json").mkdir()
        assert two.start().name is None

    def test_a_disk_that_cannot_be_written(self, two, monkeypatch, caplog):
        """A read-only SD card; root may write anywhere, so the writing itself fails."""
        proved(two, "one")
        two.use("two")
        monkeypatch.setattr("edge.bundles.state.write_atomic", refuse)
        service = BundleStore(two.folder)
        trial = service.start()
        assert trial.name == "two"
        assert "kept until the program ends: Read-only file system" in caplog.text
        trial.fail("its network is off")
        trial = service.start()
        assert trial.name == "one"
        trial.prove()
        assert BundleStore(two.folder).start().name == "two"  # nothing was written
        with pytest.raises(OSError, match="Read-only"):
            service.use("landmarks")
        assert service.start().name == "one"

    def test_a_disk_that_is_written_again(self, two, monkeypatch):
        proved(two, "one")
        two.use("two")
        service = BundleStore(two.folder)
        with monkeypatch.context() as patch:
            patch.setattr("edge.bundles.state.write_atomic", refuse)
            service.start()
        BundleStore(two.folder).use("landmarks")
        assert service.start().name == "landmarks"

    def test_a_user_without_a_home(self, monkeypatch):
        for name in ("STATE_DIRECTORY", "XDG_DATA_HOME", "HOME"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr("pathlib.Path.home", lambda: (_ for _ in ()).throw(RuntimeError))
        assert BundleStore().start().name is None
        assert load_bundle("landmarks").name == "landmarks"


class TestLoading:
    """By ``edge.build``."""

    @pytest.fixture
    def at_home(self, tmp_path, monkeypatch, quick):
        monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
        BundleStore().install(str(own_bundle(tmp_path / "b")))
        return tmp_path

    def test_an_installed_bundle_by_its_name(self, at_home):
        assert load_bundle("mine").path == at_home / "state" / "bundles" / "mine"
        with pytest.raises(BundleError, match="installed mine; write a path"):
            load_bundle("yours")

    def test_a_name_without_a_slash_is_never_a_folder(self, at_home, monkeypatch):
        monkeypatch.chdir(own_bundle(at_home / "here").parent)
        with pytest.raises(BundleError, match=r"no bundle 'here'.*write a path \(with a /\)"):
            load_bundle("here")
        assert load_bundle("./here").name == "mine"

    def test_settings_that_name_a_bundle_go_first(self):
        default = load_settings(None, {})
        named = load_settings(None, {"expression.bundle": "ferplus"})
        assert with_bundle(default, None).bundle == "everyday"
        assert with_bundle(default, "mine").bundle == "mine"
        assert with_bundle(named, "mine").bundle == "ferplus"


def test_what_is_on_the_disk(two):
    proved(two, "one")
    two.use("two")
    two.start()
    content = json.loads((two.folder / "state.json").read_text())
    assert content == {"current": "two", "previous": "one", "unproven_starts": 1}
