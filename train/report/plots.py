"""The plots of the report."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from evaluation import calibration
from train.plotting import INK, ORANGE, styled
from train.report.results import SplitResult

_POINTS = 400  # of a curve are enough to see it


@styled
def learning_curve(history: list[dict[str, float]], word: str, best_epoch: int | None) -> Figure:
    """All columns of the history whose name holds ``word``, ``"loss"`` (nats) or ``"accuracy"`` (0–1)."""
    figure = Figure()
    axes = figure.subplots()
    factor, unit = (100, "accuracy of found faces, %") if word == "accuracy" else (1, "cross-entropy, nats")
    for name in (column for column in history[0] if word in column):
        label = "training (augmented)" if name == word else name.replace("_", " ")
        axes.plot([row["epoch"] for row in history], [factor * row[name] for row in history], label=label)
    if best_epoch is not None:
        axes.axvline(best_epoch, color=INK, linestyle=":", linewidth=1, label="chosen epoch")
    axes.set(xlabel="epoch", ylabel=unit)
    axes.legend()
    return figure


@styled
def reliability(rows: list[dict[str, Any]]) -> Figure:
    """Accuracy over confidence, and below it how many answers have that confidence."""
    figure = Figure()
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    low = [100 * row["low"] for row in rows]
    bars: Any = {"width": 100 / len(rows), "align": "edge", "edgecolor": INK, "linewidth": 0.5}
    top.bar(low, [100 * (row["accuracy"] or 0) for row in rows], label="accuracy", **bars)
    top.plot([0, 100], [0, 100], color=ORANGE, linestyle="--", label="perfect")
    top.set(ylabel="accuracy, %", xlim=(0, 100), ylim=(0, 100))
    top.legend(loc="upper left")
    bottom.bar(low, [row["n"] for row in rows], **bars)
    bottom.set(xlabel="confidence, %", ylabel="faces")
    return figure


@styled
def risk_coverage(split: SplitResult, threshold: float | None) -> Figure:
    """Accuracy (1 − risk) among the most confident share of all pictures."""
    share, risk = calibration.risk_coverage(split.confidence, split.correct)
    pick = np.unique(np.linspace(0, len(share) - 1, _POINTS).round().astype(int))
    figure = Figure()
    axes = figure.subplots()
    axes.plot(100 * share[pick], 100 * (1 - risk[pick]))
    if threshold is not None:
        answered = 100 * float(split.sure(threshold).mean())
        axes.axvline(answered, color=ORANGE, linestyle="--", label=f"confidence ≥ {threshold:.2f}")
        axes.legend(loc="lower left")
    axes.set(xlabel="most confident share of all pictures, %", ylabel="accuracy among them, %")
    axes.set(xlim=(0, 101), ylim=(0, 101))
    return figure
