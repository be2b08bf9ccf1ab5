"""Reads the HTML pages of the reports, strictly, for their tests."""

import re
from html.parser import HTMLParser

VOID = {"meta", "br", "img"}
EXTERNAL = {"script", "link", "iframe", "object", "embed", "base", "form"}


class Page(HTMLParser):
    """The parts of a page that the tests look at.

    Raises:
        AssertionError: an element is not closed in its turn, a heading skips a level, or something would be
            loaded from elsewhere.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.headings: list[tuple[int, str]] = []
        """Level and text."""
        self.text = ""
        """All text but the title and the style."""
        self.plots: list[str] = []
        """The text in each plot."""
        self._open: list[str] = []
        assert text.startswith("<!doctype html>")
        self.feed(text)
        self.close()
        assert self._open == []
        levels = [level for level, _ in self.headings]
        assert all(after <= before + 1 for before, after in zip([0, *levels], levels, strict=False))
        assert not EXTERNAL & set(self.tags)
        assert not re.search(r"url\((?!#)|@import|https?:|file:", text)
        for name in ("src", "href", "xlink:href", "srcset", "action", "data"):
            assert all((value or "").startswith(("data:image/png;base64,", "#")) for value in self.all(name))
        assert not [name for name, _ in self.attributes if name.startswith("on")]

    def all(self, name: str) -> list[str | None]:
        """The values of an attribute, wherever it occurs."""
        return [value for key, value in self.attributes if key == name]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self._open.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append((int(tag[1]), ""))
        if tag == "svg":
            self.plots.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self._open or self._open[-1] in ("style", "title"):
            return
        self.text += data
        if re.fullmatch("h[1-6]", self._open[-1]):
            level, text = self.headings[-1]
            self.headings[-1] = level, text + data
        if "svg" in self._open:
            self.plots[-1] += data
