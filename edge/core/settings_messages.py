"""What is wrong with a settings file, in the words of the person who wrote it: no types of Python."""

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
_MOST_CHARACTERS = 60
"""Of a value that a message repeats."""


def unknown_key(name: str, known: Sequence[str]) -> str:
    """The message for a key that there is not.

    Args:
        name: dotted, e.g. ``camera.wdith``.
        known: all keys, dotted; a table ends in a dot.
    """
    import difflib  # nothing that a program in order needs

    section, _, key = name.rpartition(".")
    by_key = {other.removesuffix(".").rpartition(".")[2]: other for other in known}
    near = difflib.get_close_matches(key.lower().replace("-", "_"), by_key, 1, 0.7)
    if not near:
        return f"unknown key {shown(name)}; known: {', '.join(other for other in known if other[-1] != '.')}"
    other_section, _, other_key = by_key[near[0]].rpartition(".")
    if not other_key:
        meant = f"[{other_section}]"
    elif section == other_section:
        meant = other_key
    else:
        meant = (
            f"{other_key} under [{other_section}]"
            if other_section
            else f"{other_key}, above the first [table]"
        )
    return f"unknown key {shown(name)}: did you mean {meant}?"


def wrong_type(name: str, kind: Any, value: Any) -> str:
    """The message for a value of another type than its setting.

    Args:
        name: of the setting, dotted.
        kind: its type.
        value: as the file has it. That of ``source`` is not repeated, and of another address only the
            scheme: it may hold a password.
    """
    if is_dataclass(kind):
        wanted = f"a table, [{name}] with {', '.join(field.name for field in fields(kind))}"
    else:
        wanted = _KINDS.get(kind, "of another type")
    given = _kind_of(value) if name == "source" else _shown(value)
    return f"{name} must be {wanted}, not {given}{_remedy(name, kind, value)}"


def _remedy(name: str, kind: Any, value: Any) -> str:
    """What to write instead, where that can be guessed."""
    key = name.rpartition(".")[2]
    if name == "camera":
        number = value if type(value) is int and value >= 0 else 0
        return f'; a camera is chosen with source = "camera:{number}"'
    if not isinstance(value, str) or len(value) > _MOST_CHARACTERS or shown(value) != value:
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
"""Types that TOML gives for what a setting takes without quotes."""


def _type_without_quotes(text: str) -> type | None:
    try:
        return type(tomllib.loads(f"value = {text}")["value"])
    except ValueError:
        return None


def _shown(value: Any) -> str:
    """A value as TOML writes it, shortened; a list or a table by its name."""
    if isinstance(value, list):
        others = [entry for entry in value if not isinstance(entry, str)]
        return f"a list with {_kind_of(others[0])} in it" if others else "a list"
    if not isinstance(value, bool | int | float | str):
        return _kind_of(value)
    text = json.dumps(shown(value) if isinstance(value, str) else value, ensure_ascii=False)
    if len(text) > _MOST_CHARACTERS:
        text = f"{text[:_MOST_CHARACTERS]}…"
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
