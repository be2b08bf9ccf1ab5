"""What ``fit`` leaves behind for people: figures, plots and pictures, as a page and as Markdown."""

import csv
import json
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import log_loss

from edge.core.errors import DataError, first_line
from edge.core.files import write_atomic
from edge.core.quantize import softmax
from edge.core.text import escaped
from evaluation.document import encoded
from train import page, plotting
from train.report import results, samples
from train.report.contents import Run, contents, decimal, percent
from train.report.results import SplitResult

__all__ = ["SplitResult", "cross_entropy", "render", "render_if_possible", "save", "summary"]

_FROM_SAME_RUN = ("settings", "rows", "teachers", "best_epoch")
"""What a bundle takes over from the run it was made from."""


def cross_entropy(logits: NDArray[np.float32], label: NDArray[np.integer[Any]]) -> float:
    """Mean negative log probability of the label: logits (N, C), label (N,)."""
    return float(log_loss(label, softmax(logits.astype(np.float64)), labels=range(logits.shape[1])))


def save(
    folder: Path, info: dict[str, Any], history: list[dict[str, float]], splits: list[SplitResult]
) -> None:
    """Write what the report is made from: ``run.json history.csv report.json predictions.npz``.

    Args:
        folder: the run folder.
        info: what is known about the run; it must have ``labels``, the names of the C classes.
        history: one entry for each epoch, each with ``epoch`` and the same keys.
        splits: the answers, validation first; splits without pictures are left out.

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
        bundle: a bundle that was made from it: int8 is set against float then.
        data: the pictures that the landmarks were extracted from, some of which go into the page; it has
            none without it.

    Raises:
        DataError: ``folder`` is no whole run folder, the bundle was not made from it, or the data has
            none of its pictures.
        OSError: a full disk, for instance.
    """
    run = _read(folder)
    int8 = _int8(bundle, run.info) if bundle else None
    pictures = samples.read(data, run.splits) if data else {}
    with _damage_named(
        f"no report of {folder}{f' and {bundle}' if bundle else ''} can be made", "train or convert again"
    ):
        files = _files(replace(run, int8=int8, pictures=pictures))
    _publish(folder, files)


def render_if_possible(folder: Path, data: Path | None) -> None:
    """``render`` for a run that was just saved. Whatever is in the way, be it a font or a full disk, is a
    line on stderr: the training is not lost."""
    again = ["mien", "train", "report", str(folder)]
    with _warned("no report of the run", again):
        run, pictures = _read(folder), {}
        if data is not None:
            with _warned("no pictures in the report", [*again, "--data", str(data)]):
                pictures = samples.read(data, run.splits)
        _publish(folder, _files(replace(run, pictures=pictures)))


@contextmanager
def _warned(what: str, again: list[str]) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        reason = escaped(first_line(error))
        print(f"warning: {what} ({reason}): `{shlex.join(again)}` tries again", file=sys.stderr)


def _read(folder: Path) -> Run:
    with _damage_named(f"{folder} is no whole run folder", "train again"):
        info = json.loads((folder / "run.json").read_text())
        scores = json.loads((folder / "report.json").read_text())["splits"]
        with (folder / "history.csv").open(newline="") as file:
            history = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
        splits = results.load(folder)
        if len(splits) != len(scores) or not isinstance(info, dict) or "labels" not in info:
            raise ValueError("its files do not fit together")
        return Run(info, history, splits, scores)


@contextmanager
def _damage_named(what: str, to_do: str) -> Iterator[None]:
    """Raises ``DataError`` for anything: a flipped bit raises from zlib.error to SyntaxError."""
    try:
        yield
    except Exception as error:
        reason = first_line(error)
        raise DataError(f"{what} ({reason}): {to_do}") from None


def summary(splits: list[SplitResult], labels: Sequence[str]) -> str:
    """One line for each split."""
    return "\n".join(
        f"{escaped(split.name)}: accuracy {scores['accuracy']:.2%} with misses counted as wrong, "
        f"{percent(scores['accuracy_found'])} of found faces, coverage {scores['coverage']:.2%}, "
        f"{scores['selective']['0.6']:.2%} in the most confident 60 %, "
        f"macro F1 {decimal(scores['macro_f1'])}, {scores['n']} pictures"
        for split in splits
        if len(split.true)
        for scores in [split.scores(labels)]
    )


def _files(run: Run) -> dict[str, bytes]:
    """The report: name → content."""
    blocks = contents(run)
    plots = {block.file: plotting.png(block.figure) for block in blocks if isinstance(block, page.Plot)}
    return plots | {
        "report.html": encoded(page.html(blocks)),
        "report.md": encoded(page.markdown(blocks)),
    }


def _publish(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        write_atomic(folder / name, content)


def _int8(bundle: Path, info: dict[str, Any]) -> dict[str, Any]:
    """``parity`` and ``scores`` (by split) of a bundle."""
    try:
        model = json.loads((bundle / "model.json").read_text())
        training, conversion, metrics = model["training"], model["conversion"], model["metrics"]
        different = [key for key in _FROM_SAME_RUN if key in training and training[key] != info.get(key)]
        found = {"parity": conversion["parity"], "scores": metrics["int8"]}
    except (LookupError, OSError, RecursionError, TypeError, ValueError) as error:
        raise DataError(f"{bundle} is no bundle of mien convert ({error!r}): convert again") from None
    if different:
        raise DataError(
            f"bundle {bundle} was not made from this run ({', '.join(different)} differ): "
            "name the run's own bundle, or convert the run again"
        )
    return found


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n")
