"""JSON lines of ``mien run`` and ``mien annotate``, read one by one and checked.

Schema 1 (up to version 0.5) lacks reasons, pose and size; its ``time`` is, in a file too, when the frame was
read.
"""

import json
import logging
from collections.abc import Iterable, Iterator
from io import BufferedReader
from math import nan
from pathlib import Path
from typing import Any, NamedTuple

from edge.core.errors import DataError
from edge.core.record import SCHEMA

_log = logging.getLogger(__name__)

_MOST_BYTES = 1_000_000
"""Length of a line that no record of 16 faces reaches."""
_MOST = 1e11
"""Largest number of a record; as a time, it lies in the year 5138."""
_BOM = b"\xef\xbb\xbf"
_POSE, _BOX = ("yaw", "pitch", "roll"), 4


class FaceRecord(NamedTuple):
    """One face in one frame; numbers that an old schema lacks are NaN."""

    id: int
    label: str
    unsure: bool
    """Whether the status is another than ``ok``."""
    status: str
    reasons: tuple[str, ...]
    probabilities: dict[str, float]
    presence: float
    box: tuple[float, ...]
    """x, y, width and height, px."""
    pose: tuple[float, ...]
    """Yaw, pitch and roll, degrees."""


class Record(NamedTuple):
    """One frame."""

    source: str
    frame: int
    time: float
    """Seconds since 1970 of a live frame, seconds from the start of a file."""
    live: bool
    faces: tuple[FaceRecord, ...]
    ms: float
    """Duration of the recognition, ms; NaN where the record has none."""


def read_records(path: Path, most_bytes: int | None = None) -> Iterator[Record]:
    """The records of a file, in their order; what is said about the run as a whole is passed over.

    A last line that was left half-written is passed over with a line in the log.

    Args:
        path: the file.
        most_bytes: number of bytes to read, for a file that still grows; None: up to the end.

    Raises:
        DataError: a line is no record; the message has its number.
        OSError: the file cannot be read.
    """
    decode = json.JSONDecoder(parse_constant=_refuse).decode
    with path.open("rb") as file:
        for number, line in _lines(file, path, most_bytes):
            try:
                record = _record(decode(line.decode()))
            except (ValueError, RecursionError) as error:
                no_json = isinstance(error, json.JSONDecodeError | UnicodeDecodeError | RecursionError)
                if no_json and not line.endswith(b"\n"):
                    _log.warning("%s, line %d is unfinished: left out", path, number)
                    return
                what = "a line that is no JSON" if no_json else error
                raise DataError(f"{path}, line {number}: expected a record of mien run, not {what}") from None
            if record is not None:
                yield record


def _lines(file: BufferedReader, path: Path, most_bytes: int | None) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, with their numbers."""
    place, number = 0, 0
    while most_bytes is None or place < most_bytes:
        line = file.readline(_MOST_BYTES + 1)
        if not line:
            return
        place += len(line)
        number += 1
        if len(line) > _MOST_BYTES:
            raise DataError(
                f"{path}, line {number}: longer than {_MOST_BYTES:,} bytes, so no record of mien run"
            )
        if number == 1:
            line = line.removeprefix(_BOM)
        if line.strip():
            yield number, line


def _record(value: Any) -> Record | None:
    """A record about a frame; None for one about the run.

    Raises:
        ValueError: it is neither; the message says what came instead.
    """
    if type(value) is not dict:
        raise ValueError(f"a JSON {type(value).__name__}")
    schema = value.get("schema")
    if type(schema) is not int:
        raise ValueError("an object without 'schema'")
    if not 1 <= schema <= SCHEMA:
        raise ValueError(f"one of schema {schema}: this program knows 1 to {SCHEMA}, a newer one may know it")
    if "faces" not in value:
        if "status" in value or "hello" in value:
            return None
        raise ValueError("an object without 'faces'")
    live = "position_s" not in value
    faces, ms, time = value["faces"], value.get("ms"), _number(value, "time" if live else "position_s")
    if time < 0:
        raise ValueError("one whose time is negative")
    if type(faces) is not list:
        raise ValueError("one whose 'faces' are no list")
    return Record(
        source=_text(value, "source") if "source" in value else "",
        frame=_whole(value, "frame"),
        time=time,
        live=live,
        faces=tuple(map(_face, faces)),
        ms=_number(ms, "total") if type(ms) is dict else nan,
    )


def _face(value: Any) -> FaceRecord:
    if type(value) is not dict:
        raise ValueError("one with a face that is no object")
    probabilities, status = value.get("probabilities"), _text(value, "status")
    if type(probabilities) is not dict:
        raise ValueError("one with a face without 'probabilities'")
    label = _text(value, "label")
    if label not in probabilities:
        raise ValueError("one with a face whose 'label' has no probability")
    reasons, box, pose = value.get("reasons", ()), value.get("box"), value.get("pose")
    if not isinstance(reasons, list | tuple) or not all(isinstance(reason, str) for reason in reasons):
        raise ValueError("one whose 'reasons' are no texts")
    _check_numbers(probabilities.values(), "probabilities")
    if type(box) is not list or len(box) != _BOX:
        raise ValueError("one with a face whose 'box' is not 4 numbers")
    _check_numbers(box, "box")
    return FaceRecord(
        id=_whole(value, "id"),
        label=label,
        unsure=status != "ok",
        status=status,
        reasons=tuple(reasons),
        probabilities=probabilities,
        presence=_number(value, "presence") if "presence" in value else nan,
        box=tuple(box),
        pose=tuple([_number(pose, angle) for angle in _POSE]) if type(pose) is dict else (nan, nan, nan),
    )


def _number(container: dict[str, Any], key: str) -> float:
    value: float = container.get(key, "")
    _check_numbers((value,), key)
    return value


def _check_numbers(values: Iterable[Any], name: str) -> None:
    for value in values:
        kind = type(value)
        if (kind is not float and kind is not int) or not -_MOST < value < _MOST:
            raise ValueError(f"one whose {name!r} is no number")


def _whole(container: dict[str, Any], key: str) -> int:
    value = container.get(key)
    if type(value) is not int:
        raise ValueError(f"one whose {key!r} is no whole number")
    return value


def _text(container: dict[str, Any], key: str) -> str:
    value = container.get(key)
    if type(value) is not str:
        raise ValueError(f"one whose {key!r} is no text")
    return value


def _refuse(name: str) -> None:
    raise ValueError(f"one with {name}")
