"""The plots of a training run."""

from typing import TYPE_CHECKING

from evaluation.report.figures import INK, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def learning_curve(history: list[dict[str, float]], word: str, best_epoch: int | None) -> "Figure":
    """All columns of the history whose name holds ``word``: ``"loss"`` (nats) or ``"accuracy"`` (0–1)."""
    figure = new_figure()
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
