"""The page and the picture of a timeline."""

import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from pathlib import Path

from edge.cli.progress import show_progress
from edge.core.errors import DataError
from edge.core.text import counted
from evaluation.report import figures as plots
from evaluation.report import page
from evaluation.report.page import Block, Heading, Notice, Plot, Table, Text
from mien.timeline import figures
from mien.timeline.figures import Palette, Scale, face_name
from mien.timeline.records import read_records
from mien.timeline.sections import MOST_LANES, Lane, Section, sections

_log = logging.getLogger(__name__)

MOST_SECTIONS = 30
"""Most sources with plots."""
MOST_PICTURES = 500
"""Most pictures that are listed."""
MOST_PARTS = 12
"""Most faces in a PNG."""


def require_packages(html: bool) -> None:
    """Import what a page or picture needs, before a long file is read.

    Raises:
        ModuleNotFoundError: it is not installed.
    """
    import_module("matplotlib")
    if html:
        import_module("jinja2")


def read(path: Path) -> list[Section]:
    """The sections of a file of JSON lines.

    Raises:
        DataError: see ``read_records``; or there is no record.
        OSError: the file cannot be read.
    """
    found = sections(show_progress(read_records(path), "records"))
    if not found:
        raise DataError(f"{path} has no records of mien run")
    return found


def html(path: Path, found: Sequence[Section]) -> bytes:
    """The page: a section with plots for each source, and one table for all pictures.

    Args:
        path: file of the records, which the page names.
        found: its sections.
    """
    palette = _palette(found)
    videos = [section for section in found if not _is_picture(section)]
    pictures = [section for section in found if _is_picture(section)]
    blocks: list[Block] = [Heading(1, "Timeline"), Text(_about(path, found))]
    if len(videos) > MOST_SECTIONS:
        rest = f"{len(videos) - MOST_SECTIONS} more sources are not shown: a table (--out x.csv) has them all"
        blocks.append(Notice("Too many sources", [rest]))
    for section in videos[:MOST_SECTIONS]:
        blocks += _section(section, palette)
    if pictures:
        blocks += _pictures(pictures)
    return page.html(blocks).encode()


def png(path: Path, found: Sequence[Section]) -> bytes:
    """One picture of the longest-seen faces of all videos and cameras, on white.

    Raises:
        DataError: there is no face in any frame, or only in single pictures.
    """
    shown = [(section, lane) for section in found for lane in section.lanes if not _is_picture(section)]
    pictures = sum(map(_is_picture, found))
    longest = sorted(shown, key=lambda each: -len(each[1]))[:MOST_PARTS]
    parts = [
        (section, lane, f"{_shortened(_title(section))} · {face_name(lane)}")
        for section, lane in shown
        if any(lane is kept for _, kept in longest)
    ]
    if not parts and pictures:
        raise DataError(
            f"{path} has single pictures but no video with a face: a page (.html) or table (.csv) lists them"
        )
    if not parts:
        raise DataError(f"{path} has no face: there is nothing to draw")
    if pictures:
        _log.warning("%s not drawn: a page lists them", counted(pictures, "single picture"))
    if len(parts) < len(shown):
        _log.warning("%d of %d faces are drawn, those seen longest: a page has more", len(parts), len(shown))
    return plots.png(partial(figures.whole, parts, _palette(found)))


def _section(section: Section, palette: Palette) -> Iterator[Block]:
    yield Heading(2, _title(section))
    yield Text(_summary(section))
    if section.left_out:
        more = f"{section.left_out} faces beyond the first {MOST_LANES} of a frame are not shown"
        yield Notice("Too many faces", [more])
    if not section.lanes:
        return
    labels = [label for label in palette.colors if any(label in lane.probabilities for lane in section.lanes)]
    yield Table(
        ["", "frames", *(f"{label}, %" for label in labels), "unsure, %"], list(_shares(section, labels))
    )
    if len(section.lanes) > 1:
        yield Plot(partial(figures.overview, section, palette), "Labels of all faces; half as high: unsure")
    for lane in section.lanes:
        name = face_name(lane).capitalize()
        counts = lane.counts()
        alt = f"{name}: mostly {max(counts, key=counts.__getitem__)}"
        yield Heading(3, name)
        draw = partial(figures.expressions, lane, section, palette)
        yield Plot(draw, "Probabilities; below, the label, half as high where it is unsure", alt)
        yield Plot(
            partial(figures.head, lane, section), "Rotation of the head; below, the presence of a face"
        )


def _shares(section: Section, labels: Sequence[str]) -> Iterator[list[str]]:
    for lane in section.lanes:
        counts = lane.counts()
        shares = [f"{100 * counts.get(label, 0) / len(lane):.0f}" for label in labels]
        unsure = f"{100 * sum(lane.unsure) / len(lane):.0f}"
        yield [face_name(lane), f"{len(lane):,}", *shares, unsure]


def _pictures(pictures: Sequence[Section]) -> Iterator[Block]:
    yield Heading(2, "Pictures")
    if len(pictures) > MOST_PICTURES:
        rest = f"{len(pictures) - MOST_PICTURES} more are not listed: a table (--out x.csv) has them all"
        yield Notice("Too many pictures", [rest])
    rows = [[_title(section), ", ".join(map(_face, section.lanes)) or "no face"] for section in pictures]
    yield Table(["", "faces"], rows[:MOST_PICTURES], facts=True)


def _face(lane: Lane) -> str:
    label = lane.labels[0]
    return f"{label} {lane.probabilities[label][0]:.0%}" + "?" * bool(lane.unsure[0])


def _about(path: Path, found: Sequence[Section]) -> str:
    frames, sources = sum(each.frames for each in found), len({each.source for each in found})
    return (
        f"{path.name}: {counted(frames, 'frame')} of {counted(sources, 'source')}. A face that was lost and "
        "found again has another number; faces that were never in view together may share a plot. A label "
        "says how a face looks, not what a person feels."
    )


def _summary(section: Section) -> str:
    with_face = 100 * section.frames_with_face / section.frames
    since = f", from {datetime.fromtimestamp(section.start, UTC):%Y-%m-%d %H:%M:%S} UTC" * section.live
    scale = Scale(section.seconds)
    duration = f"{section.seconds / scale.factor:,.1f} {scale.unit}{since}"
    return f"{counted(section.frames, 'frame')} in {duration}; {with_face:.0f} % of them with a face."


def _title(section: Section) -> str:
    return (section.source or "unknown source") + (f" (run {section.run})" if section.run > 1 else "")


def _shortened(title: str) -> str:
    return title if len(title) < 80 else f"…{title[-78:]}"


def _is_picture(section: Section) -> bool:
    return section.frames == 1 and not section.live


def _palette(found: Sequence[Section]) -> Palette:
    return Palette(label for section in found for lane in section.lanes for label in lane.probabilities)
