"""The documents: links lead somewhere, Python runs, and commands have the flags that they are shown with."""

import argparse
import itertools
import re
import shlex
import sys
from importlib import import_module
from pathlib import Path

import pytest

import mien
import mien.cli

ROOT = Path(__file__).resolve().parents[1]
PLACES = ("*.md", *(f"{folder}/**/*.md" for folder in "docs systemd tests examples benchmarks".split()))
PAGES = sorted(page for place in PLACES for page in ROOT.glob(place))
RUN = ("README.md", "docs/reference/python-api.md")
"""Pages whose Python runs; that of others compiles."""

FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def name(page):
    return page.relative_to(ROOT).as_posix()


def blocks(page, language):
    return [code for _, kind, code in FENCED.findall(page.read_text("utf-8")) if kind == language]


def anchors(page):
    """The anchors of a page's headings, as GitHub makes them."""
    text = FENCED.sub("", page.read_text("utf-8"))
    found = set()
    for heading in re.findall(r"^#+ +(.*)$", text, re.MULTILINE):
        shown = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)
        found.add(re.sub(r"[^\w -]", "", shown).strip().lower().replace(" ", "-"))
    return found


def broken_links(page):
    text = re.sub(r"``.*?``|`[^`\n]*`", "", FENCED.sub("", page.read_text("utf-8")))
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not re.match(r"[a-z]+:", link) and (
            not target.exists() or (anchor and anchor not in anchors(target))
        ):
            yield link


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_and_anchors_lead_somewhere(page):
    assert list(broken_links(page)) == []


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=name)
def test_python_runs(page, monkeypatch, portrait_files):
    """With the demo in place of the camera, and a portrait in place of the picture."""
    codes = [compile(code, name(page), "exec") for code in blocks(page, "python")]
    if name(page) not in RUN:
        return
    portrait, video, predict = portrait_files[0], mien.Video, mien.Recognizer.predict
    monkeypatch.setattr(mien, "Video", lambda _: itertools.islice(video("demo"), 3))
    monkeypatch.setattr(mien.Recognizer, "predict", lambda recognizer, _: predict(recognizer, portrait))
    for code in codes:
        exec(code, {})


def commands(text):
    """Each command of shell lines as a list of its words, also those within a quoted word, as for ssh."""
    lines = text.replace("\\\n", " ").replace("\n", "\n;")
    words = shlex.shlex(lines, posix=True, punctuation_chars=True)
    words.whitespace_split = True
    command = []
    for word in [*words, ";"]:
        if set(word) <= set(";&|<>()"):
            yield command
            command = []
        elif " " in word:
            yield from commands(word)
        else:
            command.append(word)


def arguments(command):
    """Module of the command line, and its arguments; None: the command is not one of Mien's."""
    for place, word in enumerate(command):
        if word.endswith("/bin/mien") or (word, place) == ("mien", 0):
            return "mien.cli", command[place + 1 :]
        if word == "-m" and command[place + 1] in ("mien", "train.study"):
            module = {"mien": "mien.cli", "train.study": "train.study.cli"}[command[place + 1]]
            return module, command[place + 2 :]
    return None


SHOWN = [
    pytest.param(*found, id=f"{name(page)}: {shlex.join(found[1])}")
    for page in PAGES
    for code in blocks(page, "sh")
    for command in commands(code)
    if (found := arguments(command))
]


class Parsed(Exception):
    """The arguments are right; nothing is run."""


@pytest.mark.parametrize(("module", "given"), SHOWN)
def test_commands_have_these_flags(module, given, monkeypatch, capsys):
    parse = argparse.ArgumentParser.parse_args

    def only_parse(parser, args=None, namespace=None):
        parse(parser, args, namespace)
        raise Parsed

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", only_parse)
    monkeypatch.setattr(sys, "argv", ["mien", *given])
    try:
        import_module(module).main()
    except Parsed:
        return
    except SystemExit:
        pytest.fail(capsys.readouterr().err)


def test_a_wrong_flag_would_be_found(monkeypatch, capsys):
    with pytest.raises(pytest.fail.Exception, match="--no-such-flag"):
        test_commands_have_these_flags("mien.cli", ["check", "--no-such-flag"], monkeypatch, capsys)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_scripts_are_there(page):
    for code in blocks(page, "sh"):
        for script in re.findall(r"(?<![\w/])(?:scripts|systemd|examples)/[\w.-]+", code):
            assert (ROOT / script).exists(), script


def test_there_is_something_to_check():
    assert len(PAGES) > 20
    assert len(SHOWN) > 40
