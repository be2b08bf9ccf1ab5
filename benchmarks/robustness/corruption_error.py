"""Mean corruption error: errors under corruption, measured by those of a reference system.

Hendrycks & Dietterich, 2019, arXiv:1903.12261, section 4.2. An error rate is 1 − accuracy, with a missed face
as a wrong answer. Pure, apart from ``read_reference``.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edge.core.errors import DataError
from evaluation.corruptions import OF_PICTURES, SEVERITIES

REFERENCE = Path(__file__).parents[1] / "reference" / "robustness-fer.json"
"""Result of this very benchmark for the package ``fer``."""

_SAME = ("protocol", "data", "split", "pictures", "truth", "labels")
"""Keys of the result in which two results must agree."""


def corruption_error(ours: Sequence[float], reference: Sequence[float]) -> float | None:
    """CE: the sum of our error rates, 0–1, under each severity over that of the reference, ×100; None where
    the reference is never wrong."""
    return 100 * sum(ours) / sum(reference) if sum(reference) > 0 else None


def relative_corruption_error(
    ours: Sequence[float], our_clean: float, reference: Sequence[float], reference_clean: float
) -> float | None:
    """Relative CE: what the corruption adds to our clean error rate over what it adds to the other's, ×100;
    None where it adds nothing to the errors of the reference."""
    added = sum(error - reference_clean for error in reference)
    return 100 * sum(error - our_clean for error in ours) / added if added > 0 else None


def compare(result: dict[str, Any], reference: dict[str, Any] | None) -> dict[str, Any]:
    """Our result of ``robustness`` beside that of another system, if there is one.

    Returns:
        ``mce`` and ``relative_mce``: means over the corruptions of pictures that both results have and for
        which they are defined, or None; ``ce`` and ``relative_ce``: corruption → figure or None.
    """
    if reference is None:
        return {"mce": None, "relative_mce": None, "ce": {}, "relative_ce": {}}
    clean, reference_clean = _error(result["clean"]), _error(reference["clean"])
    ce, relative = {}, {}
    for name in OF_PICTURES:
        if name in result["corruptions"] and name in reference["corruptions"]:
            ours, theirs = _errors(result, name), _errors(reference, name)
            ce[name] = corruption_error(ours, theirs)
            relative[name] = relative_corruption_error(ours, clean, theirs, reference_clean)
    return {"mce": _mean(ce), "relative_mce": _mean(relative), "ce": ce, "relative_ce": relative}


def read_reference(path: Path) -> dict[str, Any]:
    """Read a result of ``mien benchmark robustness --json``.

    Raises:
        DataError: there is no such file, or it is something else.
    """
    try:
        reference: Any = json.loads(path.read_text("utf-8"))
        _error(reference["clean"])
        for name in reference["corruptions"]:
            _errors(reference, name)
        if reference["kind"] != "robustness" or not isinstance(reference["system"], str):
            raise ValueError("of another kind")
    except OSError as error:
        raise DataError(
            f"cannot read the reference {path}: {error.strerror}; choose another --reference"
        ) from None
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        raise DataError(
            f"{path} is no reference: expected the file that `mien benchmark robustness --json` writes"
        ) from None
    return dict(reference)


def differences(result: dict[str, Any], reference: dict[str, Any]) -> list[str]:
    """The keys in which two results differ, so that they are not comparable."""
    return [key for key in _SAME if _plain(result[key]) != _plain(reference.get(key))]


def _plain(value: Any) -> Any:
    return sorted(value, key=str) if isinstance(value, list) else value  # labels, in whatever order


def _errors(result: dict[str, Any], name: str) -> list[float]:
    return [_error(result["corruptions"][name][str(severity)]) for severity in SEVERITIES]


def _error(scores: dict[str, Any]) -> float:
    return 1 - float(scores["accuracy"])


def _mean(figures: dict[str, float | None]) -> float | None:
    defined = [value for value in figures.values() if value is not None]
    return sum(defined) / len(defined) if defined else None
