"""The result of a study: a table for people, and the complete numbers as JSON."""

import json
import math
import statistics
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from edge.core.files import replacing_folder, require_new_folder
from evaluation.report.page import DASH, Heading, Table, Text, markdown
from train.dataset.labelled_faces import LabelledFaces
from train.settings import TrainingSettings
from train.versions import training_versions

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Study:
    """What is known about a study before it starts."""

    title: str
    about: str
    out: Path
    settings: TrainingSettings
    seeds: int
    command: str
    started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        require_new_folder(self.out)


def summarize(values: Iterable[float | None]) -> dict[str, Any]:
    """Summarize a measure over the seeds.

    Returns:
        ``mean``, ``std`` (of the sample; None for a single value) and ``values``. Mean and std are None if a
        value is undefined.
    """
    all_values = list(values)
    known = [value for value in all_values if value is not None]
    if len(known) < len(all_values):
        return {"mean": None, "std": None, "values": all_values}
    std = statistics.stdev(known) if len(known) > 1 else None
    return {"mean": statistics.mean(known), "std": std, "values": known}


def show(figure: dict[str, Any]) -> str:
    """Mean ± standard deviation of a summary of ratios, in percent; a dash if undefined."""
    if figure["mean"] is None:
        return DASH
    spread = "" if figure["std"] is None else f" ± {100 * figure['std']:.2f}"
    return f"{100 * figure['mean']:.2f}{spread}"


def write(
    study: Study,
    data: LabelledFaces,
    columns: list[str],
    rows: Iterable[tuple[dict[str, Any], list[str]]],
    figures: dict[str, Any],
) -> None:
    """Print the table, and write ``study.md`` and ``study.json`` into a new folder, whole or not at all.

    Args:
        study: the study.
        data: its faces.
        columns: names of the columns.
        rows: result (an entry of ``results`` in ``study.json``) and cells of each row; each is printed as it
            comes.
        figures: further content of ``study.json``.

    Raises:
        OSError: a full disk, for instance.
    """
    results, table = [], []
    for result, cells in rows:
        results.append(result)
        table.append(cells)
        print(", ".join(cells), flush=True)
    landmarks = {key: value for key, value in data.folder.info.items() if key != "shards"}
    content = {
        "schema": SCHEMA,
        "study": study.title,
        "command": study.command,
        "landmarks": landmarks,
        "settings": asdict(study.settings),
        "seeds": list(range(study.settings.seed, study.settings.seed + study.seeds)),
        "labels": list(data.labels.labels),
        "faces": {"training": len(data.training), "validation": len(data.validation)},
        "results": results,
        **figures,
        "seconds": time.monotonic() - study.started,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": training_versions(),
    }
    text = markdown(
        [Heading(1, study.title), Table(columns, table), Text(_protocol(study, data)), Text(study.about)]
    )
    print(f"\n{text}", flush=True)  # before the files, because the disk may be full
    with replacing_folder(study.out, only_new=True) as folder:
        (folder / "study.md").write_text(text, "utf-8")
        (folder / "study.json").write_text(json.dumps(content, indent=1, allow_nan=False) + "\n")
    print(f"{content['seconds']:.0f} s → {study.out}")


def _protocol(study: Study, data: LabelledFaces) -> str:
    settings, validation = study.settings, len(data.validation)
    error = 100 * math.sqrt(0.25 / validation)
    inputs = ", ".join(settings.inputs)
    return (
        f"Mean ± standard deviation over {study.seeds} seeds, which change the initial weights, the order "
        f"and the noise, but not the split. {len(data.training)} training and {validation} validation faces; "
        f"the choice of the validation faces gives accuracy a standard error of up to {error:.1f} points, "
        f"which the rows of the table share in part. Network: {inputs}, hidden layers "
        f"{'-'.join(map(str, settings.hidden))}, {settings.epochs} epochs, batches of {settings.batch}; it "
        f"is evaluated after the last step, so the validation faces chose nothing. Evaluation splits were "
        f"not used. Data: "
        f"{data.folder.info['data']['file']}, SHA-256 {data.folder.info['data']['sha256'][:16]}…"
    )
