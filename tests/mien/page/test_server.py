"""Start and end of the page."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mien.page.cli import main
from tests.mien.page.test_watch import watching

ROOT = Path(__file__).resolve().parents[3]


def check_line(capsys, flags, code, *words):
    """Run a ``mien page`` that ends by itself, with one line."""
    assert main(["--no-browser", *map(str, flags)]) == code
    output, errors = capsys.readouterr()
    assert (output, errors.count("\n")) == ("", 1)
    assert [word for word in words if word not in errors] == []


@pytest.fixture
def browser(tmp_path):
    """Settings of a screen, and the file in which its browser writes what it has visited."""
    program, seen = tmp_path / "browser", tmp_path / "seen"
    program.write_text(
        f"#!{sys.executable}\nimport sys, urllib.request\nfrom pathlib import Path\n"
        "answer = urllib.request.urlopen(sys.argv[1] + 'api/state')\n"
        f"Path({str(tmp_path / 'part')!r}).write_text(f'{{sys.argv[1]}} {{answer.status}}')\n"
        f"Path({str(tmp_path / 'part')!r}).rename({str(seen)!r})\n"
    )
    program.chmod(0o755)
    return {"DISPLAY": ":9", "WAYLAND_DISPLAY": "", "BROWSER": str(program)}, seen


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_it_ends_at_once_with_open_streams_and_uploads(start_page, service, browser, portrait, number, code):
    service.start()
    screen, seen = browser
    page = start_page("--no-browser", "--socket", service.path, env=screen)
    head = b"POST /api/recognize?session=%d&kind=picture HTTP/1.1\r\n"
    head += b"Host: 127.0.0.1:%d\r\nContent-Length: %d\r\n\r\n"
    with page.client() as client, watching(page) as viewer, page.connect() as one, page.connect() as other:
        viewer.kinds("hello", "status")
        client.get("/api/state").raise_for_status()  # a connection that is kept alive
        one.sendall(head % (1, page.port, len(portrait)) + portrait[:1000])
        other.sendall(head % (2, page.port, len(portrait)) + portrait)
        with page.connect():
            got, errors, seconds = page.end(number)
    assert got == code
    assert [line for line in errors.splitlines() if "XNNPACK" not in line] == (
        ["error: interrupted"] if number == signal.SIGINT else []
    )
    assert seconds < 2  # on a machine that has more to do, too
    assert not seen.exists()


@pytest.mark.parametrize("display", [":9", ""])
def test_the_browser_opens_where_there_is_a_screen_when_the_page_answers(start_page, browser, display):
    screen, seen = browser
    page = start_page("--port", "0", env={**screen, "DISPLAY": display})
    deadline = time.monotonic() + (30 if display else 0.3)
    while not seen.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert (seen.read_text() if seen.exists() else "") == (f"{page.url} 200" if display else "")
    assert page.end()[1] == ""


def test_it_listens_on_this_machine_alone(page):
    table = [Path(f"/proc/{page.process.pid}/net/{name}").read_text() for name in ("tcp", "tcp6")]
    port = f":{page.port:04X}"
    local = [line.split()[1] for text in table for line in text.splitlines()[1:] if line.split()[3] == "0A"]
    assert [address for address in local if address.endswith(port)] == [f"0100007F{port}"]


def test_a_port_in_use_gives_one_line(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        check_line(capsys, ["--port", port], 1, str(port), "in use", "--port")


@pytest.mark.parametrize("port", ["-1", "65536", "x"])
def test_no_port(capsys, port):
    with pytest.raises(SystemExit) as end:
        main(["--port", port])
    assert end.value.code == 2
    assert "--port" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "words"),
    [(["--bundle", "nothing"], ("nothing", "everyday")), (["--socket", "/" + "a" * 200], ("107",))],
)
def test_wrong_settings_give_one_line(capsys, flags, words):
    check_line(capsys, ["--port", 0, *flags], 78, *words)


def test_packages_that_are_missing_give_one_line(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "mien.page.server", raising=False)
    monkeypatch.delattr("mien.page.server", raising=False)
    check_line(capsys, [], 1, "uvicorn", "pip install -r requirements-page.txt")


def test_a_bundle_of_ones_own(start_page):
    path = f"{ROOT}/edge/bundles/shipped/landmarks"
    with start_page("--no-browser", "--bundle", path).client() as client:
        state = client.get("/api/state").json()
        assert state["bundle"] == path
        assert {"name": path, "labels": state["labels"]} in state["bundles"]
        assert (
            client.post("/api/demo", params={"session": "a", "bundle": path}).json()["labels"]
            == state["labels"]
        )


def test_other_commands_do_not_load_its_packages():
    code = "import sys; sys.argv = ['mien', '--version']\nfrom mien.__main__ import main\nmain()\n"
    command = [sys.executable, "-c", code + "print(*sys.modules)"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {*result.stdout.split()}
    assert not loaded & {"uvicorn", "starlette", "h11", "anyio", "asyncio", "mien.page"}
