"""A bundle that version 0.5 wrote: read, installed and run as before."""

import json
import shutil
from pathlib import Path

import pytest

from edge.build import build_pipeline, load_bundle
from edge.bundles.format import JSON_FILE, SCHEMA, read_bundle
from edge.bundles.store import BundleStore
from edge.cli.main import main
from edge.core.errors import BundleError
from edge.head.classifier import TfliteClassifier
from edge.settings import load_settings
from tests.edge.own_bundles import alter

OLD = Path(__file__).parents[1] / "golden" / "landmarks-schema4"
"""The bundle ``landmarks`` of version 0.5.0, byte for byte."""


@pytest.fixture
def copy(tmp_path):
    return shutil.copytree(OLD, tmp_path / "old")


def test_it_is_read_as_one_of_the_newest_schema():
    assert json.loads((OLD / JSON_FILE).read_text())["schema"] == 4
    bundle = read_bundle(OLD)
    assert bundle.info["schema"] == SCHEMA
    (tensor,) = bundle.inputs
    assert (tensor.name, tensor.version, tensor.shape) == ("landmarks", 1, (1404,))
    assert not {"feature_version", "standardization"} & bundle.info.keys()


def test_it_runs_all_the_way(models, portraits, make_frame):
    pipeline = build_pipeline(load_settings(None, {"expression.bundle": str(OLD)}))
    (face,) = pipeline.process(make_frame(portraits["astronaut"])).faces
    assert face.label == "happy"


def test_it_is_installed_and_used_as_it_is(command, tmp_path, monkeypatch):
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    for arguments in (("install", OLD, "--name", "old"), ("use", "old"), ("list",)):
        code, out, errors = command(main, "models", *arguments)
        assert code == 0, errors
    assert "* old" in out
    assert (tmp_path / "bundles" / "old" / JSON_FILE).read_bytes() == (OLD / JSON_FILE).read_bytes()
    assert BundleStore(tmp_path / "bundles").read("old").inputs[0].name == "landmarks"
    assert (
        json.loads(command(main, "info")[1])["bundle"]["inputs"][0]["tensor"] == "serving_default_input_0:0"
    )


def test_maps_come_behind_the_landmarks(copy):
    alter(copy, lambda info: info.update(feature_version=2))
    assert [(each.name, each.shape, each.tensor[-4:]) for each in read_bundle(copy).inputs] == [
        ("landmarks", (1404,), "_0:0"),
        ("coarse_map", (1152,), "_1:0"),
        ("fine_map", (18432,), "_2:0"),
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda info: info.update(feature_version=99), "feature version 99 .* 1 and 2"),
        (lambda info: info.update(feature_version=[]), "'feature_version' must be int"),
        (lambda info: info.pop("feature_version"), "lacks 'feature_version'"),
        (lambda info: info["standardization"]["mean"].pop(), "1404 numbers"),
        (lambda info: info.update(standardization=[]), "'standardization' must be dict"),
    ],
)
def test_wrong_content_is_named(copy, change, message):
    alter(copy, change)
    with pytest.raises(BundleError, match=message):
        read_bundle(copy)


def test_without_a_standardization_its_network_cannot_be_fed(copy):
    alter(copy, lambda info: info.pop("standardization"))
    with pytest.raises(BundleError, match="input landmarks lacks a 'standardization'"):
        TfliteClassifier(load_bundle(str(copy)))
