"""What is shown of an address does not depend on the secrets in it."""

import functools
import random
import string

import pytest

from edge.core.address import shown, shown_argument

PLACES = {
    "password": "rtsp://admin:{}@127.0.0.1:9/live",
    "password, no user": "http://:{}@camera.local/",
    "user": "rtsp://{}:pw@127.0.0.1:9/live",
    "user alone": "https://{}@[::1]:443",
    "path": "rtsp://10.0.0.1:554/user=admin_password={}_channel=1.sdp",
    "end of the path": "http://10.0.0.1/{}",
    "parameter": "http://10.0.0.1/stream.mjpg;pwd={}",
    "query": "http://10.0.0.1/video?user=admin&pwd={}&fps=5",
    "fragment": "http://10.0.0.1/video#{}",
    "an @ behind it": "rtsp://u:{}@host/mail=a@b?c@d",
    "upper case": "RTSP://u:{}@host/live",
    "another scheme": "rtsps://u:{}@host/live",
    "misspelt scheme": "rtps://u:{}@host/{}",
    "one slash": "rtsp:/admin:{}@host",
    "no slash": "http:{}:pw@host",
    "wrong slashes": "rtsp:\\\\{}:pw@host",
    "no colon": "rtsp//admin:{}@host",
    "no scheme": "admin:{}@host/live",
    "no scheme, path": "10.0.0.1/user=admin_password={}_channel=1.sdp",
    "leading blanks": " \trtsp://u:{}@host/live",
    "trailing blanks": "rtsp://u:{}@host/live \n",
    "quoted": "'rtsp://u:{}@host/live'",
    "double quoted": '"rtsp://u:{}@host"',
    "malformed host": "http://u:{}@[::1/live",
    "a path before it": "./rtsp://u:{}@host",
    "a camera": "camera:rtsp://u:{}@host",
}
CHARACTERS = string.printable + "\u2100\uff0f\uff20\uff1a\uff03\uff1f\ufe55é\u00a0\u2028\u202e😀\udc80"
"""Among them what Unicode's compatibility forms turn into ``/``, ``@``, ``:``, ``#`` and ``?``."""


@functools.cache
def passwords(count: int) -> list[str]:
    """The same each time; many are short, with reserved characters at either end."""
    chance = random.Random(1)
    return ["".join(chance.choices(CHARACTERS, k=chance.randint(1, 12))) for _ in range(count)]


@pytest.mark.parametrize("place", PLACES)
def test_it_is_the_same_for_every_password(place):
    address = PLACES[place]
    expected = shown(address.replace("{}", "x"))
    assert "x" not in expected
    differing = [each for each in passwords(3000) if shown(address.replace("{}", each)) != expected]
    assert differing == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("rtsp://u:p@host/live", "rtsp://…"),
        ("http://host/stream", "http://…"),
        ("HTTPS://host", "HTTPS://…"),
        (" 'rtsp://u:p@host'", "rtsp://…"),
        ("rtsp:/u:p@host", "rtsp://…"),
        ("rtps://u:p@host", "rtps://…"),
        ("htp://u:p@host", "htp://…"),
        ("admin://u:p@host", "…"),
        ("u:p@host", "…"),
        ("//u:p@host", "…"),
        ("camera:u:p@host", "…"),
    ],
)
def test_of_an_address_only_the_scheme_is_shown(source, expected):
    assert shown(source) == expected


@pytest.mark.parametrize(
    "source",
    ["demo", "picamera2", "camera:12", "clip.mp4", "/nowhere/a b", "?[a-c]*.jpg", "x" * 300, "a\0", ""],
)
def test_what_is_no_address_is_shown_whole(source):
    assert shown(source) == source


@pytest.mark.parametrize("name", ["10:30.mp4", "me@work.jpg", "lr=0.1", "http:x.mp4", "a:/b"])
def test_a_path_that_is_there_is_shown_whole(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert shown(name) != name
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()
    assert shown(name) == name
    assert shown(str(tmp_path / name)) == str(tmp_path / name)
    assert shown(f"./{name[:3]}*") == f"./{name[:3]}*"


def test_a_stream_is_an_address_whatever_is_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rtsp:").mkdir()
    (tmp_path / "rtsp:" / "secret").touch()
    assert shown("rtsp://secret") == "rtsp://…"


@pytest.mark.parametrize("source", ["=\0*", "=" + "/*" * 5000, "@" * 5000, "rtsp:/\0[", "a=[\ud800*"])
def test_nothing_is_too_odd_to_be_shown(source):
    assert shown(source) in ("…", "rtsp://…")


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("--source=rtsp://u:p@host/a=b", "--source=rtsp://…"),
        ("rtsp://u:p@host", "rtsp://…"),
        ("--so=u:p=@host", "--so=…"),
        ("--source=demo", "--source=demo"),
        ("fer=/usr/bin/python3", "fer=/usr/bin/python3"),
        ("--frames", "--frames"),
        ("latency", "latency"),
    ],
)
def test_arguments_of_a_command_line(argument, expected):
    assert shown_argument(argument) == expected
