"""Tables and pictures of the study of occlusion and noise: see ``train.baselines.damage``."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from evaluation.report.figures import new_figure
from evaluation.report.page import DASH, Block, Heading, Plot, Table, Text
from train.baselines.damage import CLEAN, GROWING, HALVES, JITTER, OF_PICTURES, REGIONS, Condition
from train.baselines.registry import BUNDLE
from train.baselines.results import name_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Row = dict[str, Any]
Array = NDArray[np.float64]

_ON_REGIONS = (
    "Change in points when a region or half of the face is covered: recall of each class, and accuracy. "
    "It is the mean over the methods; a method counts with the mean of its experiments, each bundle by "
    "itself. A face that is not found any more is wrong. Left and right are those of the picture."
)
_ON_METHODS = (
    "Accuracy in %: pictures as they are; with a region or half of the face covered; with a random "
    "patch of 10, 30 and 50 % of the face; with Gaussian noise of σ 0.08, 0.18 and 0.38 (white is 1); "
    "and with landmarks moved by σ 0.5, 2 and 5 % of the distance of the outer eye corners, for methods that "
    "take nothing else."
)


def contents(count: int, title: str, rows: Sequence[Row]) -> Iterator[Block]:
    """A table and a picture for each of the two questions.

    Args:
        count: number of the group of rows, for the names of the files.
        title: its title.
        rows: rows of ``baselines.json`` with the same data and classes; those that were not measured on
            damaged pictures are passed over.
    """
    measured = [row for row in rows if of_split(row)]
    if measured:
        yield from _regions(count, title, measured)
        yield from _methods(count, title, measured)


def of_split(row: Row) -> dict[str, Any] | None:
    """The figures of a row on damaged pictures of its own split; None: there are none."""
    figures: dict[str, Any] | None = row["robustness"]
    return figures if figures and figures.get("split", row["split"]) == row["split"] else None


def _regions(count: int, title: str, rows: Sequence[Row]) -> Iterator[Block]:
    columns, covered = [*rows[0]["classes"], "accuracy"], [*REGIONS, *HALVES]
    approaches = [np.mean([_figures(row, covered) for row in group], axis=0) for group in _by_approach(rows)]
    change: Array = 100 * np.mean(approaches, axis=0)
    names = [_words(each.name) for each in covered]
    yield Heading(3, "Which regions matter for which expression?")
    yield Text(f"{_ON_REGIONS} {rows[0]['robustness']['rows']} pictures.")
    cells = [
        [name, *(DASH if np.isnan(value) else f"{value:+.0f}" for value in line)]
        for name, line in zip(names, change, strict=True)
    ]
    tint = np.nan_to_num((-change).clip(0) / max(1.0, -np.nanmin(change)))
    yield Table(["covered", *columns], cells, tint.tolist())
    caption = f"Change of recall and accuracy in points when a region is covered, {title}."
    yield Plot(partial(_heat_map, change, names, columns), caption, file=f"regions-{count}.png")


def _methods(count: int, title: str, rows: Sequence[Row]) -> Iterator[Block]:
    conditions = [CLEAN, *OF_PICTURES, *JITTER]
    table = []
    for row in rows:
        accuracies = (_accuracy(row, each) for each in conditions)
        table.append(
            [name_of(row), *(DASH if value is None else f"{100 * value:.0f}" for value in accuracies)]
        )
    yield Heading(3, "How does each method degrade?")
    yield Text(f"{_ON_METHODS} {rows[0]['robustness']['rows']} pictures.")
    yield Table(["method", *(_words(str(each)) for each in conditions)], table)
    caption = f"Accuracy under growing damage, {title}; mean over the experiments of a method."
    yield Plot(partial(_curves, rows), caption, file=f"damage-{count}.png")


def _words(condition: str) -> str:
    return condition.replace("covered_", "").replace("_", " ").replace("/", " ")


def _by_approach(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows of each method, and each bundle by itself."""
    approaches: dict[str, list[Row]] = {}
    for row in rows:
        approaches.setdefault(name_of(row) if row["method"] == BUNDLE else row["method"], []).append(row)
    return [*approaches.values()]


def _accuracy(row: Row, condition: Condition) -> float | None:
    figures = row["robustness"]["conditions"].get(str(condition))
    return figures and float(figures["accuracy"])


def _figures(row: Row, conditions: Sequence[Condition]) -> Array:
    """Change of the recall of each class and of the accuracy: float64 (conditions, classes + 1)."""

    def of_condition(condition: Condition) -> Array:
        figures = row["robustness"]["conditions"][str(condition)]
        return np.array([*(figures["recall"][name] for name in row["classes"]), figures["accuracy"]], float)

    return np.stack([of_condition(each) - of_condition(CLEAN) for each in conditions])


def _heat_map(change: Array, rows: Sequence[str], columns: Sequence[str]) -> "Figure":
    figure = new_figure(5.2, 3.2)
    axes = figure.subplots()
    axes.grid(visible=False)
    limit = max(1.0, float(np.nanmax(np.abs(change))))
    drawn = axes.imshow(change, cmap="RdBu", vmin=-limit, vmax=limit, aspect="auto")
    figure.colorbar(drawn, label="points")
    axes.set_xticks(range(len(columns)), columns, rotation=45, ha="right")
    axes.set_yticks(range(len(rows)), rows)
    return figure


def _curves(rows: Sequence[Row]) -> "Figure":
    """Accuracy under growing damage: a panel for each kind of it."""
    figure = new_figure(9, 3.6)
    panels = figure.subplots(1, len(GROWING), sharey=True)
    for panel, (name, conditions) in zip(panels, GROWING.items(), strict=True):
        steps = [CLEAN, *conditions]
        for place, group in enumerate(_by_approach(rows)):
            asked = [row for row in group if _accuracy(row, conditions[0]) is not None]
            if not asked:
                continue
            accuracies = np.array([[_accuracy(row, each) for each in steps] for row in asked], float)
            bundle = group[0]["method"] == BUNDLE
            label = name_of(group[0]) if bundle else group[0]["method"]
            how = {"linestyle": "--" if bundle else "-", "color": f"C{place % 6}", "label": label}
            panel.plot([each.severity for each in steps], 100 * accuracies.mean(axis=0), **how)
        panel.set(xlabel=f"severity of {_words(name)}", ylim=(0, 100))
    panels[0].set_ylabel("accuracy, %")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right upper", fontsize=7)
    return figure
