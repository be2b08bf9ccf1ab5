"""The table: one row for each face of each frame, as pandas and spreadsheets read it."""

import csv
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import Any

from edge.cli.progress import show_progress
from edge.core.errors import DataError
from edge.core.files import replacing
from mien.timeline.records import FaceRecord, Record, read_records

_MEASURES = "presence x y width height yaw pitch roll ms".split()


def write_table(records: Path, out: Path) -> int:
    """Write the table as CSV in UTF-8; the memory that it takes does not grow with the file.

    Columns: ``time`` or ``position_s`` (both where the file has both), ``frame``, ``source``, ``face``,
    ``label``, ``status``, ``reasons`` (joined by ``;``), ``p_`` and each label, ``presence``, ``x``, ``y``,
    ``width``, ``height``, ``yaw``, ``pitch``, ``roll``, ``ms``. A cell without a value is empty.

    Args:
        records: file of JSON lines.
        out: the file to write, which is replaced.

    Returns:
        Number of rows.

    Raises:
        DataError: see ``read_records``; or there is no record.
        OSError: a file cannot be read or written.
    """
    size = records.stat().st_size  # a run may still add to it
    columns = _Columns({}, {})
    with replacing(out) as temporary:
        while (rows := _write(records, size, temporary, columns)) is None:
            pass  # some columns came to light too late: now all of them are known
    return rows


@dataclass(frozen=True, slots=True)
class _Columns:
    """The columns that depend on the records, in the order in which they were met."""

    times: dict[str, None]
    labels: dict[str, None]

    def add(self, record: Record) -> None:
        self.times[_time_column(record)] = None
        for face in record.faces:
            if not face.probabilities.keys() <= self.labels.keys():
                self.labels.update(dict.fromkeys(face.probabilities))

    def __len__(self) -> int:
        return len(self.times) + len(self.labels)


def _write(records: Path, size: int, out: Path, columns: _Columns) -> int | None:
    """Write the table, and add to ``columns``; gives the number of rows, or None where it lacks columns."""
    rows = width = 0
    with out.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        table = csv.writer(file, lineterminator="\n")
        for record in show_progress(read_records(records, size), "records"):
            columns.add(record)
            for face in record.faces:
                if not width:
                    width = len(columns)
                    table.writerow(_header(columns))
                table.writerow(_row(record, face, columns))
                rows += 1
        if not columns.times:
            raise DataError(f"{records} has no records of mien run")
        if not rows:
            table.writerow(_header(columns))
    return rows if width in (0, len(columns)) else None


def _header(columns: _Columns) -> list[str]:
    names = ("frame", "source", "face", "label", "status", "reasons")
    return [*columns.times, *names, *(f"p_{label}" for label in columns.labels), *_MEASURES]


def _time_column(record: Record) -> str:
    return "time" if record.live else "position_s"


def _row(record: Record, face: FaceRecord, columns: _Columns) -> list[Any]:
    measures = (face.presence, *face.box, *face.pose, record.ms)
    return [
        *(record.time if name == _time_column(record) else "" for name in columns.times),
        *(record.frame, record.source, face.id, face.label, face.status, ";".join(face.reasons)),
        *(face.probabilities.get(label, "") for label in columns.labels),
        *("" if isnan(value) else value for value in measures),
    ]
