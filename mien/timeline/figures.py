"""The plots of a timeline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from evaluation.report.figures import BLUE, GREEN, INK, ORANGE, PURPLE, RED, YELLOW, new_figure
from mien.timeline.sections import Lane, Section

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_GREY, _BROWN = "#8b97a3", "#a5714f"
_LABEL_COLORS = {
    "happy": YELLOW,
    "sad": BLUE,
    "angry": RED,
    "fear": PURPLE,
    "disgust": GREEN,
    "surprise": ORANGE,
    "neutral": _GREY,
    "contempt": _BROWN,
}
_OTHER_COLORS = (BLUE, ORANGE, GREEN, PURPLE, YELLOW, RED, _GREY, _BROWN)
_ANGLES = {"yaw": BLUE, "pitch": ORANGE, "roll": GREEN}
_ON_BAND = "#101418"
_LEAST_BAND = 0.005
"""Width of the narrowest band, as of a face in one frame, as a share of the axis."""
_LEAST_TEXT = 0.07
"""Width of a band, as a share of the axis for each 5 characters, from which on its label is written in it."""


class Palette:
    """A colour for each label: that of the emotion, or for a label of one's own the next free one."""

    def __init__(self, labels: Iterable[str]) -> None:
        """Give out the colours."""
        self.colors: dict[str, str] = {}
        for label in labels:
            if label not in self.colors:
                color = _LABEL_COLORS.get(label) or self._next_free()
                self.colors[label] = color

    def _next_free(self) -> str:
        used = list(self.colors.values())
        return min(_OTHER_COLORS, key=used.count)


class Scale:
    """The axis of time of a section: in seconds, minutes or hours."""

    def __init__(self, seconds: float) -> None:
        """Choose the unit."""
        self.unit, self.factor = (
            ("s", 1) if seconds < 180 else ("min", 60) if seconds < 3 * 3600 else ("h", 3600)
        )
        self.end = max(seconds, 1e-3) / self.factor
        self.label = f"time, {self.unit}"


def expressions(lane: Lane, section: Section, palette: Palette) -> Figure:
    """Probabilities over time, and below them the label."""
    figure = new_figure(height=3.9)
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(6, 1))
    draw_probabilities(top, lane, section, palette)
    draw_bands(bottom, [lane], section, palette)
    figure.legend(*top.get_legend_handles_labels(), loc="outside upper center", ncols=4, fontsize="small")
    return figure


def head(lane: Lane, section: Section) -> Figure:
    """Pose over time, and below it the presence."""
    figure = new_figure(height=3.9)
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1.5))
    draw_pose(top, lane, section)
    draw_presence(bottom, lane, section)
    figure.legend(*top.get_legend_handles_labels(), loc="outside upper center", ncols=4, fontsize="small")
    return figure


def overview(section: Section, palette: Palette) -> Figure:
    """The labels of all faces, one above the other."""
    figure = new_figure(height=1 + 0.32 * len(section.lanes))
    draw_bands(figure.subplots(), section.lanes, section, palette)
    figure.legend(*_label_handles(section, palette), loc="outside upper center", ncols=4, fontsize="small")
    return figure


def whole(shown: Sequence[tuple[Section, Lane, str]], palette: Palette) -> Figure:
    """Everything about some faces, one below the other.

    Args:
        shown: section, face, and the title of each.
    """
    figure = new_figure(11, 4.6 * len(shown))
    parts = figure.subfigures(len(shown), 1, squeeze=False)[:, 0]
    for part, (section, lane, title) in zip(parts, shown, strict=True):
        part.suptitle(title, fontweight="bold")
        axes = part.subplots(4, 1, sharex=True, height_ratios=(4, 0.7, 2.5, 1.2))
        draw_probabilities(axes[0], lane, section, palette)
        draw_bands(axes[1], [lane], section, palette)
        draw_pose(axes[2], lane, section)
        draw_presence(axes[3], lane, section)
        for each in (axes[0], axes[2]):
            each.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize="small")
        for each in axes[:-1]:
            each.set_xlabel("")
    return figure


def draw_probabilities(axes: Axes, lane: Lane, section: Section, palette: Palette) -> None:
    """A line for each label."""
    line, scale = lane.line, Scale(section.seconds)
    for label, color in palette.colors.items():
        if label in lane.probabilities:
            _plot(axes, line.seconds / scale.factor, 100 * line.values[label], color, label)
    axes.set(ylabel="probability, %", ylim=(0, 102))


def draw_bands(axes: Axes, lanes: Sequence[Lane], section: Section, palette: Palette) -> None:
    """The label over time, a row for each face; half as high where it is unsure."""
    scale = Scale(section.seconds)
    for row, lane in enumerate(lanes):
        stretches: dict[tuple[str, bool], list[tuple[float, float]]] = {}
        for band in lane.bands:
            width = max((band.end - band.start) / scale.factor, _LEAST_BAND * scale.end)
            start = min(band.start / scale.factor, (1 - _LEAST_BAND) * scale.end)  # the last one is seen, too
            stretches.setdefault((band.label, band.unsure), []).append((start, width))
            if not band.unsure and width / scale.end > _LEAST_TEXT * len(band.label) / 5:
                place = (start + width / 2, row)
                axes.annotate(band.label, place, ha="center", va="center", color=_ON_BAND, fontsize="small")
        for (label, unsure), places in stretches.items():
            height = 0.4 if unsure else 0.8
            axes.broken_barh(places, (row - 0.4, height), facecolor=palette.colors[label], linewidth=0)
    axes.set(ylim=(-0.5, len(lanes) - 0.5), xlabel=scale.label, xlim=(0, scale.end))
    axes.set_yticks(range(len(lanes)), [face_name(lane) for lane in lanes] if len(lanes) > 1 else ["label"])
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False)
    if len(lanes) > 1:
        axes.invert_yaxis()


def draw_pose(axes: Axes, lane: Lane, section: Section) -> None:
    """Yaw, pitch and roll."""
    line, scale = lane.line, Scale(section.seconds)
    for angle, color in _ANGLES.items():
        _plot(axes, line.seconds / scale.factor, line.values[angle], color, angle)
    low, high = axes.get_ylim()
    axes.set(ylabel="pose, °", ylim=(min(low, -20), max(high, 20)))


def draw_presence(axes: Axes, lane: Lane, section: Section) -> None:
    """How sure the landmark model is that this is a face."""
    line, scale = lane.line, Scale(section.seconds)
    _plot(axes, line.seconds / scale.factor, line.values["presence"], INK, "presence")
    axes.set(ylabel="presence", ylim=(0, 1.05), xlim=(0, scale.end), xlabel=scale.label)


def face_name(lane: Lane) -> str:
    """The ids of a lane in a few words."""
    first = ", ".join(map(str, lane.ids[:3]))
    if len(lane.ids) <= 3:
        return f"face{'s' * (len(lane.ids) > 1)} {first}"
    return f"faces {first} … ({len(lane.ids)})"


def _plot(axes: Axes, x: Any, y: Any, color: str, label: str) -> None:
    alone = len(x) == 1  # a line of one point is invisible
    axes.plot(x, y, color=color, label=label, linewidth=1.3, marker="o" if alone else "")


def _label_handles(section: Section, palette: Palette) -> tuple[list[Any], list[str]]:
    from matplotlib.patches import Patch

    labels = [label for label in palette.colors if any(label in lane.labels for lane in section.lanes)]
    return [Patch(color=palette.colors[label]) for label in labels], labels
