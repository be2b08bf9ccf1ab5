import re
from dataclasses import asdict
from pathlib import Path

import pytest

from edge import settings
from edge.core.errors import ConfigError
from edge.settings import OutputSettings, Settings, load_settings


def _file(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "mien.toml"
    path.write_text(text, encoding)
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
        ("sources = 1", "unknown key sources: did you mean source?"),
        ("[camera]\nwdith = 1", "unknown key camera.wdith: did you mean width?"),
        ("[landmarks]\nmax-faces = 1", "unknown key landmarks.max-faces: did you mean max_faces?"),
        ("[landmarks.camera]\nwidth = 1", "unknown key landmarks.camera: did you mean [camera]?"),
        ("[camra]\nwidth = 1", "unknown key camra: did you mean [camera]?"),
        ("width = 640", "unknown key width: did you mean width under [camera]?"),
        (
            '[camera]\nsource = "demo"',
            "unknown key camera.source: did you mean source, above the first [table]?",
        ),
        ("volume = 11", "unknown key volume; known: source, camera.width, "),
        ("source = 3", "source must be a text in quotes, not a number"),
        ('source = ["rtsp://me:secret@host"]', "source must be a text in quotes, not a list"),
        ('source = ""', "source must not be empty"),
        (
            '[landmarks]\nmax_faces = "2"',
            'max_faces must be a whole number, not the text "2": write max_faces = 2',
        ),
        ('[landmarks]\nmax_faces = "two"', 'landmarks.max_faces must be a whole number, not the text "two"'),
        ("[landmarks]\nmax_faces = true", "landmarks.max_faces must be a whole number, not true"),
        ("[landmarks]\nmax_faces = 0", "landmarks.max_faces must be 1…16, not 0"),
        ("[landmarks]\nmax_faces = 2.5", "landmarks.max_faces must be a whole number, not 2.5"),
        (
            "[landmarks]\nmax_faces = 2026-01-01",
            "landmarks.max_faces must be a whole number, not a date or time",
        ),
        ('[landmarks]\nbackend = "dlib"', "landmarks.backend must be one of litert"),
        ("[landmarks]\nbackend = {}", "landmarks.backend must be a text in quotes, not a table"),
        ('[landmarks]\nbackend = "mediapipe-tasks"', "task_file"),
        ("[expression]\nmin_confidence = nan", "min_confidence must be 0…1"),
        ("[expression]\nsmoothing_s = -1", "smoothing_s must be 0…10"),
        (
            '[expression]\nmin_confidence = "0.5"',
            'min_confidence must be a number, not the text "0.5": write min_confidence = 0.5',
        ),
        ("[expression]\nmin_confidence = [0.5]", "expression.min_confidence must be a number, not a list"),
        ("[expression]\nbundle = false", "expression.bundle must be a text in quotes, not false"),
        (
            '[output]\nsinks = "jsonl"',
            'output.sinks must be a list of texts, not the text "jsonl": write sinks = ["jsonl"]',
        ),
        ("[output]\nsinks = [1]", "output.sinks must be a list of texts, not a list with a number in it"),
        ("[output]\nsinks = [{}]", "output.sinks must be a list of texts, not a list with a table in it"),
        ('[output]\nsinks = ["jsonl", "jsonl"]', "twice"),
        ("camera = 3", "camera must be a table, [camera] with width, height, fps"),
        ("camera = 3", ', not 3; a camera is chosen with source = "camera:3"'),
        ('camera = "front"', 'not the text "front"; a camera is chosen with source = "camera:0"'),
        (
            "output = false",
            "output must be a table, [output] with sinks, jsonl_file, socket, device, not false",
        ),
        ("[camera]\nfps = 1" + "0" * 400, "camera.fps must be 1…240, not 1" + "0" * 59),
        ("[camera]\nwidth = 1" + "0" * 400, "camera.width must be 64…4096"),
        ("[output]\nsinks = []", "at least one of live, jsonl"),
        ('[output]\njsonl_file = "a\\u0000b"', "null character"),
        ('[landmarks]\ntask_file = "a\\u0000b"', "null character"),
        ('[output]\nsocket = "a\\u0000b"', "null character"),
        ('[output]\ndevice = "front door"', "output.device must be 1 to 64 of the characters"),
        ('[output]\ndevice = "' + "x" * 65 + '"', "output.device must be 1 to 64 of the characters"),
        ("source = ", "not valid TOML"),
        ("a = 1\n# K\xfcche", "it is not UTF-8 (line 2): save it as UTF-8"),
    ],
)
def test_what_is_wrong_is_named_with_its_file(tmp_path, text, message):
    path = tmp_path / "mien.toml"
    path.write_bytes(text.encode("latin-1" if "\xfc" in text else "utf-8"))
    with pytest.raises(ConfigError, match=re.escape(message)) as caught:
        load_settings(path, {})
    words = str(caught.value)
    assert words.startswith((f"{path}: ", f"cannot use the settings {path}: "))
    assert len(words) < 1000
    for word in ("int", "float", "str", "dict", "None", "Settings", "generator", "tuple", "secret"):
        assert not re.search(rf"\b{word}\b|<", words.replace(str(path), "")), words


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8"])
def test_a_byte_order_mark_is_no_part_of_the_settings(tmp_path, encoding):
    path = _file(tmp_path, 'source = "Küche.png"\n', encoding)
    assert load_settings(path, {}).source == "Küche.png"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_the_other_encodings_of_windows_are_named(tmp_path, encoding):
    path = _file(tmp_path, 'source = "demo"\n', encoding)
    with pytest.raises(ConfigError, match=r"it holds zero bytes, as UTF-16 does: save it as UTF-8"):
        load_settings(path, {})


@pytest.mark.parametrize(
    ("flags", "lines"),
    [
        ({}, []),
        ({"output.sinks": ["jsonl"], "output.jsonl_file": "o"}, []),
        (
            {"output.jsonl_file": "o"},
            ["output.jsonl_file has no effect: add jsonl to output.sinks (--sink jsonl)"],
        ),
        ({"landmarks.backend": "mediapipe-tasks", "landmarks.task_file": "t"}, []),
        ({"landmarks.task_file": "t"}, ["landmarks.task_file has no effect with the backend litert"]),
    ],
)
def test_what_has_no_effect_is_said(flags, lines):
    found = list(load_settings(None, flags).without_effect())
    assert len(found) == len(lines)
    assert all(map(str.startswith, found, lines))


def test_a_file_without_an_end_is_not_read_to_it():
    with pytest.raises(ConfigError, match="more than 100000 bytes"):
        load_settings(Path("/dev/zero"), {})


def test_a_flag_into_something_that_is_no_table_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match="camera must be"):
        load_settings(_file(tmp_path, "camera = 3"), {"camera.width": 640})


def test_the_default_bundle_goes_with_the_backend():
    assert Settings().bundle == "everyday"
    assert load_settings(None, {"landmarks.backend": "mediapipe"}).bundle == "landmarks"
    assert load_settings(None, {"expression.bundle": "mine/best"}).bundle == "mine/best"


def test_min_confidence_may_be_left_to_the_bundle(tmp_path):
    assert Settings().expression.min_confidence is None
    path = _file(tmp_path, "[expression]\nmin_confidence = 1\n")
    assert load_settings(path, {}).expression.min_confidence == 1.0


@pytest.mark.parametrize(
    ("host", "device"), [("pi", "pi"), ("küche.local", "k-che-local"), ("x" * 70, "x" * 64), ("", "mien")]
)
def test_the_host_name_is_the_device_where_none_is_set(monkeypatch, host, device):
    monkeypatch.setattr(settings, "gethostname", lambda: host)
    assert Settings().output.device_id == device
    assert OutputSettings(device="Front_door-2").device_id == "Front_door-2"


def test_a_socket_without_its_sink_has_no_effect():
    sentences = load_settings(None, {"output.socket": "/run/x.sock"}).without_effect()
    assert [sentence.split()[0] for sentence in sentences] == ["output.socket"]
