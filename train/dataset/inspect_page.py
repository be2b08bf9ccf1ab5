"""The contents of the page that ``train.dataset.inspect_data`` writes, block by block."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from edge.core.text import escaped
from evaluation.label_sets import EMOTIONS
from evaluation.report.figures import GREEN, RED, new_figure
from evaluation.report.page import DASH, Block, Heading, Plot, Table, Text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Results = dict[str, Any]
"""The results of ``inspect_data.of_pictures`` and ``inspect_data.of_landmarks``."""


def title(results: Results) -> list[Block]:
    """The blocks above the contents, in the page only: a terminal shows the command there."""
    return [Heading(1, results["data"]), Text(f"{results['rows']:,} labelled rows")]


def contents(results: Results) -> list[Block]:
    """All blocks, without those that the data has no values for."""
    blocks = [*_classes(results), *_balance(results)]
    if "coverage" in results:
        blocks += coverage(results["coverage"], results["classes"])
        draw = partial(_draw_histogram, results["presence"], "presence")
        blocks.append(Plot(draw, "Presence of the faces found"))
    blocks += _duplicates(results)
    if "size" in results:
        blocks += _sizes(results)
    if results["votes"]:
        blocks += _votes(results)
    return [*blocks, *_bad(results)]


def _classes(results: Results) -> Iterator[Block]:
    by_split: dict[str, dict[str, int]] = results["classes"]
    rows = [
        [label, *_with_sum([counts.get(label, 0) for counts in by_split.values()], results["rows"])]
        for label in _present(by_split)
    ]
    rows.append(["all", *_with_sum([sum(counts.values()) for counts in by_split.values()], results["rows"])])
    yield Heading(2, "Classes")
    yield Table(["class", *by_split, "sum", "share"], rows)
    if results.get("subjects"):
        yield Text(f"{results['subjects']} subjects, {results['sequences']} sequences")
    yield Plot(partial(_draw_classes, by_split), "Rows of each class, by split")


def _present(by_split: dict[str, dict[str, int]]) -> list[str]:
    return [label for label in EMOTIONS if any(label in counts for counts in by_split.values())]


def _with_sum(counts: list[int], total: int) -> list[str]:
    return [*map(str, counts), str(sum(counts)), f"{sum(counts) / total:.1%}"]


def _balance(results: Results) -> Iterator[Block]:
    training, balance = results["training"], results["balance"]
    yield Heading(2, "Balance of the training rows")
    if not balance:
        yield Text("no split of this data is used for training")
        return
    over, under = balance["oversampled"], balance["undersampled"]
    total, classes = sum(training.values()), len(training)
    rows = [
        [label, str(count), f"{count / total:.1%}", f"{balance['weight'][label]:.2f}", str(over), str(under)]
        for label, count in training.items()
    ]
    rows.append(["all", str(total), "100.0%", "", str(over * classes), str(under * classes)])
    yield Table(["class", "rows", "share", "class weight", "oversampled", "undersampled"], rows)
    ratio = max(training.values()) / min(training.values())
    yield Text(f"the largest class has {ratio:.1f} times the rows of the smallest")
    caption = "Training rows of each class and its weight; dashed: rows of each class after balancing"
    yield Plot(partial(_draw_balance, training, balance), caption)


def coverage(
    found_by_split: dict[str, dict[str, int]], all_by_split: dict[str, dict[str, int]]
) -> Iterator[Block]:
    """The faces found among all pictures, both given by split and class."""
    rows = []
    for label in [*EMOTIONS, "all"]:
        cells = []
        for split, total in all_by_split.items():
            chosen = total if label == "all" else {label: total.get(label, 0)}
            found = sum(found_by_split[split].get(name, 0) for name in chosen)
            count = sum(chosen.values())
            cells.append(f"{found} of {count} {found / count:7.1%}" if count else DASH)
        if any(cell != DASH for cell in cells):
            rows.append([label, *cells])
    yield Heading(2, "Faces found")
    yield Table(["class", *all_by_split], rows)


def _duplicates(results: Results) -> Iterator[Block]:
    found = results["duplicates"]
    rows = [[f"copies within {split}", str(count)] for split, count in found["within"].items()]
    rows += [
        [f"leaks: in {' and in '.join(entry['splits'])}", str(entry["pictures"])]
        for entry in found["between"]
    ]
    if not found["between"] and len(found["within"]) > 1:
        rows.append(["leaks between splits", "0"])
    rows.append(["with more than one label", str(found["different_labels"])])
    yield Heading(2, "Identical pictures")
    yield Table(["", "pictures"], rows)
    notes = [escaped(f"leak: {' = '.join(names)}") for names in found["first_between"]]
    notes += [escaped(f"copy: {' = '.join(names)}") for names in found["first_within"]]
    if notes:
        yield Text("\n".join(notes))


def _sizes(results: Results) -> Iterator[Block]:
    rows = [[f"{side}, px", *map(str, quantiles.values())] for side, quantiles in results["size"].items()]
    yield Heading(2, "Picture size")
    yield Table(["", *results["size"]["width"]], rows)
    yield Text(f"{results['grey']:.1%} of the pictures are grey")
    for side, histogram in results["size_histogram"].items():
        yield Plot(partial(_draw_histogram, histogram, "px"), f"{side.capitalize()} of the pictures")


def _votes(results: Results) -> Iterator[Block]:
    votes = results["votes"]
    rows = [
        ["rows with votes", f"{votes['share']:.1%}"],
        ["of these: one emotion has most votes", f"{votes['clear']:.1%}"],
    ]
    if votes["agreement"] is not None:
        rows.append(["of these: it is the label", f"{votes['agreement']:.1%}"])
    yield Heading(2, "FER+ votes")
    yield Table(["", "share"], rows)
    caption = "Entropy of a picture's votes for the eight emotions"
    yield Plot(partial(_draw_histogram, votes["entropy"], "bits"), caption)


def _bad(results: Results) -> Iterator[Block]:
    bad = results["bad"]
    notes = [f"{bad['count']} found", *map(escaped, bad["first"])]
    if len(bad["first"]) < bad["count"] and bad["first"]:
        notes.append("…")
    yield Heading(2, "Problems")
    yield Text("\n".join(notes))


# ---- plots ----


def _draw_classes(by_split: dict[str, dict[str, int]]) -> "Figure":
    figure = new_figure()
    axes = figure.subplots()
    present, height = _present(by_split), 0.8 / len(by_split)
    for number, (split, counts) in enumerate(by_split.items()):
        places = [i - 0.4 + (number + 0.5) * height for i in range(len(present))]
        name = f" {split}"  # matplotlib excludes names from a legend that begin with _
        axes.barh(places, [counts.get(label, 0) for label in present], height, label=name)
    axes.set_yticks(range(len(present)), present)
    axes.set_xlabel("rows")
    _finish_bars(figure, axes)
    return figure


def _draw_balance(training: dict[str, int], balance: dict[str, Any]) -> "Figure":
    figure = new_figure()
    axes = figure.subplots()
    axes.barh(list(training), list(training.values()), 0.6)
    for key, color in (("oversampled", GREEN), ("undersampled", RED)):
        axes.axvline(balance[key], color=color, linestyle="--", label=f"{key}: {balance[key]} each")
    for place, (label, count) in enumerate(training.items()):
        weight = f"× {balance['weight'][label]:.2f}"
        axes.annotate(weight, (count, place), (4, 0), textcoords="offset points", va="center", fontsize=8)
    axes.set_xlabel("training rows (× class weight)")
    axes.margins(x=0.15)  # room for the weights
    _finish_bars(figure, axes)
    return figure


def _finish_bars(figure: "Figure", axes: "Axes") -> None:
    """Put the first class at the top, and the legend above the plot, where it covers nothing."""
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    figure.legend(loc="outside upper left", ncols=2)


def _draw_histogram(histogram: dict[str, list[float]], unit: str) -> "Figure":
    figure = new_figure()
    axes = figure.subplots()
    axes.stairs(histogram["counts"], histogram["edges"], fill=True)
    axes.locator_params(axis="x", integer=unit == "px")
    axes.set(xlabel=unit, ylabel="pictures")
    return figure
