"""Error messages about a settings file, for readers who know TOML but no types of Python."""

import json
import tomllib
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from datetime import date, time
from typing import Any

from edge.core.address import shown

_KINDS: dict[Any, str] = {
    bool: "true or false",
    str: "a text in quotes",
    int: "a whole number",
    float: "a number",
    float | None: "a number",
    tuple[str, ...]: "a list of texts",
}
_MAX_CHARACTERS = 60
"""Longest part of a value that an error message repeats, in characters."""


def unknown_key(name: str, known: Sequence[str]) -> str:
    """The message for an unknown key.

    Args:
        name: the key, dotted, e.g. ``camera.wdith``.
        known: all keys, dotted; the name of a table ends in a dot.
    """
    import difflib  # only for an error

    section, _, key = name.rpartition(".")
    by_key = {full.removesuffix(".").rpartition(".")[2]: full for full in known}
    similar = difflib.get_close_matches(key.lower().replace("-", "_"), by_key, 1, 0.7)
    if not similar:
        return f"unknown key {shown(name)}; known: {', '.join(full for full in known if full[-1] != '.')}"
    similar_section, _, similar_key = by_key[similar[0]].rpartition(".")
    if not similar_key:
        meant = f"[{similar_section}]"
    elif section == similar_section:
        meant = similar_key
    elif similar_section:
        meant = f"{similar_key} under [{similar_section}]"
    else:
        meant = f"{similar_key}, above the first [table]"
    return f"unknown key {shown(name)}: did you mean {meant}?"


def wrong_type(name: str, kind: Any, value: Any) -> str:
    """The message for a value of the wrong type.

    Args:
        name: the setting, dotted.
        kind: the type of the setting.
        value: the value in the file. The value of ``source`` is not repeated, and of any other address only
            the scheme: it may hold a password.
    """
    if is_dataclass(kind):
        expected = f"a table, [{name}] with {', '.join(field.name for field in fields(kind))}"
    else:
        expected = _KINDS.get(kind, "of another type")
    found = _kind_of(value) if name == "source" else _shown(value)
    return f"{name} must be {expected}, not {found}{_remedy(name, kind, value)}"


def _remedy(name: str, kind: Any, value: Any) -> str:
    """What to write instead, where it can be guessed."""
    key = name.rpartition(".")[2]
    if name == "camera":
        number = value if type(value) is int and value >= 0 else 0
        return f'; a camera is chosen with source = "camera:{number}"'
    if not isinstance(value, str) or len(value) > _MAX_CHARACTERS or shown(value) != value:
        return ""
    if kind == tuple[str, ...]:
        return f": write {key} = [{json.dumps(value, ensure_ascii=False)}]"
    return f": write {key} = {value}" if _type_without_quotes(value) in _UNQUOTED.get(kind, ()) else ""


_UNQUOTED: dict[Any, tuple[type, ...]] = {
    bool: (bool,),
    int: (int,),
    float: (int, float),
    float | None: (int, float),
}
"""Type of a setting → types that TOML gives for a value without quotes that the setting takes."""


def _type_without_quotes(text: str) -> type | None:
    try:
        return type(tomllib.loads(f"value = {text}")["value"])
    except ValueError:
        return None


def _shown(value: Any) -> str:
    """A value as TOML writes it, shortened; a list or a table by its kind."""
    if isinstance(value, list):
        wrong = [entry for entry in value if not isinstance(entry, str)]
        return f"a list with {_kind_of(wrong[0])} in it" if wrong else "a list"
    if not isinstance(value, bool | int | float | str):
        return _kind_of(value)
    text = json.dumps(shown(value) if isinstance(value, str) else value, ensure_ascii=False)
    if len(text) > _MAX_CHARACTERS:
        text = f"{text[:_MAX_CHARACTERS]}…"
    return f"the text {text}" if isinstance(value, str) else text


def _kind_of(value: Any) -> str:
    kinds: dict[type, str] = {
        bool: "true or false",
        str: "a text",
        int: "a number",
        float: "a number",
        list: "a list",
        dict: "a table",
    }
    if isinstance(value, date | time):  # and datetime, a date
        return "a date or time"
    return kinds.get(type(value), f"a {type(value).__name__}")
