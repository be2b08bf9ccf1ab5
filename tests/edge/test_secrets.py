"""Whatever password stands in a source's address, the commands show what they would for the password ``x``.

But for one line that is the same for all passwords: how to write such an address.
"""

import json
import logging
import re
import signal
import subprocess
import sys

import numpy as np
import pytest

from edge.cli.main import main
from edge.sources.camera import ENCODE_HINT
from tests.mjpeg import PictureServer

pytestmark = pytest.mark.usefixtures("models")

LIKELY = ["S3/cretpw", "S3#cretpw", "S3@cretpw", "S3 cretpw", "[S3℀cretpw"]
QUOTED = ["S3'cretpw", 'S3"cretpw', "S3\ncretpw"]
PASSWORDS = [
    *LIKELY,
    *("S3?cretpw", "S3:cretpw", "S3]cretpw", "/S3cretpw", "S3cretpw/", "//S3cretpw@", "  S3cretpw"),
    *("S3*cretpw", "**/S3cretpw", "%41S3cretpw", "S3\\cretpw", "S3=cretpw", "S3;cretpw&", "S3é＠／😀cretpw"),
    "S3cretpw" * 50,
]
STREAMS = [
    "rtsp://admin:{}@127.0.0.1:9/live",
    "http://{}:pw@127.0.0.1:9/stream.mjpg",
    "rtsp://127.0.0.1:9/user=admin_password={}_channel=1.sdp",
    "http://127.0.0.1:9/stream.mjpg;pwd={}",
    "https://127.0.0.1:9/video?pwd={}#{}",
]
REFUSED = [
    "rtsp:/admin:{}@127.0.0.1",
    "rtps://admin:{}@127.0.0.1/live",
    "RTSP://admin:{}@127.0.0.1/live",
    "udp://admin:{}@127.0.0.1/live",
    " rtsp://admin:{}@127.0.0.1/live",
    "'rtsp://admin:{}@127.0.0.1/live'",
    "camera:rtsp://admin:{}@127.0.0.1/live",
    "admin:{}@127.0.0.1/live",
]


@pytest.fixture
def shown(capfd, caplog):
    """Everything that a command shows, and its exit code, without times and the line about encoding."""

    def call(*arguments: object) -> str:
        caplog.clear()
        with caplog.at_level(logging.INFO):
            try:
                code = main([str(argument) for argument in arguments])
            except SystemExit as error:  # argparse
                code = error.code
        log = [record.getMessage() for record in caplog.records if record.getMessage() != ENCODE_HINT]
        printed = "\n".join([*capfd.readouterr(), *log, f"exit {code}"])
        return re.sub(r"[\d.]+ ms|INFO: Created TensorFlow Lite.*\n", "", printed)  # that one comes once

    return call


@pytest.mark.parametrize(
    ("command", "code", "addresses", "passwords"),
    [
        ("info", 0, [*STREAMS, *REFUSED], LIKELY),
        ("check", 0, STREAMS, [LIKELY[0], LIKELY[-1]]),
        ("run", 1, REFUSED, [LIKELY[0], "//S3[cret]pw@*"]),
    ],
)
def test_an_address_as_the_source(shown, command, code, addresses, passwords):
    for address in addresses:
        expected = shown(command, "--source", address.replace("{}", "x"))
        assert expected.endswith(f"exit {code}")
        assert code == 0 or "expected" in expected
        for password in passwords:
            assert shown(command, "--source", address.replace("{}", password)) == expected


@pytest.mark.parametrize("password", ["x", "S3@:[cret]pw", "%S3℀cretpw"])
def test_a_run_with_a_stream(shown, password):
    server = PictureServer(np.zeros((48, 64, 3), np.uint8))
    server.start()
    try:
        address = f"http://admin:{password}@127.0.0.1:{server.port}/{password}?{password}"
        text = shown("run", "--source", address, "--sink", "jsonl", "--frames", 1)
    finally:
        server.stop()
    record, *rest = text.splitlines()
    assert json.loads(record)["source"] == "http://…"
    assert rest[-1] == "exit 0"
    assert "cret" not in text


def test_a_run_without_an_answer():
    """In a process of its own, until the camera is reported lost; behind that comes a summary with times."""

    def lines(password):
        command = [sys.executable, "-m", "edge", "run", "--source", STREAMS[0].replace("{}", password)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, encoding="utf-8") as process:
            found = [process.stderr.readline()]
            while found[-1] and "no camera" not in found[-1]:
                found.append(process.stderr.readline())
            process.send_signal(signal.SIGTERM)
            assert "cret" not in process.communicate(timeout=20)[1]
        return found

    plain, reserved = lines("x"), lines("S3/cretpw")
    assert plain[-1].startswith("WARNING edge.sources.live: rtsp://…: no camera (no answer")
    assert [line for line in reserved if ENCODE_HINT not in line] == plain
    assert len(reserved) == len(plain) + 1


@pytest.mark.parametrize(
    "text",
    [
        "source = ['ADDRESS']",
        "source = { url = 'ADDRESS' }",
        "[source]\nurl = 'ADDRESS'",
        "'ADDRESS' = 1",
        "camera = 'ADDRESS'",
        "camera.width = 'ADDRESS'",
        "camera.width = ['ADDRESS']",
        "expression.min_confidence = ['ADDRESS']",
        "landmarks.backend = 'ADDRESS'",
        "output.sinks = ['ADDRESS']",
        # These are no TOML.
        "source = ADDRESS",
        "source = 'ADDRESS",
        "['ADDRESS']\n['ADDRESS']",
        "source = { 'ADDRESS' = 1, 'ADDRESS' = 2 }",
    ],
)
def test_settings_that_are_wrong(shown, tmp_path, text):
    def error(password):
        path.write_text(text.replace("ADDRESS", f"rtsp://u:{password}@host"), "utf-8")
        return shown("run", "--config", path)

    path = tmp_path / "mien.toml"
    expected = error("x")
    assert expected.endswith("exit 78")
    for password in PASSWORDS:
        assert error(password) == expected


@pytest.mark.parametrize(
    "password", ['S3"cretpw', "S3\\cretpw", "S3\\ud800cretpw", "S3\ncretpw", "S3\x1bcretpw"]
)
def test_an_address_that_ends_its_quotes(shown, tmp_path, password):
    path = tmp_path / "mien.toml"
    path.write_text(f'source = "rtsp://u:{password}@host"\n', "utf-8")
    text = shown("run", "--config", path)
    assert "see line 1; an address stands between quotes, single ones where it has" in text
    assert "column" not in text
    assert text.endswith("exit 78")


def test_settings_in_another_encoding(shown, tmp_path):
    path = tmp_path / "mien.toml"
    path.write_bytes("source = 'rtsp://u:é@host'".encode("latin-1"))
    text = shown("run", "--config", path)
    assert "save it as UTF-8" in text
    assert "0xe9" not in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{}"], "argument COMMAND: invalid choice"),
        (["run", "{}"], "unrecognized arguments"),
        (["run", "--sauce", "{}"], "unrecognized arguments"),
        (["run", "--sauce={}"], "unrecognized arguments"),
        (["run", "--s={}"], "ambiguous option"),
        (["run", "--frames", "{}"], "argument --frames: invalid positive value"),
        (["run", "--frames={}"], "argument --frames: invalid positive value"),
        (["run", "--sink", "{}"], "argument --sink: invalid choice"),
        (["setup", "--models-only={}"], "argument --models-only: ignored explicit argument"),
        (["run", "--frames", "0", "--source", "{}"], "argument --frames: must be 1 or more"),
        (["run", "--source", "rtsp://u:S3", "cret", "pw@host"], "unrecognized arguments"),
        (["models", "list", "{}"], "unrecognized arguments"),
    ],
)
def test_flags_that_are_wrong(shown, arguments, said):
    expected = shown(*(each.replace("{}", "rtsp://u:x@host") for each in arguments))
    assert f"error: {said} (not shown: " in expected
    assert expected.endswith("exit 2")
    assert "cret" not in expected
    for password in (*PASSWORDS, *QUOTED):
        assert shown(*(each.replace("{}", f"rtsp://u:{password}@host") for each in arguments)) == expected


def test_flags_that_are_wrong_are_shown_where_no_address_is_among_them(shown):
    assert "error: unrecognized arguments: --sauce demo" in shown("run", "--sauce", "demo")


def test_an_address_in_the_place_of_the_settings(shown):
    expected = shown("run", "--config", "rtsp://u:x@host")
    assert "settings rtsp://…: " in expected
    for password in LIKELY:
        assert shown("run", "--config", f"rtsp://u:{password}@host") == expected
