"""``baselines.json``: the finished rows, written again after each of them."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.core.errors import DataError
from edge.core.files import check_replaceable, is_json_with, write_atomic

FILE = "baselines.json"
SCHEMA = 1
KEY = ("data_sha256", "method", "experiment", "labels", "protocol", "quick")
"""What makes two rows of one split the same row; one with other settings takes the place of the former."""
_SHOWN = {
    *KEY,
    *("data", "split", "classes", "settings", "needs", "rows", "accuracy", "macro_f1", "coverage", "recall"),
    *("confusion", "train_seconds", "size_bytes", "latency_us", "landmark_network_us", "other", "robustness"),
    "command",
}
"""Keys that every row has."""
_OPTIONAL = ("other", "other_sha256", "robustness", "near_copies")
"""What a row has only if the command asked for it."""


@dataclass
class Results:
    """The rows of a folder, those of earlier runs included."""

    path: Path
    rows: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[dict[str, Any]] = field(default_factory=list)
    """Experiments that this data or machine does not allow, with the reason."""

    def has(self, key: dict[str, Any], other: str | None, damaged: bool) -> bool:
        """Whether the rows of an experiment are there.

        Args:
            key: values of ``KEY``, and the settings.
            other: SHA-256 of the data of other origin that it must have been measured on; None: on any.
            damaged: whether it must have been measured on damaged pictures.
        """
        found = self._found(key)
        return bool(found) and all(
            other in (None, row.get("other_sha256")) and (row["robustness"] or not damaged) for row in found
        )

    def add(self, key: dict[str, Any], rows: list[dict[str, Any]]) -> None:
        """Add the rows of an experiment, in place of earlier ones, and write the file.

        Figures that only the earlier ones have stay, such as those on data of another origin that was not
        named this time.

        Raises:
            OSError: a full disk, for instance; the file is then as before.
        """
        before = {row["split"]: row for row in self._found(key)}
        rows = [_with_former(row, before.get(row["split"], {})) for row in rows]
        self.rows = [row for row in self.rows if not _same(row, key)] + rows
        self._forget_skipped(key)
        self._write()

    def skip(self, key: dict[str, Any], reason: str) -> None:
        """Note that an experiment is not possible, unless it once was, and write the file."""
        if self._found(key):
            return
        self._forget_skipped(key)
        self.skipped.append(key | {"reason": reason})
        self._write()

    def _found(self, key: dict[str, Any]) -> list[dict[str, Any]]:
        """The rows with the values of ``KEY`` and the settings of ``key``."""
        return [row for row in self.rows if _same(row, key) and row["settings"] == key["settings"]]

    def _forget_skipped(self, key: dict[str, Any]) -> None:
        self.skipped = [row for row in self.skipped if not _same(row, key)]

    def _write(self) -> None:
        content = {"schema": SCHEMA, "rows": self.rows, "skipped": self.skipped}
        write_atomic(self.path, (json.dumps(content, indent=1, allow_nan=False) + "\n").encode())


def read_results(folder: Path) -> Results:
    """The results in a folder, which may be new.

    Raises:
        DataError: the file is damaged, of another version, or of another program.
    """
    path = folder / FILE
    check_replaceable(path, lambda content: is_json_with(content, "schema", "rows"))
    if not path.is_file() or not path.stat().st_size:
        return Results(path)
    content = json.loads(path.read_text("utf-8"))
    rows = content["rows"]
    if content["schema"] != SCHEMA or not isinstance(rows, list):
        raise DataError(f"{path} has schema {content['schema']}, expected {SCHEMA}: name another folder")
    if not all(isinstance(row, dict) and row.keys() >= _SHOWN for row in rows):
        raise DataError(f"{path} has rows without all their figures: name another folder")
    return Results(path, rows, content.get("skipped", []))


def name_of(row: dict[str, Any]) -> str:
    """``METHOD/EXPERIMENT`` of a row, of its key, or of what was skipped."""
    return f"{row['method']}/{row['experiment']}"


def _with_former(row: dict[str, Any], former: dict[str, Any]) -> dict[str, Any]:
    kept = {name: former.get(name) for name in _OPTIONAL if row.get(name) is None}
    return row | kept


def _same(row: dict[str, Any], key: dict[str, Any]) -> bool:
    return all(row.get(name) == key[name] for name in KEY)
