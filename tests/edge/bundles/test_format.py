import json
import shutil

import pytest

from edge.build import load_bundle
from edge.bundles import format as bundles
from edge.bundles.format import read_bundle
from edge.bundles.store import SHIPPED
from edge.core.errors import BundleError
from tests.edge.own_bundles import alter


@pytest.fixture
def copy(tmp_path):
    """A shipped bundle of several inputs, to be broken."""
    return shutil.copytree(SHIPPED / "fer2013", tmp_path / "bundle")


@pytest.mark.parametrize(
    ("name", "inputs", "most"),
    [("landmarks", 1, 500_000), ("everyday", 1, 750_000), ("fer2013", 4, 2_000_000)],
)
def test_a_shipped_bundle_is_whole_and_small(name, inputs, most):
    bundle = load_bundle(name)
    assert len(bundle.labels) == 7
    assert len(bundle.inputs) == inputs
    assert bundle.info["schema"] == bundles.SCHEMA
    for each in bundle.inputs:
        assert (each.standardization is not None) == (each.name == "landmarks")
    assert sum(path.stat().st_size for path in bundle.path.iterdir()) <= most


@pytest.mark.parametrize("name", [bundles.MODEL_FILE, bundles.JSON_FILE])
def test_a_missing_file_is_named(copy, name):
    (copy / name).unlink()
    with pytest.raises(BundleError, match=name):
        read_bundle(copy)


@pytest.mark.parametrize("name", [bundles.MODEL_FILE, bundles.JSON_FILE])
@pytest.mark.parametrize("keep", [0, 0.5, 0.99])
def test_an_empty_or_truncated_file_is_refused(copy, name, keep):
    data = (copy / name).read_bytes()
    (copy / name).write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(BundleError, match="copy the bundle again"):
        read_bundle(copy)


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_a_flipped_bit_in_the_model_is_found(copy, place):
    data = bytearray((copy / bundles.MODEL_FILE).read_bytes())
    data[int(len(data) * place)] ^= 4
    (copy / bundles.MODEL_FILE).write_bytes(data)
    with pytest.raises(BundleError, match="SHA-256"):
        read_bundle(copy)


def test_a_changed_digit_in_the_json_is_found(copy):
    path = copy / bundles.JSON_FILE
    info = json.loads(path.read_text())
    _entry(info)["standardization"]["mean"][7] += 0.001
    path.write_text(json.dumps(info))
    with pytest.raises(BundleError, match="altered"):
        read_bundle(copy)


def _entry(info):
    return next(each for each in info["inputs"] if each["name"] == "landmarks")


def _landmarks(**changes):
    return lambda info: _entry(info).update(changes)


def _standardization(key, change):
    return lambda info: change(_entry(info)["standardization"][key])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda i: i.update(schema=2), "schema 2"),
        (lambda i: i.pop("labels"), "labels"),
        (lambda i: i.update(labels=["happy"]), "labels"),
        (lambda i: i.update(labels=["happy", "happy"]), "labels"),
        (lambda i: i.update(labels=["happy", ""]), "labels"),
        (lambda i: i.update(labels=["happy", "sad\nMAINPID=1"]), "printable"),
        (lambda i: i.update(labels=["happy", "\ud800"]), "printable"),
        (lambda i: i["calibration"].update(temperature=True), "temperature"),
        (lambda i: i["calibration"].update(temperature=10**400), "temperature"),
        (lambda i: i["output"].pop("scale"), "lacks 'scale'"),
        (_standardization("std", lambda std: std.pop()), "1404 numbers"),
        (_standardization("std", lambda std: std.__setitem__(0, 0.0)), "0.0001 or more"),
        (_standardization("mean", lambda mean: mean.__setitem__(0, "x")), "1404 numbers"),
        (_standardization("mean", lambda mean: mean.__setitem__(0, 1e9)), "within ± 1000"),
        (_standardization("mean", lambda mean: mean.__setitem__(0, 10**400)), "1404 numbers"),
        (lambda i: i.pop("inputs"), "lacks 'inputs'"),
        (lambda i: i.update(inputs={}), "'inputs' must be list"),
        (lambda i: i.update(inputs=[]), "one or more objects"),
        (lambda i: i.update(inputs=["landmarks"]), "one or more objects"),
        (lambda i: i.update(inputs=[i["inputs"][0], i["inputs"][0] | {"tensor": "x"}]), "different names"),
        (lambda i: i.update(inputs=[i["inputs"][0], i["inputs"][0] | {"name": "x"}]), "different tensors"),
        (_landmarks(name=""), "'name' must be a printable name"),
        (_landmarks(name="a\nb"), "'name' must be a printable name"),
        (_landmarks(name=3), "'name' must be str"),
        (_landmarks(tensor="\x00"), "'tensor' must be a printable name"),
        (_landmarks(version="1"), "'version' must be int"),
        (_landmarks(version=True), "'version' must be int"),
        (_landmarks(shape=1404), "'shape' must be list"),
        (_landmarks(shape=[]), "1 to 8 whole numbers above 0"),
        (_landmarks(shape=[1404.0]), "1 to 8 whole numbers above 0"),
        (_landmarks(shape=[1404, 0]), "1 to 8 whole numbers above 0"),
        (_landmarks(shape=[1] * 9), "1 to 8 whole numbers above 0"),
        (_landmarks(shape=[10**9, 10**9]), "1,000,000 numbers"),
        (_landmarks(shape=[1403]), "1403 numbers"),
        (_landmarks(dtype="float64"), "'dtype' must be one of float32, uint8, int8"),
        (_landmarks(dtype=[]), "'dtype' must be str"),
        (_landmarks(dtype="uint8"), "'standardization' must be of an input of float32, not uint8"),
        (lambda i: i["output"].update(scale=0.0), "scale > 0"),
        (lambda i: i["output"].update(zero_point=300), "zero_point"),
        (_landmarks(standardization=[]), "'standardization' must be dict"),
        (lambda i: i["calibration"].update(temperature=0.0), "temperature"),
        (lambda i: i["calibration"].update(min_confidence=1.5), "min_confidence"),
        (lambda i: i.pop("calibration"), "calibration"),
        (lambda i: i.update(output=[]), "output"),
        (lambda i: i.update(preparation={"scale": "x"}), "scale"),
        (lambda i: i.update(schema=3), "schema 3"),
        (lambda i: i.pop("golden"), "golden"),
        (lambda i: i["golden"].pop("codes"), "codes"),
        (lambda i: i["golden"]["codes"].pop(), "16 rows of 7 codes"),
        (lambda i: i["golden"]["codes"][0].pop(), "16 rows of 7 codes"),
        (lambda i: i["golden"]["codes"].__setitem__(0, 7), "16 rows of 7 codes"),
        (lambda i: i["golden"]["codes"][15].__setitem__(6, 128), "16 rows of 7 codes"),
        (lambda i: i["golden"]["codes"][15].__setitem__(6, 1.0), "16 rows of 7 codes"),
        (lambda i: i["golden"]["codes"][15].__setitem__(6, True), "16 rows of 7 codes"),
    ],
)
def test_wrong_content_is_named(copy, change, message):
    alter(copy, change)
    with pytest.raises(BundleError, match=message):
        read_bundle(copy)


@pytest.mark.parametrize("text", ["[]", "null", "{", "[" * 100_000, '{"schema": NaN}'])
def test_json_of_another_kind_is_refused(copy, text):
    (copy / bundles.JSON_FILE).write_text(text)
    with pytest.raises(BundleError):
        read_bundle(copy)


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_json_does_not_have_are_refused_wherever_they_stand(copy, constant):
    path = copy / bundles.JSON_FILE
    text = path.read_text()
    assert '"training": {' in text
    path.write_text(text.replace('"training": {', f'"training": {constant}, "was": {{', 1))
    with pytest.raises(BundleError, match="is not JSON"):
        read_bundle(copy)


def test_a_whole_number_is_a_number(copy):
    alter(copy, lambda info: info["calibration"].update(temperature=1, min_confidence=0))
    alter(copy, lambda info: info.update(preparation={"scale": 1, "padding": 0}))
    alter(copy, lambda info: info["output"].update(scale=1))
    bundle = read_bundle(copy)
    assert (bundle.temperature, bundle.min_confidence, bundle.preparation) == (1.0, 0.0, (1.0, 0.0))
    assert bundle.output.scale == 1.0
