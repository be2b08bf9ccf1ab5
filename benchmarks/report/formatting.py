"""Numbers and values of the results as text."""

import json
from typing import Any

from evaluation.report.page import DASH, number


def percent(value: float | None) -> str:
    """A ratio in percent, without the sign, or a dash."""
    return number(None if value is None else 100 * value, ".1f")


def milliseconds(value: float) -> str:
    """Milliseconds with three significant digits for the usual range."""
    return number(value, ".3f" if value < 1 else ".2f")


def times(value: float | None) -> str:
    """A factor, or a dash."""
    return with_unit(value, "×", ".2f")


def with_unit(value: float | None, unit: str, form: str = ".1f") -> str:
    """A number and its unit, or a dash."""
    return DASH if value is None else f"{value:{form}} {unit}"


def json_text(value: Any) -> str:
    """A value of JSON for people."""
    if value is None:
        return DASH
    if isinstance(value, dict):
        return ", ".join(f"{key} {json_text(inner)}" for key, inner in value.items())
    return value if isinstance(value, str) else json.dumps(value)
