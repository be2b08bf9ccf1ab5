"""What the measuring commands wrote with ``--json``, read back."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from benchmarks.accuracy.scores import data_name
from benchmarks.matrix import matrix
from benchmarks.report.kinds import REPORTED
from edge.core.errors import DataError

TIMED = ("latency", "matrix", "peers")
"""Kinds whose timings are unreliable if other programs run: each of their warnings says so."""

_DISTINGUISHING = ("board", "cpu", "system", "python", "mien")
"""Facts of an environment that distinguish results of the same configuration."""

MAX_LEVELS = 50
"""Deepest nesting of objects and lists that is read; a result has ten levels."""


class Result(NamedTuple):
    """One result."""

    path: Path
    kind: str
    content: dict[str, Any]
    """As ``docs/reference/benchmark-results.md`` describes it."""
    title: str
    """``describe``, and what distinguishes the result from others that were read with it."""

    @property
    def unreliable(self) -> bool:
        """Whether its timings are unreliable and must not be published."""
        return self.kind in TIMED and bool(self.content["warnings"])


def read(paths: Sequence[Path]) -> list[Result]:
    """The results in some files, in the order of ``REPORTED``, then of ``paths``.

    Raises:
        DataError: a file is not a result, or of another version.
    """
    results = sorted(map(_read, paths), key=lambda result: list(REPORTED).index(result.kind))
    return [_distinguished(result, results) for result in results]


@contextmanager
def complete(result: Result) -> Iterator[None]:
    """Report an error of the code inside as an error of the result: a value is missing or has another type.

    Raises:
        DataError: the result is not what the command writes.
    """
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise DataError(
            f"{result.path} is not a complete result of {result.kind} ({reason}): measure again"
        ) from error


def describe(content: dict[str, Any]) -> str:
    """What was measured, in a few words; equal for runs of the same configuration."""
    kind = content["kind"]
    if kind == "compare":
        return " and ".join(content["files"])
    if kind == "matrix":
        return " and ".join(content["bundles"])
    if kind == "peers":
        return ", ".join(line["name"] for line in content["peers"])
    if kind in ("steadiness", "stream"):
        return content["bundle"]["name"]
    if kind == "latency":
        parts = [f"{content['bundle']['name']} on {content['source']}"]
        if content["landmarks"] != "litert":
            parts.append(content["landmarks"])
        if content["environment"]["threads"] > 1:
            parts.append(f"{content['environment']['threads']} threads")
        if against := content["against"]:
            parts.append(f"in turn with {against['backend']} {against['bundle']['name']}")
        return ", ".join(parts)
    who = content["system"] if kind == "robustness" else content["bundle"]["name"]
    parts = [f"{who} on {data_name(content)}"]
    if content["labels"] != content.get("bundle", {}).get("labels"):
        parts.append(f"{len(content['labels'])} classes")
    if content["truth"] != "label":
        parts.append(content["truth"])
    if (landmarks := content.get("landmarks", "litert")) != "litert":
        parts.append(landmarks)
    modes = {"tracked": "tracked", "assume_face": "face assumed"}
    parts += [words for key, words in modes.items() if content.get(key)]
    return ", ".join(parts)


def environments(result: Result) -> list[dict[str, Any]]:
    """The facts about where a result was measured: one block, or several for a matrix.

    Raises:
        DataError: the result does not have them.
    """
    with complete(result):
        found = list(result.content.get("environments") or [result.content["environment"]])
        if not all(isinstance(facts, dict) for facts in found):
            raise TypeError("an environment must be an object")
        return found


def measured(lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The configurations of a matrix, or the peers, that have figures."""
    return [line for line in lines if line["reason"] is None]


def configuration_name(line: dict[str, Any], content: dict[str, Any]) -> str:
    """The name of a line of a matrix, without its kind; ``content`` is the whole result."""
    words = matrix.fact_words(line)
    if len(content["environments"]) > 1:
        words.append(f"environment {line['environment'] + 1}")
    return ", ".join(words)


def _read(path: Path) -> Result:
    expected = "expected the file that `mien benchmark latency --json` or the like writes"
    try:
        content: Any = json.loads(path.read_text("utf-8"), parse_constant=_reject)
        if _deeper(content, MAX_LEVELS):
            raise ValueError(f"more than {MAX_LEVELS} levels of nesting")
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}; {expected}") from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not a result ({error}): {expected}") from None
    if not isinstance(content, dict) or not isinstance(content.get("kind"), str):
        raise DataError(f"{path} is not a result: {expected}")
    kind, schema = content["kind"], content.get("schema")
    if kind not in REPORTED:
        raise DataError(f"{path} is of the kind {kind!r}: expected one of {', '.join(REPORTED)}")
    if schema != REPORTED[kind]:
        raise DataError(f"{path} has schema {schema!r} of {kind}: expected {REPORTED[kind]}; measure again")
    result = Result(path, kind, content, "")
    with complete(result):
        result = result._replace(title=describe(content))
        [str(warning) for warning in content["warnings"]]
        environments(result)
    return result


def _distinguished(result: Result, results: Sequence[Result]) -> Result:
    """The result with a unique title: with where it was measured, or else its file."""
    same = [other for other in results if (other.kind, other.title) == (result.kind, result.title)]
    mine, *facts = (
        {key: environments(other)[0].get(key) for key in _DISTINGUISHING} for other in (result, *same)
    )
    words = [f"{key} {value}" for key, value in mine.items() if any(other[key] != value for other in facts)]
    if facts.count(mine) > 1:
        words.append(str(result.path))
    return result._replace(title=", ".join([result.title, *words]))


def _deeper(value: Any, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels < 0 or any(_deeper(each, levels - 1) for each in inner)


def _reject(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON number")
