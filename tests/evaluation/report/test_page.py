"""Blocks of a report as HTML, as Markdown and as text: complete, self-contained and safe with any text."""

import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from evaluation.report import figures
from evaluation.report.page import (
    Heading,
    Notice,
    Picture,
    Pictures,
    Plot,
    Table,
    Text,
    Tile,
    Tiles,
    html,
    markdown,
    number,
    png_files,
    text,
)
from tests.pages import Page

ROOT = Path(__file__).resolve().parents[3]
HOSTILE = "<script>alert('&\"')</script>|`*\n# x"
BINS = [{"low": 0.0, "n": 0, "accuracy": None}, {"low": 0.5, "n": 7, "accuracy": 0.7}]


def labelled(label):
    """A plot with a text in it."""
    figure = figures.new_figure()
    figure.subplots().plot([0, 1], [0, 1], label=label)
    figure.legend()
    return figure


def blocks(words):
    """One of each kind, with ``words`` wherever text can be."""
    return [
        Heading(1, words),
        Text(words),
        Notice(words, [words]),
        Tiles([Tile(words, words, words)]),
        Heading(2, words),
        Table([words, words], [[words, words]], tint=[[0.5]], diagonal=True),
        Table(["", ""], [[words, words]], folded=words, facts=True),
        Heading(2, words),
        Plot(partial(labelled, words), words, file="plot.png"),
        Plot(partial(figures.reliability, BINS), words, alt=words, small=True),
        Pictures(words, [Picture(b"png", words, words)]),
    ]


@pytest.fixture
def needs_packages():
    pytest.importorskip("jinja2")
    pytest.importorskip("matplotlib")


@pytest.mark.usefixtures("needs_packages")
class TestHtml:
    def test_every_block_is_in_the_page(self):
        found = Page(html(blocks("word")))
        assert found.headings == [(1, "word"), (2, "word"), (2, "word"), (3, "word")]
        assert found.text.count("word") == 23
        assert found.tags.count("table") == 2
        assert len(found.plots) == 2
        assert found.tags.count("img") == found.tags.count("details") == 1

    def test_a_phone_a_dark_screen_and_a_screen_reader_are_served(self):
        page = html(blocks("word"))
        found = Page(page)
        assert "width=device-width" in page
        assert "prefers-color-scheme: dark" in page
        assert found.all("lang") == ["en"]
        assert found.all("role").count("img") == len(found.plots)
        assert found.all("alt") == ["word"]
        assert all(found.all("aria-label"))

    def test_hostile_text_is_escaped(self):
        found = Page(html(blocks(HOSTILE)))
        assert "script" not in found.tags
        assert found.headings[0] == (1, HOSTILE)
        assert HOSTILE.split("\n")[0] in found.plots[0]
        assert found.all("alt") == [HOSTILE]

    def test_the_contents_list_the_sections(self):
        found = Page(html(blocks("word")))
        links = [link.removeprefix("#") for link in found.all("href") if link.startswith("#part")]
        assert len(links) == 2
        assert set(links) <= set(found.all("id"))
        assert "nav" not in Page(html([Heading(1, "a"), Heading(2, "b")])).tags

    def test_identifiers_are_unique(self):
        draw = partial(figures.reliability, BINS)
        ids = Page(html([Heading(1, "a"), Plot(draw, "b"), Plot(draw, "c")])).all("id")
        assert len(set(ids)) == len(ids) > 2

    def test_the_same_blocks_give_the_same_page(self):
        assert html(blocks("word")) == html(blocks("word"))

    def test_bytes_of_names_that_are_not_utf_8_are_escaped(self):
        assert html([Heading(1, "f\udce9tes")]).encode().count(rb"f\udce9tes") == 2


@pytest.mark.usefixtures("needs_packages")
def test_plots_with_a_file_are_png_files():
    (name, content), *others = png_files(blocks("word")).items()
    assert (name, others) == ("plot.png", [])
    assert content.startswith(b"\x89PNG")


@pytest.mark.usefixtures("needs_packages")
@pytest.mark.parametrize("threshold", [None, 0.4])
def test_few_points_of_a_curve_have_their_values(threshold):
    plot = partial(figures.risk_coverage, [0.5, 1.0], [0.912, 0.7], threshold, 0.8)
    (drawn,) = Page(html([Heading(1, "a"), Plot(plot, "b")])).plots
    assert "91.2" in drawn
    assert ("0.40" in drawn) is (threshold is not None)


def test_markdown():
    table = Table(["a|b", "n"], [["x", "1"]])
    assert markdown([Heading(2, "T"), table]) == "## T\n\n| a\\|b | n |\n| --- | ---: |\n| x | 1 |\n"
    assert markdown([Plot(partial(labelled, "x"), "caption", file="a.png")]) == "![caption](a.png)\n"
    assert markdown([Table(["", ""], [["a", "b"]], folded="more", facts=True)]) == (
        "more\n\n|  |  |\n| --- | --- |\n| a | b |\n"
    )
    assert markdown([Text("f\udce9tes")]) == "f\\udce9tes\n"


def test_hostile_text_has_no_meaning_in_markdown():
    written = markdown(blocks(HOSTILE))
    assert "<script" not in written.replace("\\<script", "")
    assert "\n# x" not in written


def test_text_for_a_terminal():
    shown = text([Heading(1, "Name"), Text("a\nb\x1b"), Table(["", "n"], [["long", "1"], ["x", "100"]])])
    assert shown.splitlines() == ["NAME", "a", r"b\x1b", "        n", "long    1", "x     100"]


def test_a_terminal_shows_no_folded_table_and_no_heading_without_content():
    facts = Table(["", "n"], [["a", "1"], ["b", "100"]], facts=True)
    folded = Table(["", "n"], [["c", "2"]], folded="more")
    blocks = [Heading(2, "One"), Heading(3, "gone"), folded, Heading(3, "Two"), facts, Heading(2, "end")]
    assert text(blocks).splitlines() == ["ONE", "", "TWO", "   n", "a  1", "b  100"]


def test_numbers():
    assert [number(0.5), number(None), number(0.5, ".1%")] == ["0.50", "–", "50.0%"]


def test_a_cell_that_is_not_a_string_is_an_error():
    with pytest.raises(TypeError, match="not a string"):
        Table(["a"], [[1]])


def test_jinja2_and_matplotlib_are_imported_only_when_needed():
    code = "import sys, benchmarks.report.report; print(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(result.stdout.split())
    assert "evaluation.report.page" in loaded
    assert not loaded & {"jinja2", "matplotlib"}
