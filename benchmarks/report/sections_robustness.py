"""The section of the report about ``robustness``."""

from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.report import figures
from benchmarks.report.formatting import percent
from benchmarks.report.result_files import Result
from evaluation.corruptions import LANDMARKS, OCCLUSIONS, PICTURES, REGIONS_OF_INTEREST
from evaluation.report.page import DASH, Block, Heading, Plot, Table, Text, Tile, number

_GROUPS = {
    "Damaged pictures": PICTURES,
    "Covered faces": OCCLUSIONS,
    "Displaced landmarks": LANDMARKS,
    "Displaced face regions": REGIONS_OF_INTEREST,
}
_REST: dict[str, tuple[str, Callable[[float | None], str]]] = {
    "coverage": ("Faces found, %", percent),
    "accuracy_found": ("Accuracy of found faces, %", percent),
    "ece": ("ECE of found faces", lambda value: number(value, ".3f")),
    "abstentions": ("Abstentions, % of found faces", percent),
}


def overview(content: dict[str, Any]) -> dict[str, str]:
    return {
        "clean, %": percent(content["clean"]["accuracy"]),
        "damaged pictures, mean, %": percent(content["mean_accuracy"]),
        "mCE": number(content["mce"], ".1f"),
        "relative mCE": number(content["relative_mce"], ".1f"),
        "against": content["reference"] or DASH,
        "pictures": str(content["n"]),
    }


def tile(result: Result) -> Tile:
    content = result.content
    clean = percent(content["clean"]["accuracy"])
    detail = f"clean {clean} %; mCE {number(content['mce'], '.1f')}; {content['n']} pictures"
    if content["mean_accuracy"] is None:
        return Tile(f"{clean} %", f"accuracy on clean pictures, {result.title}", detail)
    mean = percent(content["mean_accuracy"])
    return Tile(f"{mean} %", f"accuracy on damaged pictures, {result.title}", detail)


def section(content: dict[str, Any]) -> list[Block]:
    protocol = content["protocol"]
    intro = (
        f"Robustness protocol {protocol['version']}: {content['n']} pictures, seed {protocol['seed']}. "
        "Severity 0 is the clean picture, 5 the worst; a missed face counts as wrong. Plots: percent over "
        "severity. Line with dots: accuracy, its last value in bold type; dashed: accuracy of the clean "
        "pictures; dotted: faces found."
    )
    blocks: list[Block] = [Text(intro)]
    for title, group in _GROUPS.items():
        names = [name for name in content["corruptions"] if name in group]
        if names:
            blocks += [Heading(3, title), *_curves(names, content)]
    blocks += [
        Heading(3, "Accuracy by corruption and severity"),
        Text("In percent. The stronger the colour, the more of the clean accuracy is lost."),
        _heat(content),
        Heading(3, "Other measures by corruption and severity"),
        *(_table(key, title, write, content) for key, (title, write) in _REST.items()),
    ]
    return blocks + _errors(content)


def _curves(names: list[str], content: dict[str, Any]) -> list[Block]:
    blocks: list[Block] = []
    for name in names:
        accuracy, coverage = _row(name, "accuracy", content), _row(name, "coverage", content)
        title, shown = name.replace("_", " "), ", ".join(map(percent, accuracy))
        alt = f"{title}: accuracy {shown} % at severity 0 to {len(accuracy) - 1}"
        blocks.append(Plot(partial(figures.severities, accuracy, coverage), title, alt, small=True))
    return blocks


def _row(name: str, key: str, content: dict[str, Any]) -> list[Any]:
    """A figure at severity 0 (clean), 1, …"""
    return [content["clean"][key], *(scores[key] for scores in content["corruptions"][name].values())]


def _columns(content: dict[str, Any]) -> list[str]:
    return ["severity", "0", *next(iter(content["corruptions"].values()), {})]


def _heat(content: dict[str, Any]) -> Table:
    clean = content["clean"]["accuracy"] or 1.0
    rows, tint = [], []
    for name, severities in content["corruptions"].items():
        accuracy, worst, middle = _row(name, "accuracy", content), severities["5"], severities["3"]
        rest = percent(worst["coverage"]), number(middle["ece"], ".3f"), percent(middle["abstentions"])
        rows.append([name, *map(percent, accuracy), *rest])
        tint.append([*((clean - value) / clean for value in accuracy), 0.0, 0.0, 0.0])
    rest_columns = ("faces found at 5", "ECE at 3", "abstentions at 3")
    return Table([*_columns(content), *rest_columns], rows, tint)


def _table(key: str, title: str, write: Callable[[float | None], str], content: dict[str, Any]) -> Table:
    rows = [[name, *map(write, _row(name, key, content))] for name in content["corruptions"]]
    return Table(_columns(content), rows, folded=title)


def _errors(content: dict[str, Any]) -> list[Block]:
    if content["mce"] is None:
        return [Text("No mean corruption error: no reference was measured on the same pictures.")]
    text = (
        f"100: as many errors as {content['reference']}; less is better. mCE "
        f"{number(content['mce'], '.1f')}, relative mCE {number(content['relative_mce'], '.1f')}."
    )
    rows = [
        [name, number(value, ".1f"), number(content["relative_ce"].get(name), ".1f")]
        for name, value in content["ce"].items()
    ]
    return [Heading(3, "Corruption error"), Text(text), Table(["", "CE", "relative CE"], rows)]
