"""``mien timeline`` to a table, and what it makes of files that are not as they should be."""

import csv
import json
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from edge.core.text import escaped
from mien.timeline.table import write_table
from tests.mien.timeline.conftest import LABELS, clip, face, record, write

ROOT = Path(__file__).resolve().parents[3]
MEASURES = "presence x y width height yaw pitch roll ms".split()


def read(path):
    return list(csv.DictReader(path.read_text("utf-8").splitlines()))


def test_the_records_here_are_as_documented():
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((ROOT / "docs" / "reference" / "record.schema.json").read_text())
    for each in (*clip(12)[::4], record(3, face(), time=5.5)):
        jsonschema.validate(each, schema)


def test_a_row_for_each_face_of_each_frame(timeline, tmp_path):
    records = write(tmp_path / "in.jsonl", *clip(), record(60))
    code, out, errors = timeline(records, "--out", tmp_path / "out.csv")
    assert (code, errors) == (0, "")
    rows = read(tmp_path / "out.csv")
    assert out.startswith(f"{len(rows)} rows: ")
    first = "position_s frame source face label status reasons".split()
    assert list(rows[0]) == [*first, *(f"p_{label}" for label in LABELS), *MEASURES]
    assert len(rows) == 60 + 27
    (row,) = [row for row in rows if (row["frame"], row["face"]) == ("40", "0")]
    assert (row["position_s"], row["source"], row["label"]) == ("1.6", "a.mp4", "sad")
    assert (row["status"], row["reasons"]) == ("low_confidence", "unsure;turned")
    assert (row["p_sad"], row["p_happy"], row["x"], row["height"]) == ("0.7", "0.05", "100.0", "151.7")
    assert (row["yaw"], row["pitch"], row["roll"], row["ms"]) == ("-3.1", "5.2", "0.4", "1.4")
    assert {row["face"] for row in rows} == {"0", "1", "2", "3"}


def test_pandas_reads_it(timeline, tmp_path):
    pandas = pytest.importorskip("pandas")
    write(tmp_path / "in.jsonl", *clip())
    timeline(tmp_path / "in.jsonl", "--out", tmp_path / "out.csv")
    table = pandas.read_csv(tmp_path / "out.csv")
    assert table.groupby("label")["p_happy"].mean()["happy"] == pytest.approx(0.7)
    assert table["position_s"].dtype == float


def test_live_and_file_records_of_several_bundles(timeline, tmp_path):
    """All columns are there, even those that only the last records have."""
    own = face(4, "smirk", labels=("smirk", "none"))
    records = write(
        tmp_path / "in.jsonl",
        {"schema": 2, "hello": {"device": "d", "labels": []}},
        {"schema": 2, "time": 1.0, "status": {"fps": 3.0}},
        record(0, face()),
        record(0, own, source="camera:0", time=1767225600.123),
    )
    assert timeline(records, "--out", tmp_path / "out.csv")[0] == 0
    file, live = read(tmp_path / "out.csv")
    assert list(file)[:3] == ["position_s", "time", "frame"]
    assert (file["position_s"], file["time"]) == ("0.0", "")
    assert (live["position_s"], live["time"]) == ("", "1767225600.123")
    assert (file["p_smirk"], live["p_smirk"], live["p_happy"], file["p_happy"]) == ("", "0.7", "", "0.7")


def test_schema_1(timeline, tmp_path):
    old = face()
    for key in ("reasons", "pose"):
        del old[key]
    line = record(3, old, time=7.25) | {"schema": 1}
    del line["size"], line["source"]
    write(tmp_path / "in.jsonl", line)
    assert timeline(tmp_path / "in.jsonl", "--out", tmp_path / "out.csv")[0] == 0
    (row,) = read(tmp_path / "out.csv")
    assert (row["time"], row["label"], row["yaw"], row["reasons"], row["source"]) == (
        "7.25",
        "happy",
        "",
        "",
        "",
    )
    for form in ("html", "png"):
        assert timeline(tmp_path / "in.jsonl", "--out", tmp_path / f"out.{form}")[0] == 0


def test_a_source_that_is_not_utf_8(timeline, tmp_path):
    write(tmp_path / "in.jsonl", record(0, face(), source='\udce9,\n"x".mp4'))
    assert timeline(tmp_path / "in.jsonl", "--out", tmp_path / "out.csv")[0] == 0
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["source"] == '\\udce9,\n"x".mp4'


@pytest.mark.parametrize("tail", [b'{"schema":2,"fra', b"\0\0\0", "{é".encode()[:-1]])
@pytest.mark.parametrize("form", ["csv", "html"])
def test_a_last_line_that_is_unfinished_is_left_out(timeline, tmp_path, caplog, tail, form):
    path = write(tmp_path / "in.jsonl", record(0, face()))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes() + tail)
    assert timeline(path, "--out", tmp_path / f"out.{form}")[0] == 0
    assert [line for line in caplog.messages if "line 2 is unfinished" in line] == caplog.messages != []


def test_a_last_line_that_lacks_its_newline_is_taken(timeline, tmp_path):
    path = write(tmp_path / "in.jsonl", record(0, face()), record(1, face()))
    path.write_bytes(b"\n" + path.read_bytes().rstrip())
    timeline(path, "--out", tmp_path / "out.csv")
    assert len(read(tmp_path / "out.csv")) == 2


def without(value, *path):
    """A record without one field."""
    *parents, key = path
    inner = value
    for parent in parents:
        inner = inner[parent]
    del inner[key]
    return value


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"happy\n", ["no JSON"]),
        (b"\xff\xd8\xff\n", ["line 2"]),
        (b"[" * 100_000 + b"\n", ["no JSON"]),
        (b"[]\n", ["JSON list"]),
        (b"7\n", ["JSON int"]),
        (b'{"accuracy": 1}\n', ["without 'schema'"]),
        (json.dumps(record() | {"schema": 3}), ["schema 3", "newer"]),
        (json.dumps(record() | {"schema": True}), ["without 'schema'"]),
        (json.dumps(without(record(), "faces")), ["without 'faces'"]),
        (json.dumps(record() | {"faces": 3}), ["'faces'"]),
        (json.dumps(record() | {"faces": [3]}), ["no object"]),
        (json.dumps(without(record(), "frame")), ["'frame'"]),
        (json.dumps(record() | {"frame": 1.5}), ["'frame'"]),
        (json.dumps(without(record(), "position_s")), ["'time'"]),
        (json.dumps(record() | {"position_s": "0"}), ["'position_s'"]),
        (json.dumps(record() | {"position_s": float("nan")}), ["NaN"]),
        (json.dumps(record() | {"position_s": 10**400}), ["'position_s'"]),
        (json.dumps(record() | {"ms": {}}), ["'total'"]),
        (json.dumps(record(0, time=-1.0)), ["negative"]),
        (json.dumps(record(0, face(label=3))), ["'label'"]),
        (json.dumps(record(0, face(label="absent"))), ["'label' has no probability"]),
        (json.dumps(record(0, face(box=[1, 2, 3]))), ["'box'"]),
        (json.dumps(record(0, face(box=[1, 2, 3, None]))), ["'box'"]),
        (json.dumps(record(0, face(reasons=3))), ["'reasons'"]),
        (json.dumps(record(0, face(reasons=[3]))), ["'reasons'"]),
        (json.dumps(record(0, face(pose={"yaw": 1}))), ["'pitch'"]),
        (json.dumps(record(0, face(probabilities=[1]))), ["'probabilities'"]),
        (json.dumps(record(0, face(probabilities={"happy": "1"}))), ["'probabilities'"]),
        (json.dumps(record(0, face(presence=float("inf")))), ["Infinity"]),
        (b" " * 1_000_001 + b"\n", ["longer than"]),
    ],
)
def test_garbage_is_one_error_with_its_line(timeline, tmp_path, line, words):
    good = json.dumps(record(0, face())).encode()
    bad = line.encode() + b"\n" if isinstance(line, str) else line
    (tmp_path / "in.jsonl").write_bytes(good + b"\n" + bad + good + b"\n")
    code, out, errors = timeline(tmp_path / "in.jsonl", "--out", tmp_path / "out.csv")
    assert (code, out, errors.count("\n")) == (1, "", 1)
    assert [word for word in ("error: ", "in.jsonl, line 2", *words) if word not in errors] == []
    assert len(errors) < 400
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("form", ["csv", "html", "png"])
def test_a_file_without_records(timeline, tmp_path, form):
    (tmp_path / "in.jsonl").touch()
    code, _, errors = timeline(tmp_path / "in.jsonl", "--out", tmp_path / f"out.{form}")
    assert (code, errors.count("\n")) == (1, 1)
    assert "no records" in errors
    code, _, errors = timeline(tmp_path / "absent.jsonl", "--out", tmp_path / f"out.{form}")
    assert (code, errors) == (
        1,
        f"error: No such file or directory ({escaped(str(tmp_path))}/absent.jsonl)\n",
    )


def test_another_json_file(timeline, tmp_path):
    (tmp_path / "in.json").write_text('{"accuracy": 1}')
    code, _, errors = timeline(tmp_path / "in.json", "--out", tmp_path / "out.csv")
    assert (code, errors.count("\n"), "line 1: expected a record of mien run" in errors) == (1, 1, True)


def test_a_folder_instead_of_a_file(timeline, tmp_path):
    code, _, errors = timeline(tmp_path, "--out", tmp_path / "out.csv")
    assert (code, errors.count("\n"), "is no file" in errors) == (1, 1, True)


def test_out_that_is_there_or_of_another_form(timeline, tmp_path):
    path = write(tmp_path / "in.csv", record(0, face()))
    code, _, errors = timeline(path, "--out", path, "--overwrite")
    assert (code, "input itself" in errors) == (1, True)
    (tmp_path / "out.csv").write_text("mine")
    code, _, errors = timeline(path, "--out", tmp_path / "out.csv")
    assert (code, "--overwrite" in errors) == (1, True)
    assert (tmp_path / "out.csv").read_text() == "mine"
    assert timeline(path, "--out", tmp_path / "out.csv", "--overwrite")[0] == 0
    code, _, errors = timeline(path, "--out", tmp_path / "out.pdf")
    assert (code, ".html, .png, .csv" in errors) == (2, True)
    assert timeline(path, "--out", os.devnull + "/out.csv")[0] == 1


@pytest.mark.parametrize("form", ["csv", "html", "png"])
def test_a_full_disk(timeline, tmp_path, full_disk, form):
    path = write(tmp_path / "in.jsonl", *clip())
    with full_disk(1000):
        code, _, errors = timeline(path, "--out", tmp_path / f"out.{form}")
    assert (code, errors.count("\n")) == (1, 1)
    assert [each.name for each in tmp_path.iterdir()] == ["in.jsonl"]


def test_memory_does_not_grow_with_the_file(tmp_path):
    sizes, peaks = [], []
    for copies in (1, 8):
        path = write(tmp_path / "in.jsonl", *clip(300) * copies)
        sizes.append(path.stat().st_size)
        tracemalloc.start()
        write_table(path, tmp_path / "out.csv")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < (sizes[1] - sizes[0]) / 10


def test_a_table_needs_no_package_of_the_desktop(tmp_path):
    """As a user calls it, on a device."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nsys.modules.update(dict.fromkeys(('matplotlib', 'jinja2', 'tqdm', 'pandas')))"
    )
    write(tmp_path / "in.jsonl", record(0, face()))
    command = [sys.executable, "-m", "mien", "timeline", "in.jsonl", "--out", "out.csv"]
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    result = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "1 row: out.csv\n", "")
    assert len(read(tmp_path / "out.csv")) == 1
