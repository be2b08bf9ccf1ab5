"""The file that JSON lines are added to: whatever is in it, nothing of the user is lost."""

import gzip
import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from edge.core.errors import ConfigError
from edge.landmarks import assets
from edge.sinks.output_file import OutputFile, check

ROOT = Path(__file__).resolve().parents[3]
CASES = ROOT.parent / "shared" / "cases" / "jsonl-file"


def line() -> bytes:
    """The line that the documentation shows."""
    text = (ROOT / "docs" / "reference" / "jsonl.md").read_text("utf-8")
    return (text.partition("```json\n")[2].partition("\n")[0] + "\n").encode()


def add(path: Path, text: str = "new\n") -> None:
    """One line, as the sink would."""
    file = OutputFile(path)
    file.write(text)
    file.flush()
    file.close()


WHOLE = line() * 2


@pytest.mark.parametrize("length", range(1, len(line())))
def test_half_a_line_is_cut_wherever_it_ends(tmp_path, length):
    path = tmp_path / "out.jsonl"
    half = line()[:length]
    path.write_bytes(WHOLE + half)
    add(path)
    kept = half + b"\n" if half == line()[:-1] else b""  # whole, but for its end
    assert path.read_bytes() == WHOLE + kept + b"new\n"


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        (b"", b""),
        (b"\n", b"\n"),
        (WHOLE, WHOLE),
        (WHOLE + b"\n\n", WHOLE + b"\n\n"),
        (b"\xef\xbb\xbf" + line(), b"\xef\xbb\xbf" + line()),
        (line().replace(b"\n", b"\r\n"), line().replace(b"\n", b"\r\n")),
        (line()[:-1], line()),
        (line()[:40], b""),
        (WHOLE + bytes(4096), WHOLE),
        (WHOLE + line()[:40] + bytes(4096), WHOLE),
        (line()[:-1] + bytes(4096), line()),
        (b'{"schema":1,"frame":0,"faces":[]}', b'{"schema":1,"frame":0,"faces":[]}\n'),
        (b'{"schema":27,"frame":12345,"sour', b""),
        (line() * 5000 + line()[:50], line() * 5000),
        (b'{"note":1}\n' + line(), b'{"note":1}\n' + line()),
    ],
    ids=lambda content: f"{content[:20]!r}… {len(content)}" if isinstance(content, bytes) else None,
)
def test_what_the_program_left_is_gone_on_with(tmp_path, content, kept):
    path = tmp_path / "out.jsonl"
    path.write_bytes(content)
    add(path)
    assert path.read_bytes() == kept + b"new\n"


FOREIGN = {
    "one object": b'{"note": "my only results", "runs": [1,2,3]}',
    "one object with an end": b'{"note": "my only results"}\n',
    "lines of somebody else": b'{"a":1}\n{"a":2}\n',
    "lines of somebody else without an end": b'{"a":1}\n{"a":2}',
    "a schema of somebody else": b'{"schema":"https://json-schema.org/draft/2020-12/schema","frame":1}',
    "a frame of somebody else": b'{"schema":1,"frame":{"width":3}}',
    "the start of anything": b"{",
    "the start of any schema": b'{"schema":1',
    "an array": b"[1, 2]",
    "deep": b"[" * 100_000,
    "a number": b"17",
    "text": b"frames\n",
    "ours, then text": WHOLE + b"a note",
    "ours, then a whole line of text": WHOLE + b"a note\n",
    "bytes": bytes(range(256)) * 10,
    "zeros": bytes(4096),
    "a byte-order mark alone": b"\xef\xbb\xbf",
    "UTF-16": WHOLE.decode().encode("utf-16"),
    "gzip": gzip.compress(WHOLE),
    "one very long line": b"x" * 3_000_000,
}


@pytest.mark.parametrize("name", FOREIGN)
def test_what_somebody_else_wrote_is_refused_and_left_as_it_is(tmp_path, name):
    path = tmp_path / "out.jsonl"
    path.write_bytes(FOREIGN[name])
    os.utime(path, (1, 1))
    for refused in (check, OutputFile):
        with pytest.raises(ConfigError, match="holds something else") as caught:
            refused(path)
        assert "\n" not in str(caught.value)
    assert path.read_bytes() == FOREIGN[name]
    assert path.stat().st_mtime == 1
    assert os.listdir(tmp_path) == ["out.jsonl"]  # noqa: PTH208


def test_opening_changes_nothing_before_the_first_line(tmp_path):
    path = tmp_path / "out.jsonl"
    path.write_bytes(WHOLE + b'{"schema":1')
    os.utime(path, (1, 1))
    OutputFile(path).close()
    assert path.read_bytes() == WHOLE + b'{"schema":1'
    assert path.stat().st_mtime == 1


def test_a_check_makes_no_file(tmp_path):
    check(tmp_path / "out.jsonl")
    assert not list(tmp_path.iterdir())


def test_what_came_between_opening_and_the_first_line_is_not_cut(tmp_path):
    path = tmp_path / "out.jsonl"
    file = OutputFile(path)
    path.write_bytes(b"somebody else")
    with pytest.raises(ConfigError, match="holds something else"):
        file.write("new\n")
    file.close()
    assert path.read_bytes() == b"somebody else"


def test_only_the_first_line_looks_at_the_end(tmp_path):
    path = tmp_path / "out.jsonl"
    file = OutputFile(path)
    for text in ("one\n", "two\n"):
        file.write(text)
        file.flush()
    assert path.read_text() == "one\ntwo\n"
    file.close()


def test_a_link_is_followed(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there" / "out.jsonl")
    for _ in range(2):
        add(tmp_path / "link", line().decode())
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there" / "out.jsonl").read_bytes() == line() * 2


@pytest.mark.parametrize("name", ["/dev/null", "fifo"])
def test_what_is_no_file_is_only_written_to(tmp_path, name):
    if name == "fifo":
        name = str(tmp_path / "fifo")
        os.mkfifo(name)
        reader = os.open(name, os.O_RDONLY | os.O_NONBLOCK)
    check(Path(name))
    add(Path(name))
    if name != "/dev/null":
        assert os.read(reader, 100) == b"new\n"
        os.close(reader)
    assert not Path(name).is_file()


def test_a_folder_is_an_error(tmp_path):
    for refused in (check, OutputFile):
        with pytest.raises(IsADirectoryError):
            refused(tmp_path)


def test_a_disk_is_not_written_to(monkeypatch):
    disk = os.stat_result((stat.S_IFBLK | 0o660, *[0] * 9))
    monkeypatch.setattr(Path, "stat", lambda self, **_: disk)
    for refused in (check, OutputFile):
        with pytest.raises(ConfigError, match="/dev/sda1 is a disk"):
            refused(Path("/dev/sda1"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
@pytest.mark.parametrize("mode", [0o444, 0o222])
def test_a_file_that_is_closed_to_us_is_an_error(tmp_path, mode):
    path = tmp_path / "out.jsonl"
    path.write_bytes(WHOLE)
    path.chmod(mode)
    with pytest.raises(PermissionError):
        OutputFile(path)


# ---- as a user calls it ----


@pytest.fixture
def run(edge, portraits):
    """``mien run`` on a portrait, with more flags."""

    def run(*flags: object) -> "subprocess.CompletedProcess[str]":
        return edge("run", "--source", assets.find(assets.HOPPER), *flags)

    return run


@pytest.mark.parametrize("name", ["one object", "bytes", "lines of somebody else without an end"])
def test_the_command_refuses_it_in_one_line(run, edge, tmp_path, name):
    path = tmp_path / "mine"
    path.write_bytes(FOREIGN[name])
    for result in (
        run("--sink", "jsonl", "--jsonl-file", path),
        edge("check", "--source", "demo", "--sink", "jsonl", "--jsonl-file", path),
    ):
        assert result.returncode == 78
        assert result.stderr.splitlines()[-1].startswith(f"error: {path} ")
        assert "Traceback" not in result.stderr
    assert path.read_bytes() == FOREIGN[name]


def test_the_next_run_goes_on_with_what_the_last_one_left(run, tmp_path):
    path = tmp_path / "out.jsonl"
    for _ in range(2):
        assert run("--sink", "jsonl", "--jsonl-file", path).returncode == 0
    path.write_bytes(path.read_bytes()[:-30])
    assert run("--sink", "jsonl", "--jsonl-file", path).returncode == 0
    assert [json.loads(text)["frame"] for text in path.read_text().splitlines()] == [0, 0]


def test_a_run_that_fails_for_another_reason_has_changed_nothing(edge, tmp_path):
    path, picture = tmp_path / "out.jsonl", tmp_path / "broken.jpg"
    path.write_bytes(WHOLE + line()[:50])
    picture.write_bytes(b"\xff\xd8 no picture")
    result = edge("run", "--source", picture, "--sink", "jsonl", "--jsonl-file", path)
    assert result.returncode == 1
    assert path.read_bytes() == WHOLE + line()[:50]


def test_the_source_is_not_overwritten(edge, portraits, tmp_path):
    picture = tmp_path / "mine.jpg"
    shutil.copy(assets.find(assets.HOPPER), picture)
    result = edge("run", "--source", picture, "--sink", "jsonl", "--jsonl-file", picture)
    assert result.returncode == 78
    assert picture.read_bytes() == assets.find(assets.HOPPER).read_bytes()


def test_lines_may_go_to_the_standard_output_by_its_name(run):
    result = run("--sink", "jsonl", "--jsonl-file", "/dev/stdout")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["frame"] == 0


@pytest.mark.parametrize("name", ["results.json", "last-line-without-newline.jsonl", "my-photo.jpg"])
def test_files_that_people_have(run, tmp_path, name):
    if not CASES.is_dir():
        pytest.skip(f"needs the files in {CASES}, which are not part of the project")
    path = tmp_path / name
    before = (CASES / name).read_bytes()
    path.write_bytes(before)
    result = run("--sink", "jsonl", "--jsonl-file", path)
    assert path.read_bytes().startswith(before)
    if name.endswith(".jsonl"):
        assert [json.loads(text)["frame"] for text in path.read_text().splitlines()] == [0, 0]
    else:
        assert result.returncode == 78
        assert path.read_bytes() == before


def test_a_line_longer_than_a_write_survives_a_full_disk(tmp_path):
    """What a full disk leaves of a line is cut off by the next run, wherever it ended."""
    path = tmp_path / "out.jsonl"
    code = (
        "import resource, sys; from pathlib import Path; from edge.sinks.output_file import OutputFile\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "file = OutputFile(Path(sys.argv[1])); text = sys.stdin.read()\n"
        "try:\n    while True: file.write(text); file.flush()\n"
        "except OSError: sys.exit(3)"
    )
    command = [sys.executable, "-c", code, str(path)]
    result = subprocess.run(command, input=line(), cwd=ROOT, check=False)
    assert result.returncode == 3
    assert path.stat().st_size == 1000
    add(path)
    whole = 1000 // len(line())
    assert path.read_bytes() == line() * whole + b"new\n"


def test_a_place_that_is_not_there_is_seen_before_the_first_line(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"):
        check(tmp_path / "absent" / "out.jsonl")
    check(tmp_path / "out.jsonl")
