"""Who may ask the page, and what its answers tell the browser."""

import json
import mimetypes
import re
from pathlib import Path

import pytest

import mien.page

STATIC = Path(mien.page.__file__).parent / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def exchange(page, request: bytes) -> tuple[int, bytes]:
    """Send a whole request, and read the one answer: its status and all of it."""
    with page.connect() as connection:
        connection.sendall(request)
        answer = b""
        while data := connection.recv(65536):
            answer += data
    status = re.match(rb"HTTP/1\.1 (\d{3}) ", answer)
    assert status, answer
    return int(status[1]), answer


def request(page, method="GET", path="/api/state", host="127.0.0.1:PORT", *headers) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Connection: close"]
    lines += [f"Host: {host}"] if host is not None else []
    lines += [*headers, "Content-Length: 0"]
    return ("\r\n".join(lines) + "\r\n\r\n").replace("PORT", str(page.port)).encode("latin-1")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:PORT", 200),
        ("localhost:PORT", 200),
        ("[::1]:PORT", 200),
        ("localhost", 421),
        ("localhost:1", 421),
        ("localhost:PORT0", 421),
        ("0localhost:PORT", 421),
        ("127.0.0.1.evil.example:PORT", 421),
        ("evil.example:PORT", 421),
        ("LOCALHOST:PORT", 421),
        ("127.1:PORT", 421),
        ("0.0.0.0:PORT", 421),
        ("::1:PORT", 421),
        ("[::1%1]:PORT", 421),
        ("user@localhost:PORT", 421),
        ("localhost:PORT, localhost:PORT", 421),
        ("", 421),
        (None, 400),
        ("localhost:PORT\r\nHost: localhost:PORT", 400),
    ],
)
def test_host(page, host, status):
    assert exchange(page, request(page, host=host))[0] == status


def test_http_1_0_without_a_host(page):
    assert exchange(page, b"GET /api/state HTTP/1.0\r\n\r\n")[0] == 421


OWN, OTHER = "http://127.0.0.1:PORT", "https://evil.example"


@pytest.mark.parametrize(
    ("headers", "get", "post"),
    [
        ([], 200, 404),
        ([f"Origin: {OWN}"], 200, 404),
        ([f"Origin: {OWN}", "Sec-Fetch-Site: same-origin"], 200, 404),
        (["Sec-Fetch-Site: same-origin"], 200, 404),
        (["Sec-Fetch-Site: none"], 200, 403),
        (["Sec-Fetch-Site: cross-site"], 403, 403),
        (["Sec-Fetch-Site: same-site"], 403, 403),
        (["Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: cross-site"], 403, 403),
        ([f"Origin: {OWN}", "Sec-Fetch-Site: cross-site"], 403, 403),
        ([f"Origin: {OTHER}"], 403, 403),
        ([f"Origin: {OTHER}", "Sec-Fetch-Site: same-origin"], 403, 403),
        ([f"Origin: {OWN}", f"Origin: {OTHER}"], 403, 403),
        (["Origin: null"], 403, 403),
        (["Origin: "], 403, 403),
        (["Origin: http://localhost:PORT"], 403, 403),  # one of this machine, but not this page's
        (["Origin: https://127.0.0.1:PORT"], 403, 403),
        (["Origin: http://127.0.0.1"], 403, 403),
        (["Origin: http://127.0.0.1:PORT.evil.example"], 403, 403),
    ],
)
def test_origin(page, headers, get, post):
    host = "127.0.0.1:PORT"
    assert exchange(page, request(page, "GET", "/api/state", host, *headers))[0] == get
    address = "/api/recognize?session=a&kind=picture&bundle=none"  # 404 where it is let through
    assert exchange(page, request(page, "POST", address, host, *headers))[0] == post


LINK = ("Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate")


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/", [*LINK, "Sec-Fetch-Dest: document"], 200),
        ("GET", "/?from=there", [*LINK, "Sec-Fetch-Dest: document"], 200),
        ("GET", "/", LINK, 200),
        ("GET", "/", ["Sec-Fetch-Site: same-site", *LINK[1:]], 200),
        ("GET", "/", [*LINK, "Sec-Fetch-Dest: iframe"], 403),
        ("GET", "/", [*LINK, "Sec-Fetch-Dest: document", "Sec-Fetch-Dest: iframe"], 403),
        ("GET", "/", [*LINK, "Sec-Fetch-Mode: cors"], 403),
        ("GET", "/", [LINK[0], "Sec-Fetch-Mode: no-cors"], 403),
        ("GET", "/", [*LINK, f"Origin: {OTHER}"], 403),
        ("POST", "/", LINK, 403),
        ("HEAD", "/", LINK, 403),
        ("GET", "/api/state", LINK, 403),
        ("GET", "/api/watch", LINK, 403),
        ("GET", "/static/app.js", LINK, 403),
        ("GET", "//", LINK, 403),
    ],
)
def test_a_link_of_another_site_leads_to_the_page_and_nowhere_else(page, method, path, headers, status):
    assert exchange(page, request(page, method, path, "127.0.0.1:PORT", *headers))[0] == status


def test_a_link_does_not_help_a_foreign_name(page):
    assert exchange(page, request(page, "GET", "/", "evil.example:PORT", *LINK))[0] == 421


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/state", 200),
        ("HEAD", "/api/state", 200),
        ("HEAD", "/api/watch", 200),
        ("GET", "/nothing", 404),
        ("GET", "/api/state/", 404),
        ("GET", "/static/../cli.py", 404),
        ("GET", "/static/..%2fcli.py", 404),
        ("GET", "/static/%2e%2e/cli.py", 404),
        ("GET", "/static//etc/passwd", 404),
        ("GET", "/static/", 404),
        ("GET", "http://evil.example/api/state", 404),
        ("POST", "/api/state", 405),
        ("GET", "/api/recognize", 405),
        ("DELETE", "/", 405),
        ("OPTIONS", "/api/command", 405),
        ("TRACE", "/", 405),
        ("CONNECT", "/", 405),
    ],
)
def test_every_answer_has_the_headers(page, method, path, status):
    got, answer = exchange(page, request(page, method, path))
    assert got == status
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")[1:]
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    assert headers["content-security-policy"] == POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "camera=(self)" in headers["permissions-policy"]
    assert headers["cache-control"] == ("no-store" if path.startswith("/api") else "no-cache")
    assert "server" not in headers
    assert "access-control-allow-origin" not in headers
    if status >= 400:
        assert headers["content-type"] == "application/json"
        assert list(json.loads(body)) == ["error"]
    if status == 405:
        assert headers["allow"]


def test_the_files_of_the_page_have_types_that_a_browser_takes(client):
    files = [path for path in STATIC.rglob("*") if path.is_file()]
    for path in files:
        answer = client.get(f"/static/{path.relative_to(STATIC).as_posix()}")
        assert answer.status_code == 200
        assert answer.content == path.read_bytes()
        kind = mimetypes.guess_type(path.name)[0]
        assert answer.headers["content-type"].partition(";")[0] == kind.replace("application/j", "text/j")
    index = STATIC / "index.html"
    assert client.get("/").status_code == (200 if index.is_file() else 404)


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b'{"command": "pause"}', 503),  # right, but there is no run
        ("application/json; charset=utf-8", b'{"command":"resume"}', 503),
        ("text/plain", b'{"command": "pause"}', 415),
        ("", b'{"command": "pause"}', 415),
        ("application/json", b'{"command": "halt"}', 400),
        ("application/json", b'{"command": "pause", "and": 1}', 400),
        ("application/json", b'["pause"]', 400),
        ("application/json", b'{"command": ["pause"]}', 400),
        ("application/json", b'{"command"', 400),
        ("application/json", b"", 400),
        ("application/json", b"\xff\xfe", 400),
        ("application/json", b"[" * 999, 400),
        ("application/json", b"[" * 1001, 413),
    ],
)
def test_commands(client, kind, body, status):
    answer = client.post("/api/command", content=body, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]
