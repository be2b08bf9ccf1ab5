"""The report that ``fit`` writes for people: numbers, plots and pictures, as a page and as Markdown."""

import csv
import json
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from edge.core.errors import DataError, as_data_error, first_line
from edge.core.files import write_atomic
from edge.core.text import escaped
from evaluation.report import page
from evaluation.report.page import number
from train.report import results, samples
from train.report.contents import ReportInput, contents
from train.report.results import SplitResult

_FROM_SAME_RUN = ("settings", "rows", "teachers", "best_epoch")
"""Keys of ``run.json`` that a bundle copies from the run it was made from."""


def save(
    folder: Path, info: dict[str, Any], history: list[dict[str, float]], splits: list[SplitResult]
) -> None:
    """Write the files that the report is made from: ``run.json history.csv report.json predictions.npz``.

    Args:
        folder: the run folder.
        info: facts about the run; ``labels``, the names of the C classes, is required.
        history: one entry for each epoch, each with ``epoch`` and the same keys.
        splits: the answers, validation first; splits without pictures are excluded.

    Raises:
        OSError: a full disk, for instance.
    """
    splits = [split for split in splits if len(split.true)]
    scores = [{"name": split.name, **split.scores(info["labels"])} for split in splits]
    _write_json(folder / "run.json", info)
    _write_json(folder / "report.json", {"splits": scores})
    with (folder / "history.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, history[0].keys() if history else ())
        writer.writeheader()
        writer.writerows(history)
    results.save(folder, splits)


def render(folder: Path, bundle: Path | None, data: Path | None) -> None:
    """Write ``report.html``, which needs no other file, ``report.md`` and its plots (PNG).

    Args:
        folder: the run folder.
        bundle: a bundle that was made from the run: the report then compares int8 with float.
        data: the pictures that the landmarks were extracted from: the page then shows some of them.

    Raises:
        DataError: ``folder`` is not a complete run folder, the bundle was not made from it, or the data
            has none of its pictures.
        OSError: a full disk, for instance.
    """
    run = _read(folder)
    int8 = _int8(bundle, run.info) if bundle else None
    pictures = samples.read(data, run.splits) if data else {}
    with as_data_error(
        f"no report of {folder}{f' and {bundle}' if bundle else ''} can be made", "train or convert again"
    ):
        files = _files(replace(run, int8=int8, pictures=pictures))
    _write_report(folder, files)


def render_if_possible(folder: Path, data: Path | None) -> None:
    """``render`` for a run that was just saved; any error is only a line on stderr: the training is kept."""
    again = ["mien", "train", "report", str(folder)]
    with _warned("no report of the run", again):
        run, pictures = _read(folder), {}
        if data is not None:
            with _warned("no pictures in the report", [*again, "--data", str(data)]):
                pictures = samples.read(data, run.splits)
        _write_report(folder, _files(replace(run, pictures=pictures)))


@contextmanager
def _warned(what: str, again: list[str]) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        reason = escaped(first_line(error))
        print(f"warning: {what} ({reason}): `{shlex.join(again)}` tries again", file=sys.stderr)


def _read(folder: Path) -> ReportInput:
    with as_data_error(f"{folder} is not a complete run folder", "train again"):
        info = json.loads((folder / "run.json").read_text())
        scores = json.loads((folder / "report.json").read_text())["splits"]
        with (folder / "history.csv").open(newline="") as file:
            history = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
        splits = results.load(folder)
        if len(splits) != len(scores) or not isinstance(info, dict) or "labels" not in info:
            raise ValueError("its files do not fit together")
        return ReportInput(info, history, splits, scores)


def summary(splits: list[SplitResult], labels: Sequence[str]) -> str:
    """One line for each split."""
    return "\n".join(
        f"{escaped(split.name)}: accuracy {scores['accuracy']:.2%} with misses counted as wrong, "
        f"{number(scores['accuracy_found'], '.2%')} of found faces, coverage {scores['coverage']:.2%}, "
        f"{scores['selective']['0.6']:.2%} in the most confident 60 %, "
        f"macro F1 {number(scores['macro_f1'], '.3f')}, {scores['n']} pictures"
        for split in splits
        if len(split.true)
        for scores in [split.scores(labels)]
    )


def _files(run: ReportInput) -> dict[str, bytes]:
    """The files of the report: name → content."""
    blocks = contents(run)
    return page.png_files(blocks) | {
        "report.html": page.html(blocks).encode(),
        "report.md": page.markdown(blocks).encode(),
    }


def _write_report(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        write_atomic(folder / name, content)


def _int8(bundle: Path, info: dict[str, Any]) -> dict[str, Any]:
    """``parity`` and ``scores`` (by split) of a bundle's int8 network."""
    try:
        model = json.loads((bundle / "model.json").read_text())
        training, conversion, metrics = model["training"], model["conversion"], model["metrics"]
        different = [key for key in _FROM_SAME_RUN if key in training and training[key] != info.get(key)]
        found = {"parity": conversion["parity"], "scores": metrics["int8"]}
    except (LookupError, OSError, RecursionError, TypeError, ValueError) as error:
        raise DataError(f"{bundle} is not a bundle of mien convert ({error!r}): convert again") from None
    if different:
        raise DataError(
            f"bundle {bundle} was not made from this run ({', '.join(different)} differ): "
            "name the run's own bundle, or convert the run again"
        )
    return found


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n")
