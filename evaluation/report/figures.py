"""The style of all plots, their files, and the plots that more than one report shows.

A plot is drawn once for each output: as a PNG file on white, or as SVG inside a light or dark page.
"""

import io
import re
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # matplotlib is imported when something is drawn
    from matplotlib.figure import Figure

Drawing = Callable[[], "Figure"]
"""Draws a figure when it is called."""

BLUE, ORANGE, GREEN, PURPLE, YELLOW, RED = "#4c8bd6 #e07b39 #43a373 #a678d0 #c2a02b #d45f7d".split()
"""Colours that are visible on white and on a dark page, in the order of their use."""
INK = "#010203"
"""The colour of text and axes: near black in the PNG, the page's text colour in the SVG."""
_STYLE: Any = {
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK),
    "text.parse_math": False,  # names may have a "$"
    "axes.prop_cycle": f"cycler('color', {[BLUE, ORANGE, GREEN, PURPLE, YELLOW, RED]})",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#808080",
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
    "svg.fonttype": "none",  # text stays text, in the font of the page
}
_NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}


def new_figure(width: float = 4.6, height: float = 3.4) -> "Figure":
    """An empty figure; the default size, in inches, is what a phone shows without scaling it down.

    Raises:
        ModuleNotFoundError: matplotlib is not installed.
    """
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height))


def png(draw: Drawing) -> bytes:
    """A plot as the bytes of a PNG file, on white."""
    return _saved(draw, {}, format="png", dpi=120, facecolor="white")


def svg(draw: Drawing, number: int) -> str:
    """A plot as an ``<svg>`` element for an HTML page; lines and text have the page's text colour.

    Args:
        draw: draws it.
        number: its number in the page, which keeps the identifiers of its parts unique.
    """
    style = {"svg.hashsalt": f"plot {number}"}
    text = _saved(draw, style, format="svg", transparent=True, metadata=_NO_METADATA).decode()
    text = text[text.index("<svg") :].replace(INK, "currentColor")
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    # Namespaces and the names of groups are not needed; the page sets the size.
    return re.sub(r' (xmlns(:xlink)?="[^"]*"|id="[\w.]+_\d+"|(width|height)="[\d.]+pt")', "", text)


def _saved(draw: Drawing, style: dict[str, Any], **how: Any) -> bytes:
    import matplotlib as mpl

    file = io.BytesIO()
    with mpl.rc_context(_STYLE | style), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such as of characters that matplotlib's own font lacks
        draw().savefig(file, **how)
    return file.getvalue()


def reliability(bins: Sequence[dict[str, Any]]) -> "Figure":
    """Accuracy of the answers of each confidence, and below it how many answers have that confidence.

    Args:
        bins: ``low``, ``n`` and ``accuracy`` (None without answers) of equal parts of the range 0–1, as in
            ``evaluation.metrics.report``.
    """
    figure = new_figure()
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    low = [100 * row["low"] for row in bins]
    bars: dict[str, Any] = {"width": 100 / len(bins), "align": "edge", "edgecolor": INK, "linewidth": 0.5}
    top.bar(low, [100 * (row["accuracy"] or 0) for row in bins], label="accuracy", **bars)
    top.plot([0, 100], [0, 100], color=ORANGE, linestyle="--", label="perfect")
    top.set(ylabel="accuracy, %", xlim=(0, 100), ylim=(0, 100))
    top.legend(loc="upper left")
    bottom.bar(low, [row["n"] for row in bins], **bars)
    bottom.set(xlabel="confidence, %", ylabel="faces")
    return figure


def risk_coverage(
    share: Sequence[float], accuracy: Sequence[float], threshold: float | None = None, answered: float = 1.0
) -> "Figure":
    """Accuracy (1 − risk) among the most confident pictures over their share of all pictures (coverage).

    Args:
        share: 0–1, ascending. Few points are marked, and their accuracy is written beside them.
        accuracy: 0–1, among each share.
        threshold: the confidence below which nothing is answered.
        answered: the share of all pictures that reach ``threshold``.
    """
    figure = new_figure()
    axes = figure.subplots()
    few = len(share) <= 10
    axes.plot([100 * each for each in share], [100 * each for each in accuracy], marker="o" if few else "")
    for x, y in zip(share, accuracy, strict=True) if few else ():
        axes.annotate(f"{100 * y:.1f}", (100 * x, 100 * y), (0, 6), textcoords="offset points", ha="center")
    if threshold is not None:
        label = f"confidence ≥ {threshold:.2f}"
        axes.axvline(100 * answered, color=ORANGE, linestyle="--", label=label)
        axes.legend(loc="lower left")
    axes.set(xlabel="most confident share of all pictures, %", ylabel="accuracy among them, %")
    axes.set(xlim=(0, 104 if few else 101), ylim=(0, 104 if few else 101))
    return figure
