"""The tables, plots and page of ``baselines.json``."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.core.files import write_atomic
from evaluation.report import page
from evaluation.report.figures import BLUE, ORANGE, new_figure
from evaluation.report.page import DASH, Block, Heading, Plot, Table, Text, number
from train.baselines.registry import BUNDLE, METHODS, experiments, published
from train.baselines.results import Results

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLUMNS = (
    *("method", "training rows", "accuracy, %", "macro F1, %", "coverage, %", "other origin, %"),
    *("training, s", "size, kB", "prediction, µs", "landmark network, µs"),
)
_ABOUT = (
    "Accuracy counts a face that was not found as a wrong answer; coverage is the share of faces that were "
    "found. Protocol “duplicates removed”: training pictures that are also evaluation pictures are not "
    "trained on; “usual”: they are, as in most published figures, which is a leak. The evaluation rows chose "
    "nothing: searches and early stopping go by a held-out tenth of the training rows. A prediction is timed "
    "from the landmarks (or the 48×48 picture) of one face to its probabilities; the landmark network, which "
    "runs before each of them but those on pictures, was timed beside it. The size is that of the pickled "
    "scikit-learn pipeline or of the TFLite network. Bundles see one pass over each face here, not the "
    "mirrored one as well, and were trained on all training rows."
)


def write(folder: Path, results: Results) -> None:
    """Write ``baselines.html`` with all confusion matrices, ``baselines.md`` without them, and the plots.

    Raises:
        ModuleNotFoundError: Jinja2 or matplotlib is not installed.
        OSError: a full disk, for instance.
    """
    blocks = list(contents(results))
    short = [each for each in blocks if not (isinstance(each, Table) and each.diagonal)]
    files = page.png_files(blocks) | {
        "baselines.md": page.markdown(short).encode(),
        "baselines.html": page.html(blocks).encode(),
    }
    for name, content in files.items():
        write_atomic(folder / name, content)


def contents(results: Results) -> Iterator[Block]:
    """The blocks of the report: for each data, split, label set and protocol a table, then all matrices."""
    yield Heading(1, "Baselines")
    yield Text(_ABOUT)
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in results.rows:
        place = (row["data"], row["split"], row["labels"], row["protocol"], row["quick"])
        groups.setdefault(place, []).append(row)
    for count, (place, rows) in enumerate(groups.items(), 1):
        yield from _group(count, place, sorted(rows, key=_order))
    methods = [name for name in METHODS if any(row["method"] == name for row in results.rows)]
    yield Heading(2, "Published figures")
    yield Table(["method", "figure and protocol"], [[name, published(name)] for name in methods], facts=True)
    if results.skipped:
        yield Heading(2, "Not measured")
        reasons = {(f"{row['method']}/{row['experiment']}", row["reason"]): None for row in results.skipped}
        yield Table(["experiment", "reason"], [list(each) for each in reasons], facts=True)


def _group(count: int, place: tuple[Any, ...], rows: list[dict[str, Any]]) -> Iterator[Block]:
    data, split, labels, protocol, quick = place
    title = f"{data}, {split}, {labels} classes, {protocol}"
    yield Heading(2, f"{title}, quick" if quick else title)
    evaluated = sorted({row["rows"]["evaluation"] for row in rows})
    quickly = " A quick run: subsets, by a fixed seed." if quick else ""
    yield Text(f"{' to '.join(map(str, evaluated))} evaluation rows.{quickly}")
    yield Table(_COLUMNS, [_cells(row) for row in rows])
    bars = [(_name(row), row["accuracy"], row["method"] == BUNDLE) for row in rows]
    caption = f"Accuracy, {title}, in %; bundles in orange, with a star."
    yield Plot(partial(_bars, bars), caption, file=f"accuracy-{count}.png")
    names = [f"recall of {name}, %" for name in rows[0]["classes"]]
    recalls = [[_name(row), *(_percent(each) for each in row["recall"].values())] for row in rows]
    yield Table(["method", *names], recalls, folded="Recall of each class")
    yield Table(
        ["method", "command"],
        [[_name(row), row["command"]] for row in rows],
        facts=True,
        folded="The command of each row",
    )
    for row in rows:
        yield _matrix(row)


def _order(row: dict[str, Any]) -> int:
    """Place in the order of the registry; a row of another version comes last."""
    names = [each.full_name for each in experiments(None, quick=False)]
    return names.index(_name(row)) if _name(row) in names else len(names)


def _name(row: dict[str, Any]) -> str:
    return f"{row['method']}/{row['experiment']}"


def _percent(value: float | None) -> str:
    return DASH if value is None else f"{100 * value:.1f}"


def _cells(row: dict[str, Any]) -> list[str]:
    other, size, counts = row.get("other"), row["size_bytes"], row["rows"]
    training = DASH if counts["training"] is None else str(counts["training"])
    if counts["training"] != counts["of"]:
        training += f" of {counts['of']}"
    return [
        _name(row),
        training,
        _percent(row["accuracy"]),
        _percent(row["macro_f1"]),
        _percent(row["coverage"]),
        _percent(other["accuracy"]) if other else DASH,
        number(row["train_seconds"], ".1f"),
        f"{size / 1000:.0f}",
        number(row["latency_us"], ".0f"),
        number(row["landmark_network_us"], ".0f"),
    ]


def _matrix(row: dict[str, Any]) -> Table:
    confusion = row["confusion"]
    counts = confusion["counts"]
    table = [[name, *map(str, line)] for name, line in zip(confusion["rows"], counts, strict=True)]
    tint = [[value / max(1, sum(line)) for value in line] for line in counts]
    columns = ["true class", *confusion["columns"]]
    return Table(columns, table, tint, diagonal=True, folded=f"Confusion matrix of {_name(row)}")


def _bars(bars: list[tuple[str, float, bool]]) -> "Figure":
    """Horizontal bars of the accuracy, in the order of the table."""
    figure = new_figure(6.4, 0.8 + 0.2 * len(bars))
    axes = figure.subplots()
    names = [f"{name} *" if bundle else name for name, _, bundle in bars]
    colors = [ORANGE if bundle else BLUE for _, _, bundle in bars]
    drawn = axes.barh(range(len(bars)), [100 * value for _, value, _ in bars], color=colors)
    axes.bar_label(drawn, fmt="%.1f", padding=2, fontsize=7)
    axes.set_yticks(range(len(bars)), names, fontsize=7)
    axes.set(xlabel="accuracy, %", xlim=(0, 100), ylim=(len(bars) - 0.4, -0.6))
    return figure
