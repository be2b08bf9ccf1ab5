"""The figures of the documents are those of the results in ``benchmarks/reference``."""

import json
import re
from pathlib import Path

import pytest

from benchmarks.report import result_files
from benchmarks.robustness.corruption_error import REFERENCE, read_reference

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "benchmarks" / "reference" / "x86-64"


def load(name):
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


def percent(ratio):
    return f"{100 * ratio:.1f} %"


def p50_ratio(result):
    return f"{result['frame_ms']['p50'] / result['against']['frame_ms']['p50']:.2f} ×"


def cells(page):
    """The cells of each row of a page's tables, without emphasis and comments."""
    text = re.sub(r"\*\*|<!--.*?-->", "", (ROOT / page).read_text("utf-8"))
    return [[cell.strip() for cell in line.split("|")] for line in text.splitlines() if line.startswith("|")]


def readme():
    turns = load("latency-everyday-against-landmarks")
    yield f"{turns['frame_ms']['p50']:.2f} / {turns['frame_ms']['p99']:.2f} ms"
    yield f"{turns['first_result_s']:.2f} s"
    yield memory("latency-everyday").partition(";")[0]


def memory(name):
    result = load(name)
    return f"{result['peak_rss_mb']:.0f} MB; {result['rss_growth_kb_per_1000_frames']:.0f} kB"


def figures():
    turns = load("latency-everyday-against-landmarks")
    for frame in (turns["frame_ms"], turns["against"]["frame_ms"]):
        yield f"{frame['p50']:.2f} / {frame['p99']:.2f} ms"
    for bundle in ("everyday", "fer2013", "ferplus"):
        yield p50_ratio(load(f"latency-{bundle}-against-landmarks"))
    yield memory("latency-everyday")
    yield f"{turns['first_result_s']:.2f} s"
    yield f"{turns['install_mb']['total']:.0f} MB"
    yield " / ".join(
        f"{load(f'robustness-{name}')['mce']:.0f}" for name in ("fer2013", "everyday", "landmarks")
    )
    result = load("latency")
    yield f"{result['frame_ms']['p50']:.2f} / {result['frame_ms']['p99']:.2f} ms"
    yield f"{result['frame_over_invoke_p50']:.2f} ×"
    yield p50_ratio(load("latency-against-landmarks"))
    yield f"{result['cpu_ms_per_frame']:.2f} ms"
    yield memory("latency")
    yield f"{result['first_result_s']:.2f} s"
    lines = {line["name"]: line for line in load("peers")["peers"]}
    for name in ("fer", "mediapipe"):
        yield f"{lines[name]['ratio']['p50']:.1f} ×"
    yield f"{lines['fer']['cpu_ms_per_frame'] / lines['fused']['cpu_ms_per_frame']:.0f} ×"
    yield " / ".join(f"{100 * lines[name]['scores']['accuracy']:.1f}" for name in ("fused", "fer")) + " %"


@pytest.mark.parametrize(
    ("page", "expected"), [("README.md", readme), ("docs/reference/figures.md", figures)]
)
def test_figures_in_tables_are_those_of_the_reference(page, expected):
    found = {cell for row in cells(page) for cell in row}
    assert {*expected()} <= found


@pytest.mark.parametrize("bundle", ["everyday", "fer2013"])
def test_the_readme_has_the_errors_on_damaged_pictures(bundle):
    ratio = f"{load(f'robustness-{bundle}')['mce'] / 100:.2f} times"
    text = " ".join((ROOT / "README.md").read_text("utf-8").split())
    assert re.search(rf"`{bundle}`[^`.]* {ratio}", text)


@pytest.mark.parametrize("bundle", ["everyday", "fer2013", "ferplus", "landmarks"])
def test_the_bundles_in_the_readme_are_as_accurate_as_measured(bundle):
    (row,) = (row for row in cells("README.md") if row[1].startswith(f"`{bundle}`"))
    assert row[4].startswith(percent(load(f"accuracy-{bundle}")["accuracy"]))
    assert row[5] == percent(load(f"other-origin-{bundle}")["accuracy"])
    turns = load(f"latency-{'everyday' if bundle == 'landmarks' else bundle}-against-landmarks")
    frame = turns["against"]["frame_ms"] if bundle == "landmarks" else turns["frame_ms"]
    assert row[6] == f"{frame['p50']:.2f}"
    folder = ROOT / "edge" / "bundles" / "shipped" / bundle
    assert row[7] == f"{sum(path.stat().st_size for path in folder.iterdir()) / 1e6:.2f}"


@pytest.mark.parametrize("bundle", ["everyday", "fer2013", "ferplus", "landmarks"])
def test_the_model_card_has_the_reference_accuracy(bundle):
    rows = [row for row in cells("docs/reference/model-card.md") if len(row) == 7]
    (header,) = (row for row in rows if row[1] == "figure")
    by_name = {row[1]: row[header.index(f"`{bundle}`")] for row in rows}
    result, tracked = load(f"accuracy-{bundle}"), load(f"accuracy-{bundle}-tracked")
    assert by_name["accuracy, misses wrong"] == percent(result["accuracy"])
    assert by_name["faces found"] == percent(result["coverage"])
    assert by_name["macro F1"] == f"{result['macro_f1']:.3f}"
    assert by_name["ECE (15 bins, top label, found faces)"] == f"{result['ece']:.3f}"
    (most_confident,) = (cell for name, cell in by_name.items() if name.endswith("confident of all pictures"))
    assert most_confident == percent(result["selective"]["0.6"])
    (one_pass,) = (cell for name, cell in by_name.items() if "tracked frame" in name)
    assert one_pass == f"{percent(tracked['accuracy'])} / {percent(tracked['coverage'])}"


def test_the_results_can_be_reported_and_say_where_they_were_measured():
    paths = sorted(FOLDER.glob("*.json"))
    assert len(result_files.read(paths)) == len(paths) > 5
    for path in paths:
        result = json.loads(path.read_text("utf-8"))
        environment = result.get("environment") or result["environments"][0]
        assert environment["cpu"]
        assert result["command"].startswith(
            ("mien benchmark ", "python -m benchmarks ")
        )  # up to 0.5 the second


def test_the_reference_of_the_mce_is_fer():
    reference = read_reference(REFERENCE)
    assert reference["system"].startswith("fer ")
    assert len(reference["corruptions"]) == 20
