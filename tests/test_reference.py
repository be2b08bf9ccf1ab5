"""The figures of the README are those of the results in ``benchmarks/reference``."""

import json
from pathlib import Path

import pytest

from benchmarks.report import result_files
from benchmarks.robustness.corruption_error import REFERENCE, read_reference

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "benchmarks" / "reference" / "x86-64"


def load(name):
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


def accuracy():
    fer2013, everyday, landmarks, ferplus = (
        load(f"accuracy-{name}") for name in ("fer2013", "everyday", "landmarks", "ferplus")
    )
    tracked = load("accuracy-fer2013-tracked")
    yield f"**{100 * fer2013['accuracy']:.1f} %**"
    yield f"{fer2013['macro_f1']:.2f} / {fer2013['ece']:.3f} / {100 * fer2013['selective']['0.6']:.1f} %"
    yield f"{100 * everyday['accuracy']:.1f} / {100 * landmarks['accuracy']:.1f} %"
    yield f"{100 * fer2013['coverage']:.1f} %"
    yield f"{100 * tracked['accuracy']:.1f} %; {100 * tracked['coverage']:.1f} %"
    yield f"{100 * ferplus['accuracy']:.1f} %"


def other_origin():
    everyday, *others = (
        load(f"other-origin-{name}")["accuracy"] for name in ("everyday", "fer2013", "ferplus", "landmarks")
    )
    yield f"**{100 * everyday:.1f} %**"
    yield " / ".join(f"{100 * accuracy:.1f}" for accuracy in others) + " %"


def latency():
    result, turns = load("latency"), load("latency-against-landmarks")
    frame = result["frame_ms"]
    yield f"{frame['p50']:.2f} / {frame['p99']:.2f} ms"
    yield f"{result['frame_over_invoke_p50']:.2f} ×"
    yield f"{turns['frame_ms']['p50'] / turns['against']['frame_ms']['p50']:.2f} ×"
    turns = load("latency-everyday-against-landmarks")
    yield f"{turns['frame_ms']['p50'] / turns['against']['frame_ms']['p50']:.2f} ×"
    yield f"{result['cpu_ms_per_frame']:.2f} ms"
    yield f"{result['peak_rss_mb']:.0f} MB; {result['rss_growth_kb_per_1000_frames']:.0f} kB"
    yield f"{result['first_result_s']:.2f} s"


def peers():
    lines = {line["name"]: line for line in load("peers")["peers"]}
    for name in ("fer", "mediapipe"):
        yield f"{lines[name]['ratio']['p50']:.1f} ×"
    yield f"{lines['fer']['cpu_ms_per_frame'] / lines['fused']['cpu_ms_per_frame']:.0f} ×"
    scores = [lines[name]["scores"]["accuracy"] for name in ("fused", "fer")]
    yield f"{100 * scores[0]:.1f} / {100 * scores[1]:.1f} %"


def robustness():
    yield " / ".join(f"{load(f'robustness-{name}')['mce']:.0f}" for name in ("fer2013", "landmarks"))


@pytest.mark.parametrize("figures", [accuracy, other_origin, latency, peers, robustness])
def test_the_figures_in_the_readme_are_those_of_the_reference(figures):
    rows = [line for line in (ROOT / "README.md").read_text("utf-8").splitlines() if line.startswith("|")]
    for figure in figures():
        assert any(f"| {figure} |" in row for row in rows), figure


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
