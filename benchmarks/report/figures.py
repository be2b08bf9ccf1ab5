"""The plots of the report. Each tells its parts apart by shape, dashes or words, never by colour alone."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from edge.core.text import escaped
from evaluation.report.figures import BLUE, INK, new_figure
from evaluation.report.page import Plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LONGEST_WHISKER = 3.0
"""Times the end of the last bar: where a longer whisker is cut off, so that the bars stay visible."""
_BAR_STYLES: dict[str, dict[str, Any]] = {
    "stage": {"facecolor": BLUE},
    "frame": {"facecolor": BLUE, "alpha": 0.3},
    "network": {"facecolor": "none", "edgecolor": INK},
}


class Bar(NamedTuple):
    """A bar of a waterfall plot, ms."""

    name: str
    kind: str
    """``"stage"``, ``"frame"`` (all stages) or ``"network"`` (the bare landmark network)."""
    start: float
    p50: float
    p99: float


def waterfall(bars: Sequence[Bar]) -> "Figure":
    """Horizontal bars of p50, each with a whisker to p99; the stages start where the one before ends."""
    end = min(
        max(bar.start + bar.p99 for bar in bars), _LONGEST_WHISKER * max(bar.start + bar.p50 for bar in bars)
    )
    figure, axes = _rows([(bar.name, f"p50 {bar.p50:.2f}, p99 {bar.p99:.2f} ms") for bar in bars])
    for row, bar in enumerate(bars):
        axes.barh(row, bar.p50, 0.35, bar.start, **_BAR_STYLES[bar.kind])
        whisker = bar.start + bar.p99
        marker = ">" if whisker > end else "|"
        places = [bar.start + bar.p50, min(whisker, end)]
        axes.plot(places, [row, row], color=INK, linewidth=1.2, marker=marker, markevery=[1], clip_on=False)
    axes.set(xlabel="ms: bar to p50, whisker to p99", xlim=(0, end))
    return figure


def ratio_plot(names: Sequence[str], lines: Sequence[dict[str, Any]], first: str) -> Plot:
    """The ratio of each line of a matrix or of peers to the time of the line that is named ``first``."""
    caption = f"Time over that of {first}. Dot: median; line: 10th to 90th percentile of the rounds."
    return Plot(partial(_ratios, names, [line["ratio"] for line in lines]), caption)


def _ratios(names: Sequence[str], ratios: Sequence[dict[str, float]]) -> "Figure":
    """A dot for each ratio and a line over its spread; an upright line marks the ratio 1."""
    figure, axes = _rows([(name, f"{ratio['p50']:.2f} ×") for name, ratio in zip(names, ratios, strict=True)])
    for place, ratio in enumerate(ratios):
        axes.plot([ratio["p10"], ratio["p90"]], [place, place], color=INK, linewidth=1.2)
        axes.plot(ratio["p50"], place, color=BLUE, marker="o")
    axes.axvline(1, color=INK, linewidth=0.8, linestyle=":")
    low, high = (pick(ratio[key] for ratio in ratios) for pick, key in ((min, "p10"), (max, "p90")))
    low, high = min(0.9, low), max(1.1, high)
    axes.set(xlabel="ratio", xlim=(low - 0.02 * high, 1.02 * high))
    return figure


def severities(accuracy: Sequence[float], coverage: Sequence[float]) -> "Figure":
    """Accuracy (line with dots) and coverage (dotted) over severity; dashed: the accuracy at severity 0.

    Args:
        accuracy: 0–1, at severity 0, 1, …
        coverage: likewise.
    """
    figure = new_figure(1.75, 1.4)
    axes = figure.subplots()
    places = range(len(accuracy))
    shown, clean = [100 * value for value in accuracy], 100 * accuracy[0]
    axes.fill_between(places, shown, clean, color=BLUE, alpha=0.25, linewidth=0)
    axes.plot([0, places[-1]], [clean, clean], color=INK, linewidth=0.8, linestyle="--")
    axes.plot(places, [100 * value for value in coverage], color=INK, linewidth=1.2, linestyle=":")
    axes.plot(places, shown, color=BLUE, marker="o", markersize=3)
    axes.annotate(
        f"{shown[-1]:.0f}",
        (places[-1], shown[-1]),
        (5, -3),
        textcoords="offset points",
        fontsize=8,
        fontweight="bold",
    )
    axes.set(xlim=(0, len(accuracy) - 0.3), ylim=(0, 103), xticks=places, yticks=(0, 50, 100))
    axes.tick_params(labelsize=8)
    return figure


def _rows(labels: Sequence[tuple[str, str]]) -> "tuple[Figure, Axes]":
    """A figure with a row for each label, whose two parts stand above the left and right end of the row."""
    figure = new_figure(height=0.7 + 0.42 * len(labels))
    axes = figure.subplots()
    axes.set_ylim(len(labels) - 0.6, -0.8)
    axes.yaxis.set_visible(False)
    axes.spines["left"].set_visible(False)
    for row, texts in enumerate(labels):
        for text, end, side in zip(texts, (0, 1), ("left", "right"), strict=True):
            axes.annotate(
                escaped(text),
                (end, row),
                (0, 7),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                ha=side,
                va="bottom",
                fontsize=8,
                fontweight="normal" if end else "bold",
            )
    return figure, axes
