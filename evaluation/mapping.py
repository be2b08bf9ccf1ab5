"""Which emotion a folder or a numeric code stands for, where its name does not say it."""

import re
from pathlib import Path

from edge.core.errors import DataError
from edge.core.toml import read_toml
from evaluation.label_sets import canonical

Mapping = dict[str, str | None]
"""Name of a folder or code → one of ``EMOTIONS``; None: left out."""

EXAMPLE = 'a TOML file with the lines `[classes]`, `0 = "angry"`, `1 = ""` ("": left out) and so on'
"""For messages, which are one line."""

_NEGATIONS = {"no", "non", "not", "without"}


def read_mapping(path: Path | None) -> Mapping:
    """Read a mapping file, TOML: ``[classes]``, then ``name = "emotion"``, ``""`` to leave it out.

    Args:
        path: None: no file, and so no entries.

    Raises:
        DataError: the file is missing or no such file, or an emotion is unknown.
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
        raise DataError(f"{path} is no mapping file: expected {EXAMPLE}")
    for name, emotion in classes.items():
        if not isinstance(emotion, str):
            raise DataError(f'{path}: {name} must be an emotion in quotes or "" to leave it out')
    try:
        return {name: canonical(emotion) if emotion else None for name, emotion in classes.items()}
    except DataError as error:
        raise DataError(f"{path}: {error}") from None


def emotion_in(name: str) -> str | None:
    """The one emotion that the words of a name say: ``"face_angry"`` → ``"angry"``.

    Words are parted by ``_``, ``-`` or spaces. None where there is none or more than one, or where
    one is a negation (``"not_happy"``).
    """
    words = [word for word in re.split(r"[\s_-]+", name.lower()) if word]
    found = {emotion for emotion in map(named, words) if emotion}
    return found.pop() if len(found) == 1 and not _NEGATIONS & set(words) else None


def named(name: str) -> str | None:
    """The emotion that a name is, as a whole; None where it is none."""
    try:
        return canonical(name)
    except DataError:
        return None
