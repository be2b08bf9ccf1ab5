"""A power cut in the middle of a change, as far as a process that is killed is one."""

from pathlib import Path

import pytest

from edge.bundles import self_test
from edge.bundles.store import BundleStore
from tests.edge.own_bundles import own_bundle


@pytest.fixture
def store(tmp_path, monkeypatch):
    """``one`` has proved itself, ``two`` is there."""
    monkeypatch.setattr(self_test, "check_in_subprocess", lambda folder: None)
    store = BundleStore(tmp_path / "store")
    for name in ("one", "two"):
        store.install(str(own_bundle(tmp_path / name, name)))
    store.use("one")
    store.start().prove()
    return store


@pytest.fixture
def survive(store, tmp_path, python):
    """Kill an operation at each of its steps; gives how many there are."""

    def survive(*operation):
        program = Path(__file__).with_name("killed_store.py")
        result = python(program, store.folder, *operation, env={"TMPDIR": str(tmp_path)})
        assert result.returncode == 0, result.stderr
        return int(result.stdout)

    return survive


def test_install(survive, tmp_path):
    assert survive("install", own_bundle(tmp_path / "new", "new")) > 15


def test_install_in_the_place_of_another(survive, tmp_path):
    assert survive("install", own_bundle(tmp_path / "other", "other"), "two") > 15


def test_use(survive):
    assert survive("use", "two") > 8


def test_the_first_use(survive, store):
    (store.folder / "state.json").unlink()
    assert survive("use", "two") > 8
