from dataclasses import asdict
from pathlib import Path

import pytest

from edge.core.errors import ConfigError
from edge.settings import Settings, load_settings


def _file(tmp_path, text):
    path = tmp_path / "mien.toml"
    path.write_text(text)
    return path


def test_no_file_and_no_flags_give_the_defaults():
    assert load_settings(None, {}) == Settings()


def test_flags_win_over_the_file_and_the_file_over_defaults(tmp_path):
    path = _file(tmp_path, 'source = "demo"\n[landmarks]\nmax_faces = 3\nthreads = 2\n')
    settings = load_settings(path, {"landmarks.max_faces": 5, "source": None, "output.sinks": ["jsonl"]})
    assert settings.source == "demo"
    assert (settings.landmarks.max_faces, settings.landmarks.threads) == (5, 2)
    assert settings.output.sinks == ("jsonl",)
    assert settings.camera == Settings().camera


def test_a_whole_number_is_a_number(tmp_path):
    settings = load_settings(_file(tmp_path, "[camera]\nfps = 15\n"), {})
    assert asdict(settings)["camera"]["fps"] == 15.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sources = 1", "unknown key sources; known: source, "),
        ("[camera]\nwdith = 1", "unknown key wdith"),
        ("source = 3", r"source must be a string, not 3 \(int\)"),
        ('source = ""', "source must not be empty"),
        ('[landmarks]\nmax_faces = "2"', "landmarks.max_faces must be int"),
        ("[landmarks]\nmax_faces = true", "landmarks.max_faces must be int"),
        ("[landmarks]\nmax_faces = 0", "landmarks.max_faces must be 1…16, not 0"),
        ("[landmarks]\nmax_faces = 2.5", "landmarks.max_faces must be int"),
        ('[landmarks]\nbackend = "dlib"', "landmarks.backend must be one of litert"),
        ('[landmarks]\nbackend = "mediapipe-tasks"', "task_file"),
        ("[expression]\nmin_confidence = nan", "min_confidence must be 0…1"),
        ("[expression]\nsmoothing_s = -1", "smoothing_s must be 0…10"),
        ('[output]\nsinks = "jsonl"', "output.sinks must be a list of strings"),
        ("[output]\nsinks = [1]", "output.sinks must be a list of strings"),
        ('[output]\nsinks = ["mail"]', "output.sinks must be one of live, jsonl"),
        ('[output]\nsinks = ["jsonl", "jsonl"]', "twice"),
        ('[output]\nsinks = ["jsonl", "live"]', "jsonl_file"),
        ("camera = 3", "camera must be"),
        ("[camera]\nfps = 1" + "0" * 400, "camera.fps must be"),
        ("[camera]\nwidth = 1" + "0" * 400, "camera.width must be 64…4096"),
        ("[output]\nsinks = []", "at least one of live, jsonl"),
        ('[output]\njsonl_file = "a\\u0000b"', "null character"),
        ('[landmarks]\ntask_file = "a\\u0000b"', "null character"),
        ("source = ", "not valid TOML"),
        ("\xff", "not valid TOML"),
        ("[camera]\nwidth = " + "1" * 5000, "not valid TOML"),
        ("source = 0x" + "f" * 5000, "not valid TOML"),
        ("a" + ".a" * 20_000 + " = 1", "more than 1000 dots"),
        ("# " + "x" * 100_000, "more than 100000 bytes"),
        ("# " + "ö" * 60_000 + "\n[landmarks]\nmax_faces = 3", "more than 100000 bytes"),
    ],
)
def test_what_is_wrong_is_named_with_its_file(tmp_path, text, message):
    path = tmp_path / "mien.toml"
    path.write_bytes(text.encode("latin-1" if "\xff" in text else "utf-8"))
    with pytest.raises(ConfigError, match=message) as caught:
        load_settings(path, {})
    assert str(path) in str(caught.value)


def test_a_file_without_an_end_is_not_read_to_it():
    with pytest.raises(ConfigError, match="more than 100000 bytes"):
        load_settings(Path("/dev/zero"), {})


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match="cannot read settings"):
        load_settings(tmp_path / "absent.toml", {})


def test_a_flag_into_something_that_is_no_table_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match="camera must be"):
        load_settings(_file(tmp_path, "camera = 3"), {"camera.width": 640})


def test_the_default_bundle_goes_with_the_backend():
    assert Settings().bundle == "fused"
    assert load_settings(None, {"landmarks.backend": "mediapipe"}).bundle == "landmarks"
    assert load_settings(None, {"expression.bundle": "mine/best"}).bundle == "mine/best"


def test_min_confidence_may_be_left_to_the_bundle(tmp_path):
    assert Settings().expression.min_confidence is None
    path = tmp_path / "mien.toml"
    path.write_text("[expression]\nmin_confidence = 1\n")
    assert load_settings(path, {}).expression.min_confidence == 1.0
