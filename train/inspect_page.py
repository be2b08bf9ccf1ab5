"""The figures of ``train.inspect_data`` for people: text, and a page with plots."""

import io
from collections.abc import Callable
from html import escape
from typing import Any, NamedTuple

import matplotlib as mpl

mpl.use("Agg")  # files only, no window
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from edge.core.labels import EMOTIONS

Results = dict[str, Any]
"""What ``of_pictures`` and ``of_landmarks`` give."""


class Section(NamedTuple):
    """A table under a title; the first column is text, the others are numbers."""

    title: str
    header: list[str]
    rows: list[list[str]]
    notes: list[str]


def sections(results: Results) -> list[Section]:
    """All figures as tables, those without content left out."""
    made = [_classes(results), _balance(results), _coverage(results), _duplicates(results)]
    made += [_looks(results), _votes(results), _bad(results)]
    return [section for section in made if section is not None]


def text(parts: list[Section]) -> str:
    """For a terminal."""
    lines = []
    for part in parts:
        table = [part.header, *part.rows]
        widths = [max(len(row[i]) for row in table) for i in range(len(part.header))] if part.rows else []
        lines += ["", part.title.upper()]
        for row in table if part.rows else []:
            cells = [row[0].ljust(widths[0])]
            cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
            lines.append("  ".join(cells).rstrip())
        lines += part.notes
    return "\n".join(lines[1:])


def html(parts: list[Section], results: Results) -> str:
    """One page that needs no other file."""
    plots = {
        "Classes": _plot(_draw_classes, results),
        "Balance of the training rows": _plot(_draw_balance, results) if results["balance"] else "",
        "Faces found": _plot(_draw_presence, results) if "presence" in results else "",
        "Picture size": _plot(_draw_sizes, results) if "size" in results else "",
        "FER+ votes": _plot(_draw_entropy, results) if results["votes"] else "",
    }
    body = [f"<h1>{escape(results['data'])}</h1>", f"<p>{results['rows']:,} labelled rows</p>"]
    for part in parts:
        body.append(f"<h2>{escape(part.title)}</h2>")
        if part.rows:
            rows = [_html_row(part.header, "th"), *(_html_row(row, "td") for row in part.rows)]
            body.append(f'<div class="wide"><table>{"".join(rows)}</table></div>')
        body += [f"<p>{escape(note)}</p>" for note in part.notes]
        body.append(plots.get(part.title, ""))
    return _PAGE.format(title=escape(results["data"]), body="\n".join(body))


# ---- tables ----


def _classes(results: Results) -> Section:
    by_split: dict[str, dict[str, int]] = results["classes"]
    present = [label for label in EMOTIONS if any(label in counts for counts in by_split.values())]
    rows = [
        [label, *_with_sum([counts.get(label, 0) for counts in by_split.values()], results["rows"])]
        for label in present
    ]
    rows.append(["all", *_with_sum([sum(counts.values()) for counts in by_split.values()], results["rows"])])
    notes = []
    if results.get("subjects"):
        notes = [f"{results['subjects']} subjects, {results['sequences']} sequences"]
    return Section("Classes", ["class", *by_split, "sum", "share"], rows, notes)


def _with_sum(counts: list[int], total: int) -> list[str]:
    return [*map(str, counts), str(sum(counts)), f"{sum(counts) / total:.1%}"]


def _balance(results: Results) -> Section:
    title, training, balance = "Balance of the training rows", results["training"], results["balance"]
    if not balance:
        return Section(title, [], [], ["no split of this data is trained on"])
    over, under = balance["oversampled"], balance["undersampled"]
    total, classes = sum(training.values()), len(training)
    rows = [
        [label, str(count), f"{count / total:.1%}", f"{balance['weight'][label]:.2f}", str(over), str(under)]
        for label, count in training.items()
    ]
    rows.append(["all", str(total), "100.0%", "", str(over * classes), str(under * classes)])
    header = ["class", "rows", "share", "class weight", "oversampled", "undersampled"]
    ratio = max(training.values()) / min(training.values())
    return Section(title, header, rows, [f"the largest class has {ratio:.1f} times the rows of the smallest"])


def _coverage(results: Results) -> Section | None:
    if "coverage" not in results:
        return None
    rows = []
    found_by_split, all_by_split = results["coverage"], results["classes"]
    for label in [*EMOTIONS, "all"]:
        cells = []
        for split, total in all_by_split.items():
            chosen = total if label == "all" else {label: total.get(label, 0)}
            found = sum(found_by_split[split].get(name, 0) for name in chosen)
            count = sum(chosen.values())
            cells.append(f"{found} of {count} {found / count:7.1%}" if count else "–")
        if any(cell != "–" for cell in cells):
            rows.append([label, *cells])
    return Section("Faces found", ["class", *all_by_split], rows, [])


def _duplicates(results: Results) -> Section:
    found = results["duplicates"]
    rows = [[f"copies within {split}", str(count)] for split, count in found["within"].items()]
    rows += [
        [f"leaks: in {' and in '.join(entry['splits'])}", str(entry["pictures"])]
        for entry in found["between"]
    ]
    if not found["between"] and len(found["within"]) > 1:
        rows.append(["leaks between splits", "0"])
    rows.append(["with more than one label", str(found["different_labels"])])
    notes = [f"leak: {' = '.join(names)}" for names in found["first_between"]]
    notes += [f"copy: {' = '.join(names)}" for names in found["first_within"]]
    return Section("Identical pictures", ["", "pictures"], rows, notes)


def _looks(results: Results) -> Section | None:
    if "size" not in results:
        return None
    rows = [[f"{side}, px", *map(str, quantiles.values())] for side, quantiles in results["size"].items()]
    header = ["", *results["size"]["width"]]
    return Section("Picture size", header, rows, [f"{results['grey']:.1%} of the pictures are grey"])


def _votes(results: Results) -> Section | None:
    votes = results["votes"]
    if votes is None:
        return None
    rows = [
        ["rows with votes", f"{votes['share']:.1%}"],
        ["of these: one emotion has most votes", f"{votes['clear']:.1%}"],
    ]
    if votes["agreement"] is not None:
        rows.append(["of these: it is the label", f"{votes['agreement']:.1%}"])
    return Section("FER+ votes", ["", "share"], rows, [])


def _bad(results: Results) -> Section:
    bad = results["bad"]
    notes = [f"{bad['count']} skipped", *bad["first"]]
    if len(bad["first"]) < bad["count"] and bad["first"]:
        notes.append("…")
    return Section("Bad rows", [], [], notes)


# ---- page ----

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; color: #222 }}
body {{ max-width: 56rem; margin: 2rem auto; padding: 0 1rem }}
h2 {{ margin: 2.5rem 0 .5rem; font-size: 1.2rem }}
p {{ margin: .3rem 0; overflow-wrap: anywhere }}
.wide {{ overflow-x: auto }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums }}
th, td {{ padding: .2rem .8rem; text-align: right; white-space: pre; border-bottom: 1px solid #ddd }}
th:first-child, td:first-child {{ text-align: left; padding-left: 0 }}
svg {{ display: block; max-width: 100%; height: auto; margin-top: 1rem }}
</style></head><body>
{body}
</body></html>
"""


def _html_row(cells: list[str], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"


def _plot(draw: Callable[[Axes, Results], None], results: Results) -> str:
    """An svg element."""
    figure, axes = plt.subplots(figsize=(8, 3.2), layout="constrained")
    draw(axes, results)
    axes.spines[["top", "right"]].set_visible(False)
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    plt.close(figure)
    content = buffer.getvalue()
    return content[content.index("<svg") :]


def _draw_classes(axes: Axes, results: Results) -> None:
    by_split: dict[str, dict[str, int]] = results["classes"]
    present = [label for label in EMOTIONS if any(label in counts for counts in by_split.values())]
    width = 0.8 / len(by_split)
    for number, (split, counts) in enumerate(by_split.items()):
        places = [i - 0.4 + (number + 0.5) * width for i in range(len(present))]
        axes.bar(places, [counts.get(label, 0) for label in present], width, label=split)
    axes.set_xticks(range(len(present)), present)
    axes.set_ylabel("rows")
    _legend(axes)


def _draw_balance(axes: Axes, results: Results) -> None:
    training, balance = results["training"], results["balance"]
    axes.bar(list(training), list(training.values()), 0.6, label="as they are")
    for key, color in (("oversampled", "tab:green"), ("undersampled", "tab:red")):
        axes.axhline(balance[key], color=color, linestyle="--", label=f"{key}: {balance[key]} each")
    for place, (label, count) in enumerate(training.items()):
        weight = f"× {balance['weight'][label]:.2f}"
        axes.annotate(weight, (place, count), (0, 3), textcoords="offset points", ha="center", fontsize=8)
    axes.set_ylabel("training rows (× class weight)")
    axes.margins(y=0.1)
    _legend(axes)


def _draw_presence(axes: Axes, results: Results) -> None:
    _draw_histogram(axes, results["presence"])
    axes.set(xlabel="presence of the faces found", ylabel="pictures")


def _draw_sizes(axes: Axes, results: Results) -> None:
    for side, histogram in results["size_histogram"].items():
        axes.stairs(histogram["counts"], histogram["edges"], fill=True, alpha=0.5, label=side)
    axes.set(xlabel="px", ylabel="pictures")
    _legend(axes)


def _draw_entropy(axes: Axes, results: Results) -> None:
    _draw_histogram(axes, results["votes"]["entropy"])
    axes.set(xlabel="entropy of a picture's votes for the eight emotions, bits", ylabel="pictures")


def _draw_histogram(axes: Axes, histogram: dict[str, list[float]]) -> None:
    axes.stairs(histogram["counts"], histogram["edges"], fill=True)


def _legend(axes: Axes) -> None:
    """Above the plot, where nothing is hidden by it."""
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=4)
