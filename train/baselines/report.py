"""The tables, plots and page of ``baselines.json``."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edge.core.files import write_atomic
from evaluation import metrics
from evaluation.report import page
from evaluation.report.figures import BLUE, ORANGE, new_figure
from evaluation.report.page import DASH, Block, Heading, Plot, Table, Text, number
from train.baselines import damage_report
from train.baselines.data import PROTOCOLS
from train.baselines.method import PICTURES
from train.baselines.near_copies import CORRELATION
from train.baselines.registry import BUNDLE, METHODS, experiments, published
from train.baselines.results import Results, name_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLUMNS = (
    *("method", "training rows", "accuracy, %", "macro F1, %", "coverage, %", "other origin, %"),
    *("damaged, %", "training, s", "size, kB", "prediction, µs", "landmark network, µs"),
)
_PLACE = ("data_sha256", "data", "split", "labels", "protocol", "quick")
"""What rows of one table have in common."""
_ON_NEAR_COPIES = (
    "Some evaluation faces look like a training face, such as another crop of the same photograph: their "
    f"aligned textures correlate by {CORRELATION} or more. Removing identical pictures leaves them. Measured "
    "on the faces that were found, for methods that were trained on all rows. Where the gap is wider than "
    "that of other methods, the method remembers faces."
)
FASTER, MORE_ACCURATE = 0.9, 0.01
"""A baseline is faster than a bundle in less than this share of its time, and more accurate by more than
this: smaller differences change from run to run."""
_SKIPPED = ("data_sha256", "labels", "protocol", "quick")
_ABOUT = (
    "Accuracy counts a face that was not found as a wrong answer; coverage is the share of faces that "
    "were found; “damaged” is the accuracy on some of the evaluation pictures, with noise or a covered "
    "part of the face. Protocol “duplicates removed”: training pictures that are also evaluation "
    "pictures are not trained on; “usual”: they are, as in most published figures, which is a leak. The "
    "evaluation rows chose no baseline: searches and early stopping go by held-out training rows. A "
    "prediction is timed from what the method takes (landmarks, the picture, or the face cut out of it) to "
    "the probabilities of one face; the landmark network, which runs before each of them but those on whole "
    "pictures, was timed beside it. The size is that of the pickled scikit-learn pipeline or of the TFLite "
    "network. Bundles see one pass over each face here, not the mirrored one as well, and were trained on "
    "FER2013, not on the data at hand."
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
    """The blocks of the report: the tables of each data, split, label set and protocol; all matrices."""
    yield Heading(1, "Baselines")
    yield Text(_ABOUT)
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in results.rows:
        groups.setdefault(tuple(row[key] for key in _PLACE), []).append(row)
    # The order of the registry; a row of another version comes last.
    order = {each.full_name: place for place, each in enumerate(experiments(None, quick=False))}
    for count, (place, rows) in enumerate(groups.items(), 1):
        rows.sort(key=lambda row: order.get(name_of(row), len(order)))
        skipped = [each for each in results.skipped if all(each[key] == rows[0][key] for key in _SKIPPED)]
        yield from _group(count, dict(zip(_PLACE, place, strict=True)), rows, skipped)
    methods = [name for name in METHODS if any(row["method"] == name for row in results.rows)]
    yield Heading(2, "Published figures")
    yield Table(["method", "figure and protocol"], [[name, published(name)] for name in methods], facts=True)
    if results.skipped:
        yield Heading(2, "Not measured")
        reasons = {(name_of(row), row["reason"]): None for row in results.skipped}
        yield Table(["experiment", "reason"], [list(each) for each in reasons], facts=True)


def _group(
    count: int, place: dict[str, Any], rows: list[dict[str, Any]], skipped: list[dict[str, Any]]
) -> Iterator[Block]:
    title = "{data}, {split}, {labels} classes, {protocol}".format(**place)
    yield Heading(2, f"{title}, quick" if place["quick"] else title)
    evaluated = sorted({row["rows"]["evaluation"] for row in rows})
    quickly = " A quick run: subsets, by a fixed seed." if place["quick"] else ""
    yield Text(f"{' to '.join(map(str, evaluated))} evaluation rows.{quickly}")
    not_measured = dict.fromkeys(each["method"] for each in skipped)
    dashes = [[f"{name}, see “Not measured”", *[DASH] * (len(_COLUMNS) - 1)] for name in not_measured]
    yield Table(_COLUMNS, [*map(_cells, rows), *dashes])
    yield Text(verdict(rows))
    bars = [(name_of(row), row["accuracy"], row["method"] == BUNDLE) for row in rows]
    caption = f"Accuracy, {title}, in %; bundles in orange, with a star."
    yield Plot(partial(_bars, bars), caption, file=f"accuracy-{count}.png")
    names = [f"recall of {name}, %" for name in rows[0]["classes"]]
    recalls = [[name_of(row), *(percent(each) for each in row["recall"].values())] for row in rows]
    yield Table(["method", *names], recalls, folded="Recall of each class")
    yield from _near_copies(rows)
    if not PROTOCOLS[place["protocol"]]:
        yield from damage_report.contents(count, title, rows)
    yield Table(
        ["method", "command"],
        [[name_of(row), row["command"]] for row in rows],
        facts=True,
        folded="The command of each row",
    )
    for row in rows:
        yield _matrix(row)


def _near_copies(rows: list[dict[str, Any]]) -> Iterator[Block]:
    measured = [(row, near) for row in rows if (near := row.get("near_copies"))]
    if not measured:
        return
    yield Heading(3, "Does a method remember faces?")
    counts = sorted({near["rows"] for _, near in measured})
    yield Text(f"{_ON_NEAR_COPIES} {' to '.join(map(str, counts))} faces are near copies.")
    yield Table(
        ["method", "accuracy, %", "on near copies, %", "on the others, %"],
        [
            [name_of(row), *map(percent, (row["accuracy"], near["accuracy"], near["accuracy_others"]))]
            for row, near in measured
        ],
    )


def verdict(rows: list[dict[str, Any]]) -> str:
    """Which baselines are both more accurate and faster than a bundle.

    The time of an answer is that of the landmark network, which methods on the whole picture do without, and
    of the prediction.
    """
    better = []
    for bundle in (row for row in rows if row["method"] == BUNDLE):
        limit = FASTER * _time(bundle)
        for row in (row for row in rows if row["method"] != BUNDLE and _time(row) < limit):
            if row["accuracy"] - bundle["accuracy"] > MORE_ACCURATE:
                better.append(f"{name_of(row)} than {bundle['experiment']}")
            other, of_bundle = row["other"], bundle["other"]
            if other and of_bundle and other["accuracy"] - of_bundle["accuracy"] > MORE_ACCURATE:
                better.append(f"{name_of(row)} than {bundle['experiment']} on other origin")
    margins = f"by more than {100 * MORE_ACCURATE:.0f} point; in less than {100 * FASTER:.0f} % of the time"
    if not any(row["method"] == BUNDLE for row in rows):
        return "No bundle was measured beside these."
    if not better:
        return (
            "No baseline is both more accurate and faster than a bundle, on these rows or on other origin "
            f"({margins})."
        )
    return f"Both more accurate and faster: {', '.join(better)} ({margins})."


def _time(row: dict[str, Any]) -> float:
    """Time of an answer, in times of the landmark network."""
    landmark_network = row["landmark_network_us"] or 1.0
    return float((row["needs"] != [PICTURES]) + (row["latency_us"] or 0) / landmark_network)


def percent(value: float | None) -> str:
    """A share in %, or a dash."""
    return DASH if value is None else f"{100 * value:.1f}"


def _cells(row: dict[str, Any]) -> list[str]:
    other, size, counts = row["other"], row["size_bytes"], row["rows"]
    robustness = damage_report.of_split(row)
    training = DASH if counts["training"] is None else str(counts["training"])
    if counts["training"] != counts["of"]:
        training += f" of {counts['of']}"
    return [
        name_of(row),
        training,
        percent(row["accuracy"]),
        percent(row["macro_f1"]),
        percent(row["coverage"]),
        percent(other["accuracy"]) if other else DASH,
        percent(robustness["mean"]) if robustness else DASH,
        number(row["train_seconds"], ".1f"),
        f"{size / 1000:.0f}",
        number(row["latency_us"], ".0f"),
        number(row["landmark_network_us"], ".0f"),
    ]


def _matrix(row: dict[str, Any]) -> Table:
    """Counts, and precision, recall and F1 of each class in %."""
    confusion = row["confusion"]
    counts = np.array(confusion["counts"])
    scores = metrics.precision_recall_f1(counts)
    table = [
        [name, *map(str, line), *(DASH if np.isnan(each) else f"{100 * each:.0f}" for each in of_class)]
        for name, line, of_class in zip(confusion["rows"], counts, scores, strict=True)
    ]
    tint = np.pad(counts / counts.sum(axis=1).clip(1)[:, None], ((0, 0), (0, scores.shape[1]))).tolist()
    columns = ["true class", *confusion["columns"], "precision", "recall", "F1"]
    return Table(columns, table, tint, diagonal=True, folded=f"Confusion matrix of {name_of(row)}")


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
