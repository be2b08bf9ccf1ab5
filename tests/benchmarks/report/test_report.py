"""``mien benchmark report``: a page and Markdown of synthetic results of each kind."""

import json
import os
import sys

import pytest

from benchmarks.accuracy.chance import wilson
from benchmarks.cli.main import main
from benchmarks.report import report, result_files
from edge.core.errors import DataError
from tests.benchmarks import made_up
from tests.pages import Page

pytest.importorskip("jinja2")
pytest.importorskip("matplotlib")

NASTY = "<script>alert('&\"')</script>|`*"
NAMES = {*made_up.LABELS, "gaussian_noise", "jitter", "everyday", "numpy"}
"""Keys that are not ours."""


@pytest.fixture
def make(tmp_path, capsys):
    """Write results as files, run ``report``, and give the exit code and the two texts."""

    def run(*results):
        files = []
        for number, result in enumerate(results):
            files.append(tmp_path / f"{number}.json")
            files[-1].write_text(json.dumps(result))
        out = tmp_path / "a" / "out"
        code = main(["report", *map(str, files), "--out", str(out)])
        assert sorted(path.name for path in out.iterdir()) == ["report.html", "report.md"]
        return code, (out / "report.html").read_text("utf-8"), (out / "report.md").read_text("utf-8")

    return run


@pytest.mark.parametrize("kind", made_up.ALL)
def test_each_kind_alone_is_a_whole_page(make, kind):
    code, text, plain = make(made_up.ALL[kind]())
    page = Page(text)
    assert code == 0
    assert page.plots
    assert plain.startswith("# Mien benchmarks\n")


def test_all_kinds_together(make):
    code, text, plain = make(*(make_one() for make_one in made_up.ALL.values()))
    page = Page(text)
    assert code == 0
    assert len(page.plots) >= 6
    for figure in ("4.00 ms", "79.7 %", "50.0 %", "81.5", "gaussian noise", "1.60 ×", "not installed"):
        assert figure in page.text, figure
    for figure in ("4.00 ms", "79.7 %", "50.0 %", "81.5", "gaussian\\_noise", "1.60 ×", "not installed"):
        assert figure in plain, figure
    sections = ["Overview", "Latency", "Matrix", "Accuracy", "Robustness", "Environment"]
    assert [name.split(":")[0] for level, name in page.headings if level == 2] == sections
    lines = [f"{'#' * level} {name}" for level, name in page.headings]
    assert [line for line in plain.splitlines() if line.startswith("#")] == lines


def test_every_word_of_a_result_is_escaped(make):
    results = [hostile(make_one()) for make_one in made_up.ALL.values()]
    _, text, plain = make(*results)
    assert NASTY in Page(text).text
    assert "<" not in plain.replace("\\<", "")


def hostile(value, key=""):
    """The same with markup in every string but those that the report looks up."""
    if isinstance(value, dict):
        return {
            f"{name}{NASTY}" if name in NAMES else name: hostile(inner, name) for name, inner in value.items()
        }
    if isinstance(value, list):
        return [hostile(inner, key) for inner in value] or [NASTY] * (key == "warnings")
    return value + NASTY if isinstance(value, str) and key != "kind" else value


def test_unreliable_timings_are_marked_before_any_figure(make):
    result = made_up.latency() | {"warnings": ["other processes used 1.15 cores"]}
    _, text, plain = make(result, made_up.robustness() | {"warnings": ["no mCE"]})
    for document in (text, plain):
        assert document.index("Unreliable") < document.index("1.15 cores") < document.index("4.00 ms")
        assert document.index("Warnings") < document.index("no mCE")
    assert (
        "Unreliable" not in make(made_up.latency(), made_up.accuracy() | {"warnings": ["unknown class"]})[1]
    )


def test_what_is_missing_in_a_result_is_a_dash(make):
    result = made_up.latency()
    empty = ("landmark_invoke_ms", "frame_over_invoke_p50", "drift_p50", "age_ms", "peak_rss_mb")
    result |= dict.fromkeys((*empty, "start_rss_mb", "end_rss_mb", "rss_growth_kb_per_1000_frames"))
    result["p99_over_p50"] = {"frame": 2.0, "invoke": None, "frame_over_invoke": None}
    accuracy = made_up.accuracy() | {"accuracy_found": None, "ece": None, "reliability": []}
    bare = made_up.robustness() | {"mce": None, "relative_mce": None, "reference": None, "ce": {}}
    code, text, _ = make(result, accuracy, bare | {"mean_accuracy": None})
    assert code == 0
    assert len(Page(text).plots) == 4
    assert "no reference" in text


def _titles(text):
    return [title for level, title in Page(text).headings if level == 2][1:-1]


def test_runs_in_another_mode_and_systems_of_others_are_distinguished(make):
    modes = {"tracked": True}, {"assume_face": True}, {"landmarks": "mediapipe"}
    other = made_up.robustness() | {"system": "fer"}
    del other["bundle"], other["landmarks"]
    _, text, _ = make(made_up.accuracy(), *(made_up.accuracy() | mode for mode in modes), other)
    assert [title.replace(" on fer2013.csv PublicTest", "") for title in _titles(text)] == [
        *(f"Accuracy: everyday{mode}" for mode in ("", ", tracked", ", face assumed", ", mediapipe")),
        "Robustness: fer, 3 classes",
    ]


@pytest.mark.parametrize("kind", made_up.ALL)
def test_runs_of_the_same_configuration_have_titles_of_their_own(make, kind):
    first, *others = (made_up.ALL[kind]() for _ in range(4))
    for other, facts in zip(others, ({"python": "3.13.1"}, {"cpu": "Cortex-A72"}, {}), strict=True):
        made_up.change_environment(other, facts)
    _, text, plain = make(first, *others)
    titles = _titles(text)
    assert "python 3.13.1" in titles[1]
    assert "cpu Cortex-A72" in titles[2]
    assert titles[0].endswith("0.json")
    assert titles[3].endswith("3.json")
    assert all(title in plain.replace("\\", "") for title in titles)


def test_a_second_pipeline_is_shown(make):
    theirs = {"backend": "mediapipe", "bundle": {"name": "landmarks"}, "frame_ms": made_up.times(9.0)}
    result = made_up.latency() | {"against": {**theirs, "ratio_p50": 2.25}}
    _, text, plain = make(result)
    for document in (text, plain):
        assert "in turn with mediapipe landmarks" in document
        assert "2.25 ×" in document


def _without_words(matrix):
    """The reason why a configuration did not run is a number."""
    lines = [line | {"reason": 0 if line["reason"] else None} for line in matrix["configurations"]]
    return json.dumps(matrix | {"configurations": lines})


def _nested(result, levels):
    """One of the facts about the environment is objects within each other."""
    fact = '{"a": ' * levels + "1" + "}" * levels
    environment = result["environment"] | {"governor": "HERE"}
    return json.dumps(result | {"environment": environment}).replace('"HERE"', fact)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not a result"),
        ("[]", "is not a result"),
        ('{"kind": "latency", "schema": NaN}', "NaN"),
        ('{"kind": "speed", "schema": 1}', "of the kind 'speed': expected one of latency, matrix"),
        ('{"kind": "latency", "schema": 1}', "has schema 1 of latency: expected 2"),
        ('{"kind": "latency", "schema": 2}', "is not a complete result of latency"),
        (json.dumps(made_up.latency() | {"frame_ms": 3}), "is not a complete result of latency"),
        ("[" * 100_000, "is not a result"),
        (json.dumps(made_up.latency() | {"environment": 3}), "is not a complete result of latency"),
        (json.dumps(made_up.matrix() | {"environments": [None]}), "is not a complete result of matrix"),
        (_without_words(made_up.matrix()), "is not a complete result of matrix"),
        (json.dumps(made_up.robustness() | {"clean": None}), "is not a complete result of robustness"),
        (json.dumps(made_up.robustness() | {"reference": 3}), "is not a complete result of robustness"),
        (_nested(made_up.accuracy(), 450), "is not a result (more than 50 levels of nesting)"),
    ],
)
def test_what_is_no_result_is_one_line(tmp_path, refused, text, message):
    file = tmp_path / "result.json"
    file.write_text(text)
    refused(1, message, "report", file, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_result_that_does_not_say_where_it_was_measured_is_refused_when_read(tmp_path):
    file = tmp_path / "result.json"
    file.write_text(json.dumps(made_up.robustness() | {"environment": 3}))
    with pytest.raises(DataError, match="is not a complete result of robustness"):
        result_files.read([file])


def test_names_that_are_not_utf_8_are_escaped(tmp_path):
    matrix = made_up.matrix()
    for line in matrix["configurations"]:
        line["bundle"] = os.fsdecode(b"f\xe9tes")
    file = tmp_path / "result.json"
    file.write_text(json.dumps(matrix))
    report.write(result_files.read([file]), tmp_path)
    for name in ("report.html", "report.md"):
        assert r"f\udce9tes" in (tmp_path / name).read_text("utf-8").replace(r"\\udce9", r"\udce9")
    assert r"f\udce9tes" in Page((tmp_path / "report.html").read_text("utf-8")).plots[0]


def test_what_was_not_measured_is_named_in_a_report_without_results(tmp_path):
    report.write([], tmp_path, missing=["matrix: it fell over"])
    assert "it fell over" in (tmp_path / "report.md").read_text("utf-8")
    Page((tmp_path / "report.html").read_text("utf-8"))


@pytest.mark.parametrize("package", ["jinja2", "matplotlib"])
def test_without_the_packages_of_the_page_there_is_markdown_and_a_line_that_names_them(
    tmp_path, monkeypatch, capsys, package
):
    (tmp_path / "latency.json").write_text(json.dumps(made_up.latency()))
    command = ["report", str(tmp_path / "latency.json"), "--out", str(tmp_path / "out")]
    assert main(command) == 0
    capsys.readouterr()
    monkeypatch.setitem(sys.modules, package, None)
    assert main(command) == 0
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1
    assert all(word in printed.err for word in ("report.html", package, "requirements-train.txt"))
    assert printed.out == f"{tmp_path / 'out' / 'report.md'}\n"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["report.md"]  # no page of older figures


def test_a_result_whose_values_cannot_be_drawn_is_named(tmp_path, refused):
    result = made_up.latency()
    result["frame_ms"]["p50"] = result["stages_ms"]["landmarks"]["p50"] = 1234.5
    file = tmp_path / "result.json"
    file.write_text(json.dumps(result).replace("1234.5", "1e999"))
    message = f"{file} is not a complete result of latency"
    refused(1, message, "report", file, "--out", tmp_path / "out")


def test_the_interval_of_a_share():
    # Newcombe, 1998, Stat. Med. 17, table I: 81 of 263.
    assert wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0.0, 20)[0] == 0.0


@pytest.mark.parametrize("name", ["report.html", "report.md"])
def test_only_its_own_report_is_replaced(tmp_path, refused, name):
    file, out = tmp_path / "latency.json", tmp_path / "out"
    file.write_text(json.dumps(made_up.latency()))
    command = ["report", str(file), "--out", str(out)]
    for _ in range(2):
        assert main(command) == 0
    for old in out.iterdir():
        old.unlink()
    (out / name).write_text("my thesis")
    refused(1, f"{name} was not written by this program", *command)
    assert [path.name for path in out.iterdir()] == [name]
    assert (out / name).read_text() == "my thesis"
