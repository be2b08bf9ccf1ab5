"""What the report says of ``robustness``."""

from collections.abc import Callable
from typing import Any

from benchmarks.report.page import Block, Heading, Plot, Table, Text, Tile
from benchmarks.report.plots import severities
from benchmarks.report.result_files import Result
from benchmarks.report.words import facts, number, points
from benchmarks.robustness.corruptions import LANDMARKS, OCCLUSIONS, PICTURES, REGIONS_OF_INTEREST

COLUMNS = (
    "robustness",
    "clean, %",
    "damaged pictures, mean, %",
    "mCE",
    "relative mCE",
    "against",
    "pictures",
)
"""Of the overview."""

_GROUPS = {
    "Damaged pictures": PICTURES,
    "Covered faces": OCCLUSIONS,
    "Landmarks that are off": LANDMARKS,
    "Face regions that are off": REGIONS_OF_INTEREST,
}
_REST: dict[str, tuple[str, Callable[[float | None], str]]] = {
    "coverage": ("Faces found, %", points),
    "accuracy_found": ("Accuracy of found faces, %", points),
    "ece": ("ECE of found faces", lambda value: number(value, 3)),
    "abstentions": ("Abstentions, % of found faces", points),
}


def overview(result: Result) -> list[str]:
    """One row of the overview."""
    content = result.content
    return [
        result.title,
        points(content["clean"]["accuracy"]),
        points(content["mean_accuracy"]),
        number(content["mce"], 1),
        number(content["relative_mce"], 1),
        content["reference"] or "–",
        str(content["n"]),
    ]


def tile(result: Result) -> Tile:
    """The figure that stands for it."""
    content = result.content
    clean = points(content["clean"]["accuracy"])
    detail = f"clean {clean} %; mCE {number(content['mce'], 1)}; {content['n']} pictures"
    if content["mean_accuracy"] is None:
        return Tile(
            f"{points(content['clean']['accuracy'])} %",
            f"right on clean pictures, {result.title}",
            detail,
        )
    return Tile(f"{points(content['mean_accuracy'])} %", f"right on damaged pictures, {result.title}", detail)


def section(result: Result) -> list[Block]:
    """All of it."""
    content = result.content
    protocol = content["protocol"]
    intro = (
        f"Robustness protocol {protocol['version']}: {content['n']} pictures, seed {protocol['seed']}. "
        "Severity 0 is the clean picture, 5 the worst; a missed face is wrong. Curves are percent over "
        "severity. Line with dots: accuracy, its last value in bold type; dashed: accuracy of the clean "
        "pictures; dotted: faces found."
    )
    blocks: list[Block] = [Heading(2, f"Robustness: {result.title}"), Text(intro)]
    for title, group in _GROUPS.items():
        names = [name for name in content["corruptions"] if name in group]
        if names:
            blocks += [Heading(3, title), _curves(names, content)]
    blocks += [
        Heading(3, "Where it hurts"),
        Text("Accuracy in %. The stronger the colour, the more of the clean accuracy is lost."),
        _heat(content),
        Heading(3, "What else changes"),
        *(_table(key, title, write, content) for key, (title, write) in _REST.items()),
    ]
    return [*blocks, *_errors(content), facts(result)]


def _curves(names: list[str], content: dict[str, Any]) -> Plot:
    drawings = []
    for name in names:
        accuracy, coverage = _row(name, "accuracy", content), _row(name, "coverage", content)
        title = f"{name}: accuracy {', '.join(map(points, accuracy))} % at severity 0 to {len(accuracy) - 1}"
        drawings.append(severities(name.replace("_", " "), accuracy, coverage, title))
    return Plot(drawings, "")


def _row(name: str, key: str, content: dict[str, Any]) -> list[Any]:
    """A figure at severity 0 (clean), 1, …"""
    return [content["clean"][key], *(scores[key] for scores in content["corruptions"][name].values())]


def _columns(content: dict[str, Any]) -> list[str]:
    return ["severity", "0", *next(iter(content["corruptions"].values()), {})]


def _heat(content: dict[str, Any]) -> Table:
    clean = content["clean"]["accuracy"] or 1.0
    rows = [[name, *map(points, _row(name, "accuracy", content))] for name in content["corruptions"]]
    tint = [
        [(clean - value) / clean for value in _row(name, "accuracy", content)]
        for name in content["corruptions"]
    ]
    return Table(_columns(content), rows, tint)


def _table(key: str, title: str, write: Callable[[float | None], str], content: dict[str, Any]) -> Table:
    rows = [[name, *map(write, _row(name, key, content))] for name in content["corruptions"]]
    return Table(_columns(content), rows, folded=title)


def _errors(content: dict[str, Any]) -> list[Block]:
    if content["mce"] is None:
        return [
            Text("No mean corruption error: there is no reference that was measured on the same pictures.")
        ]
    text = (
        f"100 is as often wrong as {content['reference']}, less is better. mCE {number(content['mce'], 1)}, "
        f"relative mCE {number(content['relative_mce'], 1)}."
    )
    rows = [
        [name, number(value, 1), number(content["relative_ce"].get(name), 1)]
        for name, value in content["ce"].items()
    ]
    return [Heading(3, "Corruption error"), Text(text), Table(["", "CE", "relative CE"], rows)]
