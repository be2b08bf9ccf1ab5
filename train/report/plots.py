"""The plots of the report, each drawn once: as a PNG file and as SVG inside the page."""

import io
import re
from typing import Any

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.figure import Figure

from edge.data import calibration
from train.report.results import SplitResult

BLUE, ORANGE = "#4c8bd6", "#e07b39"  # on white paper and on a dark screen alike
_INK = "#010203"  # near black in the PNG; the page's text colour in the SVG
_STYLE: Any = {
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.prop_cycle": cycler(color=[BLUE, ORANGE]),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#808080",
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
    "svg.fonttype": "none",  # text stays text, in the font of the page
    "svg.hashsalt": "report",  # the same figure gives the same bytes
}
_SIZE = (4.6, 3.4)
_POINTS = 400  # of a curve are enough to see it
_NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}


@mpl.rc_context(_STYLE)
def learning_curve(history: list[dict[str, float]], word: str, best_epoch: int | None) -> Figure:
    """All columns of the history whose name holds ``word``, ``"loss"`` (nats) or ``"accuracy"`` (0–1)."""
    figure = Figure(_SIZE)
    axes = figure.subplots()
    factor, unit = (100, "accuracy of found faces, %") if word == "accuracy" else (1, "cross-entropy, nats")
    for name in (column for column in history[0] if word in column):
        label = "training (augmented)" if name == word else name.replace("_", " ")
        axes.plot([row["epoch"] for row in history], [factor * row[name] for row in history], label=label)
    if best_epoch is not None:
        axes.axvline(best_epoch, color=_INK, linestyle=":", linewidth=1, label="chosen epoch")
    axes.set(xlabel="epoch", ylabel=unit)
    axes.legend()
    return figure


@mpl.rc_context(_STYLE)
def reliability(rows: list[dict[str, Any]]) -> Figure:
    """Accuracy over confidence, and below it how many answers have that confidence."""
    figure = Figure(_SIZE)
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    low = [100 * row["low"] for row in rows]
    bars: Any = {"width": 100 / len(rows), "align": "edge", "edgecolor": _INK, "linewidth": 0.5}
    top.bar(low, [100 * (row["accuracy"] or 0) for row in rows], label="accuracy", **bars)
    top.plot([0, 100], [0, 100], color=ORANGE, linestyle="--", label="perfect")
    top.set(ylabel="accuracy, %", xlim=(0, 100), ylim=(0, 100))
    top.legend(loc="upper left")
    bottom.bar(low, [row["n"] for row in rows], **bars)
    bottom.set(xlabel="confidence, %", ylabel="faces")
    return figure


@mpl.rc_context(_STYLE)
def risk_coverage(split: SplitResult, threshold: float | None) -> Figure:
    """Accuracy (1 − risk) among the most confident share of all pictures."""
    share, risk = calibration.risk_coverage(split.confidence, split.correct)
    pick = np.unique(np.linspace(0, len(share) - 1, _POINTS).round().astype(int))
    figure = Figure(_SIZE)
    axes = figure.subplots()
    axes.plot(100 * share[pick], 100 * (1 - risk[pick]))
    if threshold is not None:
        answered = 100 * float(split.sure(threshold).mean())
        axes.axvline(answered, color=ORANGE, linestyle="--", label=f"confidence ≥ {threshold:.2f}")
        axes.legend(loc="lower left")
    axes.set(xlabel="most confident share of all pictures, %", ylabel="accuracy among them, %")
    axes.set(xlim=(0, 101), ylim=(0, 101))
    return figure


def png(figure: Figure) -> bytes:
    """A figure as the bytes of a PNG file, on white."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=120, facecolor="white")
    return file.getvalue()


@mpl.rc_context(_STYLE)
def svg(figure: Figure) -> str:
    """A figure as an ``<svg>`` element for an HTML page, in the colour of its text."""
    file = io.StringIO()
    figure.savefig(file, format="svg", transparent=True, metadata=_NO_METADATA)
    text = file.getvalue()
    text = text[text.index("<svg") :].replace(_INK, "currentColor")
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r' (xmlns(:xlink)?="[^"]*"|id="[\w.]+_\d+")', "", text)  # not needed; ids would repeat
    return re.sub(r' (width|height)="[\d.]+pt"', "", text)  # the page decides
