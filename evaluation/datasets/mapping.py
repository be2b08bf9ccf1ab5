"""The emotions that folders or numeric codes stand for, where their names do not say it."""

import re
from pathlib import Path

from edge.core.errors import DataError
from edge.core.toml import read_toml
from evaluation.label_sets import canonical

Mapping = dict[str, str | None]
"""Emotion of each folder name or code, one of ``EMOTIONS``; None: it is excluded."""

EXAMPLE = 'a TOML file with the lines `[classes]`, `0 = "angry"`, `1 = ""` ("": excluded) and so on'
"""Description of a mapping file for error messages."""

_NEGATIONS = {"no", "non", "not", "without"}


def read_mapping(path: Path | None) -> Mapping:
    """Read a mapping file, TOML: ``[classes]``, then ``name = "emotion"``, ``""`` to exclude the folder.

    Args:
        path: the file; None: there is none, which gives no entries.

    Raises:
        DataError: the file is missing or is not a mapping file, or an emotion is unknown.
    """
    if path is None:
        return {}
    try:
        content = read_toml(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"cannot read the mapping file {path} ({reason}): expected {EXAMPLE}") from None
    classes = content.get("classes")
    if not isinstance(classes, dict) or not classes or set(content) != {"classes"}:
        raise DataError(f"{path} is not a mapping file: expected {EXAMPLE}")
    for name, emotion in classes.items():
        if not isinstance(emotion, str):
            raise DataError(f'{path}: {name} must be an emotion in quotes or "" to exclude it')
    try:
        return {name: canonical(emotion) if emotion else None for name, emotion in classes.items()}
    except DataError as error:
        raise DataError(f"{path}: {error}") from None


def emotion_in(name: str) -> str | None:
    """The only emotion among the words of a name: ``"face_angry"`` → ``"angry"``.

    Words are parted by ``_``, ``-`` or spaces. None where there is none or more than one, or where
    one is a negation (``"not_happy"``).
    """
    words = [word for word in re.split(r"[\s_-]+", name.lower()) if word]
    found = {emotion for emotion in map(named, words) if emotion}
    return found.pop() if len(found) == 1 and not _NEGATIONS & set(words) else None


def named(name: str) -> str | None:
    """The emotion that a whole name stands for; None: it stands for none."""
    try:
        return canonical(name)
    except DataError:
        return None
