"""``mien benchmark report``: a page and Markdown of made-up results of each kind."""

import json
import os
import re
from html import unescape
from html.parser import HTMLParser

import pytest

from benchmarks import report
from benchmarks.accuracy.chance import wilson
from benchmarks.cli.main import main
from benchmarks.report import result_files
from benchmarks.report.page import Heading, Plot, Table, html, markdown
from benchmarks.report.svg import Scale
from edge.core.errors import DataError
from tests.benchmarks import made_up

VOID = {"meta", "br", "line", "rect", "circle", "polyline", "polygon"}
NASTY = "<script>alert('&\"')</script>|`*"
NAMES = {*made_up.LABELS, "gaussian_noise", "jitter", "everyday", "numpy"}
"""Keys that are not ours."""


class Page(HTMLParser):
    """Reads a page strictly: every element is closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.drawings: list[dict[str, str | None]] = []
        self.titles = 0
        self.words: list[str] = []
        self.tags: set[str] = set()
        self.language: str | None = None
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.tags.add(tag)
        assert not {"src", "srcset", "onclick", "onload"} & set(values)
        self.ids += [values["id"]] if "id" in values else []
        self.links += [values["href"]] if "href" in values else []
        self.language = values.get("lang", self.language)
        if tag == "svg":
            self.drawings.append(values)
        self.titles += tag == "title" and self.open[-1] == "svg"
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        assert tag in VOID

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)


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
    assert page.drawings
    assert plain.startswith("# Mien benchmarks\n")


def test_all_kinds_together(make):
    code, text, plain = make(*(make_one() for make_one in made_up.ALL.values()))
    page = Page(text)
    assert code == 0
    assert page.language == "en"
    assert page.tags & {"script", "link", "img", "iframe", "object", "base"} == set()
    assert not re.search(r"https?:|url\(|@import|//[a-z]", text)
    assert len(set(page.ids)) == len(page.ids)
    assert page.links
    assert all(link.removeprefix("#") in page.ids for link in page.links)
    assert page.titles == len(page.drawings) >= 6
    assert all(drawing["role"] == "img" and drawing["aria-label"] for drawing in page.drawings)
    words = " ".join(page.words)
    for figure in ("4.00 ms", "79.7 %", "50.0 %", "81.5", "gaussian noise", "1.60 ×", "not installed"):
        assert figure in words, figure
    for figure in ("4.00 ms", "79.7 %", "50.0 %", "81.5", "gaussian\\_noise", "1.60 ×", "not installed"):
        assert figure in plain, figure
    headings = re.findall(r"<h2[^>]*>([^<]*)", text)
    assert [name.split(":")[0] for name in headings] == [
        "Overview",
        *("Latency", "Matrix", "Accuracy", "Robustness"),
        "Environment",
    ]
    assert re.findall(r"^## (.*)", plain, re.M) == headings


def test_every_word_of_a_result_is_escaped(make):
    results = [spoiled(make_one()) for make_one in made_up.ALL.values()]
    _, text, plain = make(*results)
    page = Page(text)
    assert "script" not in page.tags
    assert NASTY in " ".join(page.words)
    assert not re.search(r"(?<!\\)[<|`]script|(?<!\\)<", plain)


def spoiled(value, key=""):
    """The same with markup in every string but those that the report looks up."""
    if isinstance(value, dict):
        return {
            f"{name}{NASTY}" if name in NAMES else name: spoiled(inner, name) for name, inner in value.items()
        }
    if isinstance(value, list):
        return [spoiled(inner, key) for inner in value] or [NASTY] * (key == "warnings")
    return value + NASTY if isinstance(value, str) and key != "kind" else value


def test_a_spoiled_run_is_marked_before_any_figure(make):
    result = made_up.latency() | {"warnings": ["other processes used 1.15 cores"]}
    _, text, plain = make(result, made_up.robustness() | {"warnings": ["no mCE"]})
    for document in (text, plain):
        assert document.index("Spoiled") < document.index("1.15 cores") < document.index("4.00 ms")
        assert document.index("To be known") < document.index("no mCE")
    assert "Spoiled" not in make(made_up.latency(), made_up.accuracy() | {"warnings": ["unknown class"]})[1]


def test_what_is_missing_in_a_result_is_a_dash(make):
    result = made_up.latency()
    empty = ("landmark_invoke_ms", "frame_over_invoke_p50", "drift_p50", "age_ms", "peak_rss_mb")
    result |= dict.fromkeys((*empty, "start_rss_mb", "end_rss_mb", "rss_growth_kb_per_1000_frames"))
    result["p99_over_p50"] = {"frame": 2.0, "invoke": None, "frame_over_invoke": None}
    accuracy = made_up.accuracy() | {"accuracy_found": None, "ece": None, "reliability": []}
    bare = made_up.robustness() | {"mce": None, "relative_mce": None, "reference": None, "ce": {}}
    code, text, _ = make(result, accuracy, bare | {"mean_accuracy": None})
    assert code == 0
    assert "Reliability:" not in text
    assert "no reference" in text


def test_a_system_that_is_not_ours_is_shown(make):
    other = made_up.robustness() | {"system": "fer"}
    del other["bundle"], other["landmarks"]
    _, text, _ = make(other)
    assert "Robustness: fer on fer2013.csv PublicTest, 3 classes" in text


def _titles(text):
    return [unescape(title) for title in re.findall(r"<h2[^>]*>([^<]*)", text)[1:-1]]


def test_runs_that_looked_in_another_way_are_told_apart(make):
    looks = {"tracked": True}, {"assume_face": True}, {"landmarks": "mediapipe"}
    _, text, _ = make(made_up.accuracy(), *(made_up.accuracy() | look for look in looks))
    assert [title.rpartition("PublicTest")[2] for title in _titles(text)] == [
        *("", ", tracked", ", face assumed", ", mediapipe"),
    ]


@pytest.mark.parametrize("kind", made_up.ALL)
def test_runs_of_the_same_configuration_have_titles_of_their_own(make, kind):
    first, *others = (made_up.ALL[kind]() for _ in range(4))
    for other, facts in zip(others, ({"python": "3.13.1"}, {"cpu": "Cortex-A72"}, {}), strict=True):
        if kind == "matrix":
            other["environments"] = [other["environments"][0] | facts]
        else:
            other["environment"] = other["environment"] | facts
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
        ("{", "is no result"),
        ("[]", "is no result"),
        ('{"kind": "latency", "schema": NaN}', "NaN"),
        ('{"kind": "speed", "schema": 1}', "of the kind 'speed': expected one of latency, matrix"),
        ('{"kind": "latency", "schema": 1}', "has schema 1 of latency: expected 2"),
        ('{"kind": "latency", "schema": 2}', "is no whole result of latency"),
        (json.dumps(made_up.latency() | {"frame_ms": 3}), "is no whole result of latency"),
        ("[" * 100_000, "is no result"),
        (json.dumps(made_up.latency() | {"environment": 3}), "is no whole result of latency"),
        (json.dumps(made_up.matrix() | {"environments": [None]}), "is no whole result of matrix"),
        (_without_words(made_up.matrix()), "is no whole result of matrix"),
        (json.dumps(made_up.robustness() | {"clean": None}), "is no whole result of robustness"),
        (json.dumps(made_up.robustness() | {"reference": 3}), "is no whole result of robustness"),
        (_nested(made_up.accuracy(), 450), "is no result (more than 50 levels within each other)"),
    ],
)
def test_what_is_no_result_is_one_line(tmp_path, capsys, text, message):
    file = tmp_path / "result.json"
    file.write_text(text)
    assert main(["report", str(file), "--out", str(tmp_path / "out")]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"error: {file}")
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_result_that_does_not_say_where_it_was_measured_is_refused_when_read(tmp_path):
    file = tmp_path / "result.json"
    file.write_text(json.dumps(made_up.robustness() | {"environment": 3}))
    with pytest.raises(DataError, match="is no whole result of robustness"):
        result_files.read([file])


def test_names_that_are_not_utf_8_are_escaped(tmp_path):
    data = {"file": os.fsdecode(b"f\xe9tes"), "sha256": "0" * 64}
    file = tmp_path / "result.json"
    file.write_text(json.dumps(made_up.accuracy() | {"data": data}))
    report.write(result_files.read([file]), tmp_path)
    for name in ("report.html", "report.md"):
        assert r"f\udce9tes" in (tmp_path / name).read_text("utf-8").replace(r"\\udce9", r"\udce9")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match=r"cannot read .*none\.json: No such file"):
        result_files.read([tmp_path / "none.json"])


def test_what_was_not_measured_is_named_in_a_report_without_results(tmp_path):
    report.write([], tmp_path, missing=["matrix: it fell over"])
    assert "it fell over" in (tmp_path / "report.md").read_text("utf-8")
    Page((tmp_path / "report.html").read_text("utf-8"))


def test_the_same_results_give_the_same_bytes(make):
    results = [make_one() for make_one in made_up.ALL.values()]
    assert make(*results) == make(*results)


def test_markdown_has_the_numbers_of_a_plot():
    data = Table(["a|b", "n"], [["x", "1"]], folded="numbers")
    blocks = [Heading(1, "T"), Plot(["<svg></svg>"], "caption", data)]
    assert markdown(blocks) == "# T\n\nnumbers\n\n| a\\|b | n |\n| --- | ---: |\n| x | 1 |\n"
    assert "<details><summary>numbers</summary>" in html(blocks)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]), (0, 7.8, [0, 2, 4, 6]), (0.65, 1.1, [0.7, 0.8, 0.9, 1.0, 1.1])],
)
def test_ticks_are_round_and_within(low, high, ticks):
    assert Scale(low, high, 0, 100).ticks() == pytest.approx(ticks)


def test_a_scale_without_extent_still_has_places():
    assert Scale(0.0, 0.0, 10, 20)(0.0) == 10
    assert Scale(0.0, 1.0, 10, 20)(5.0) == 20


def test_the_interval_of_a_share():
    # Newcombe, 1998, Stat. Med. 17, table I: 81 of 263.
    assert wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0.0, 20)[0] == 0.0


@pytest.mark.parametrize("name", ["report.html", "report.md"])
def test_only_its_own_report_is_replaced(tmp_path, capsys, name):
    file, out = tmp_path / "latency.json", tmp_path / "out"
    file.write_text(json.dumps(made_up.latency()))
    command = ["report", str(file), "--out", str(out)]
    for _ in range(2):
        assert main(command) == 0
    for old in out.iterdir():
        old.unlink()
    (out / name).write_text("my thesis")
    assert main(command) == 1
    assert f"{name} was not written by this program" in capsys.readouterr().err
    assert [path.name for path in out.iterdir()] == [name]
    assert (out / name).read_text() == "my thesis"
