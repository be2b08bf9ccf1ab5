"""``mien models``, as its parser is hung into the program's."""

import argparse
import sys

import pytest

from edge.bundles import self_test
from edge.bundles.store import BundleStore
from edge.cli import console, models
from tests.edge.own_bundles import alter, own_bundle


@pytest.fixture
def run_models(tmp_path, monkeypatch, capsys):
    """Call it on a store of this test; gives exit code, lines of stdout and stderr."""
    monkeypatch.setattr(self_test, "check_in_subprocess", lambda folder: None)

    def call(command, *arguments):
        parser = argparse.ArgumentParser()
        models.add_parser(parser.add_subparsers(required=True))
        store = ("--store", str(tmp_path / "store"))
        args = parser.parse_args(["models", command, *map(str, arguments), *store])
        code = console.run(lambda: int(args.command(args)))
        out, err = capsys.readouterr()
        return code, out.splitlines(), err

    return call


@pytest.fixture
def bundle(tmp_path):
    return own_bundle(tmp_path / "b")


def line(lines, name):
    (found,) = [line for line in lines if line[2:].startswith(f"{name} ")]
    return found


def test_a_device_as_it_comes(run_models):
    code, lines, _ = run_models("list")
    assert code == 0
    assert [line.split()[0] for line in lines] == ["*", "fer2013", "ferplus", "landmarks"]
    assert line(lines, "everyday").startswith("* everyday")
    assert line(lines, "landmarks").endswith("angry disgust fear happy sad surprise neutral")
    assert "PublicTest " in line(lines, "landmarks")


def test_install_and_use_in_one_command(run_models, bundle, tmp_path):
    code, lines, _ = run_models("install", bundle, "--name", "new", "--use")
    assert code == 0
    assert lines[:2] == [
        f"installed: new, in {tmp_path / 'store' / 'new'}",
        "current: new; previous: the default of the settings",
    ]
    assert "sudo systemctl reload mien" in lines[2]
    listed = line(run_models("list")[1], "new")
    assert listed.startswith("* new")
    assert "installed current, unproven (0 of 2 starts); " in listed


def test_install_alone_changes_nothing_that_runs(run_models, bundle):
    assert run_models("install", bundle)[0] == 0
    _, lines, _ = run_models("list")
    assert line(lines, "mine").startswith("  mine")
    assert line(lines, "everyday").startswith("* everyday")


def test_use_and_rollback(run_models, bundle, tmp_path):
    run_models("install", bundle)
    store = BundleStore(tmp_path / "store")
    run_models("use", "mine")
    store.start().prove()
    _, lines, _ = run_models("use", "landmarks")
    assert lines[0] == "current: landmarks; previous: mine"
    assert "previous; " in line(run_models("list")[1], "mine")
    code, lines, _ = run_models("rollback")
    assert (code, lines[0]) == (0, "current: mine")
    assert "systemctl reload mien" in lines[1]


def test_errors_are_one_line(run_models):
    code, _, err = run_models("install", "nowhere/at-all")
    assert code == 78
    assert err.startswith("error: not installed: no bundle at nowhere/at-all")
    assert err.count("\n") == 1


def test_a_damaged_one_is_listed_with_the_reason(run_models, bundle, tmp_path):
    run_models("install", bundle)
    (tmp_path / "store" / "mine" / "model.tflite").write_bytes(b"")
    code, lines, _ = run_models("list")
    assert code == 0
    assert "is not the file that model.json names" in line(lines, "mine")


def test_one_of_a_later_program_is_not_used_and_listed_with_the_reason(run_models, bundle, tmp_path):
    run_models("install", bundle)
    alter(tmp_path / "store" / "mine", lambda info: info["inputs"][0].update(version=2))
    code, _, err = run_models("use", "mine")
    assert code == 78
    for said in (err, line(run_models("list")[1], "mine")):
        assert "takes the input landmarks, version 2, this program gives landmarks 1, coarse" in said


@pytest.mark.parametrize("reason", ["package", "key"])
def test_signatures_that_cannot_be_checked_are_a_line_for_each_bundle(
    run_models, bundle, tmp_path, monkeypatch, reason
):
    run_models("install", bundle)
    settings = tmp_path / "mien.toml"
    settings.write_text('[expression]\npublic_key = "RWnone"\n')
    if reason == "package":
        monkeypatch.setitem(sys.modules, "minisign", None)
    else:
        pytest.importorskip("minisign", reason="py-minisign is not installed")
    code, lines, _ = run_models("list", "--config", settings)
    assert code == 0
    assert "expression.public_key is" in line(lines, "mine")
    assert "angry" in line(lines, "landmarks")


def test_a_bundle_that_does_not_go_with_the_backend_is_not_used(run_models, tmp_path):
    settings = tmp_path / "mien.toml"
    settings.write_text('[landmarks]\nbackend = "mediapipe"\n')
    code, _, err = run_models("use", "everyday", "--config", settings)
    assert code == 78
    assert "landmarks.backend mediapipe does not give" in err
    assert BundleStore(tmp_path / "store").state.current is None
    assert run_models("use", "landmarks", "--config", settings)[0] == 0


def test_settings_that_name_a_bundle(run_models, bundle, tmp_path):
    settings = tmp_path / "mien.toml"
    settings.write_text('[expression]\nbundle = "ferplus"\n')
    _, lines, _ = run_models("install", bundle, "--use", "--config", settings)
    assert "ferplus" in lines[2]
    _, lines, _ = run_models("list", "--config", settings)
    assert line(lines, "ferplus").startswith("* ")
    assert line(lines, "mine").startswith("  ")


def test_the_key_of_the_settings_counts(run_models, bundle, tmp_path):
    pytest.importorskip("minisign", reason="py-minisign is not installed")
    settings = tmp_path / "mien.toml"
    settings.write_text(
        '[expression]\npublic_key = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"\n'
    )
    code, _, err = run_models("install", bundle, "--config", settings)
    assert code == 78
    assert "is not signed, and expression.public_key is set" in err


def test_a_bundle_without_figures(run_models, tmp_path):
    run_models("install", own_bundle(tmp_path / "plain", "plain", metrics={"int8": {"x": [], "y": {}}}))
    assert line(run_models("list")[1], "plain").endswith(
        "installed angry disgust fear happy sad surprise neutral"
    )
