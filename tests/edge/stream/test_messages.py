import base64
import struct

import numpy as np
import pytest

from edge.stream.messages import Request, command, encoded_mesh, hello, line, read_request, want_mesh


@pytest.mark.parametrize(
    ("message", "request_"),
    [
        (want_mesh(True), Request(mesh=True)),
        (want_mesh(False), Request(mesh=False)),
        (command("pause"), Request(command="pause")),
        (command("resume"), Request(command="resume")),
    ],
)
def test_requests_are_read_as_they_are_written(message, request_):
    assert read_request(line(message)) == request_


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n",
        b"pause",
        b"null",
        b"[]",
        b"{}",
        b'{"command": "stop"}',
        b'{"command": ["pause"]}',
        b'{"command": "pause", "want": ["mesh"]}',
        b'{"want": "mesh"}',
        b'{"want": ["mesh", "mesh"]}',
        b'{"want": ["frame"]}',
        b'{"want": null}',
        b'{"want": ["mesh"]',
        b'{"command": "pau\xc3"}',
        '{"command": "pause"}'.encode("utf-16"),
        b"[" * 4000,
        b"9" * 4095,
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        read_request(text)


def test_a_hello_says_who_speaks():
    message = hello("porch", "everyday", ("happy", "sad"))
    assert message["hello"]["device"] == "porch"
    assert message["hello"]["labels"] == ["happy", "sad"]


def test_a_mesh_keeps_points_half_a_picture_outside_and_clips_the_rest():
    landmarks = np.zeros((478, 3), np.float32)
    landmarks[:6, :2] = [(0, 0), (640, 480), (320, 240), (-320, 720), (-5000, 5000), (100.3, 7.9)]
    values = struct.unpack("<936H", base64.b64decode(encoded_mesh(landmarks, 640, 480)))
    assert values[:10] == (16384, 16384, 49151, 49151, 32768, 32768, 0, 65535, 0, 65535)
    x, y = ((value / 65535 * 2 - 0.5) * side for value, side in zip(values[10:12], (640, 480), strict=True))
    assert (x, y) == pytest.approx((100.3, 7.9), abs=0.02)
