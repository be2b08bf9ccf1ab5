"""Fields of ``model.json``, checked as they are read. All functions raise BundleError for a field that is
missing or wrong."""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from edge.core.errors import BundleError

JSON_FILE = "model.json"

_T = TypeVar("_T")


def get(container: dict[str, Any], key: str, kind: type[_T]) -> _T:
    """The value of a field of the given type; a bool is no int."""
    if key not in container:
        raise BundleError(f"{JSON_FILE} lacks {key!r}")
    value = container[key]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise BundleError(f"{key!r} must be {kind.__name__}, not {type(value).__name__}")
    return value


def name(container: dict[str, Any], key: str) -> str:
    """A text of one or more printable characters."""
    value = get(container, key, str)
    if not value or not value.isprintable():
        raise BundleError(f"{key!r} must be a printable name")
    return value


def names(container: dict[str, Any], key: str) -> tuple[str, ...]:
    """Two or more different texts, each of one or more printable characters."""
    values = get(container, key, list)
    printable = all(isinstance(value, str) and value and value.isprintable() for value in values)
    if not printable or len(values) < 2 or len(set(values)) != len(values):
        raise BundleError(f"{key!r} must be two or more different printable names")
    return tuple(values)


def vector(container: dict[str, Any], key: str, length: int) -> NDArray[np.float32]:
    """``length`` finite numbers: float32 (length,)."""
    values = get(container, key, list)
    if len(values) != length or not all(_is_number(v) for v in values):
        raise BundleError(f"{key!r} must be {length} numbers")
    result = np.array(values, dtype=np.float32)
    if not np.isfinite(result).all():
        raise BundleError(f"{key!r} must be finite numbers")
    return result


def number(container: dict[str, Any], key: str) -> float:
    """A number; a whole one too, since JSON has one kind of number."""
    value: Any = container.get(key)
    return float(value) if _is_number(value) else get(container, key, float)


def between(container: dict[str, Any], key: str, low: float, high: float) -> float:
    """A number from ``low`` to ``high``."""
    value = number(container, key)
    if not low <= value <= high:  # also false for NaN
        raise BundleError(f"{key!r} must be {low:g}…{high:g}, not {value}")
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e30
