"""What ``fit`` leaves behind for people: report, history, pictures."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray

mpl.use("Agg")  # files only, no window
import matplotlib.pyplot as plt
from sklearn.metrics import ConfusionMatrixDisplay, log_loss

from edge.core.quantize import softmax


def cross_entropy(logits: NDArray[np.float32], label: NDArray[np.uint8]) -> float:
    """Mean negative log probability of the label: logits (N, C), label (N,)."""
    return float(log_loss(label, softmax(logits.astype(np.float64)), labels=range(logits.shape[1])))


def write(
    folder: Path, info: dict[str, Any], history: list[dict[str, float]], results: dict[str, Any]
) -> None:
    """``run.json history.csv report.json report.md curves.png confusion-<split>.png``.

    Raises:
        OSError: a full disk, for instance.
    """
    _write_json(folder / "run.json", info)
    _write_json(folder / "report.json", results)
    with (folder / "history.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, history[0].keys())
        writer.writeheader()
        writer.writerows(history)
    (folder / "report.md").write_text(_markdown(info, results))
    _curves(folder / "curves.png", history, info["best_epoch"])
    for name, scores in _by_split(results):
        _confusion(folder / _picture(name), scores["confusion"], name)


def summary(results: dict[str, Any]) -> str:
    """One line for each split."""
    return "\n".join(
        f"{name}: accuracy {scores['accuracy']:.2%} with misses counted as wrong, "
        f"{_percent(scores['accuracy_found'])} of found faces, coverage {scores['coverage']:.2%}, "
        f"macro F1 {scores['macro_f1']:.3f}, {scores['n']} pictures"
        for name, scores in _by_split(results)
    )


def _by_split(results: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    # A data set may call a split of its own "validation".
    return [("held-out training rows", results["validation"]), *results["evaluation"].items()]


def _picture(split: str) -> str:
    """File name of a split's confusion matrix; a split may be called anything."""
    safe = re.sub(r"[^\w.-]", "_", split)
    return f"confusion-{safe}.png"


def _markdown(info: dict[str, Any], results: dict[str, Any]) -> str:
    rows, source = info["rows"], info["landmarks"]
    lines = [
        "# Training report",
        "",
        f"Landmarks of `{source['data']['file']}` (SHA-256 {source['data']['sha256'][:12]}…), preparation "
        f"{source['preparation']}, more views in training: {info['more_views'] or 'none'}. "
        f"{rows['training']} training rows and {rows['validation']} validation rows "
        f"with a face; {rows['training_without_face']} training rows without one and "
        f"{rows['training_copies_of_evaluation']} copies of evaluation pictures left out. "
        f"Best epoch {info['best_epoch']}, {info['seconds']:.0f} s.",
        "",
        "A face that was not found is a wrong answer in accuracy, recall and F1. The validation rows chose "
        "the epoch. The other splits did not. These are figures of the float "
        "network; convert reports int8.",
        "",
        "![learning curves](curves.png)",
    ]
    for name, scores in _by_split(results):
        lines += [
            "",
            f"## {name}",
            "",
            summary({"validation": scores, "evaluation": {}}).removeprefix("validation: ").capitalize()
            + f", ECE {_decimal(scores['ece'])}.",
            "",
            "| class | n | found | precision | recall | F1 |",
            "| --- | ---: | ---: | ---: | ---: | ---: |",
        ]
        for label, entry in scores["per_class"].items():
            cells = [
                _percent(entry["coverage"]),
                *(_decimal(entry[key]) for key in ("precision", "recall", "f1")),
            ]
            lines.append(f"| {label} | {entry['n']} | {' | '.join(cells)} |")
        lines += ["", f"![confusion matrix]({_picture(name)})"]
    settings = "\n".join(f"{key} = {value}" for key, value in info["settings"].items())
    return "\n".join([*lines, "", "## Settings", "", "```", settings, "```", ""])


def _curves(path: Path, history: list[dict[str, float]], best_epoch: int) -> None:
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    epochs = [entry["epoch"] for entry in history]
    left.plot(epochs, [entry["loss"] for entry in history], label="training (augmented)")
    left.plot(epochs, [entry["validation_loss"] for entry in history], label="validation")
    left.set(xlabel="epoch", ylabel="cross-entropy, nats")
    left.legend()
    right.plot(epochs, [100 * entry["validation_accuracy"] for entry in history])
    right.axvline(best_epoch, color="grey", linestyle=":")
    right.set(xlabel="epoch", ylabel="validation accuracy of found faces, %")
    figure.savefig(path, dpi=100)
    plt.close(figure)


def _confusion(path: Path, confusion: dict[str, Any], name: str) -> None:
    """Counts of true classes (rows) and answers (columns); the misses are in the report's recall."""
    counts = np.array(confusion["counts"])[:, : len(confusion["rows"])]
    figure, axes = plt.subplots(figsize=(6.4, 5.6), layout="constrained")
    display = ConfusionMatrixDisplay(counts, display_labels=confusion["rows"])
    display.plot(ax=axes, colorbar=False, cmap="Blues", xticks_rotation=45)
    axes.set(xlabel="answer", ylabel="true", title=f"{name}, found faces")
    figure.savefig(path, dpi=100)
    plt.close(figure)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n")


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.2%}"


def _decimal(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
