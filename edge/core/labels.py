"""Label sets and the names that data sets give to the same emotion."""

from edge.core.errors import DataError

FER2013 = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""The seven classes of FER2013, in the order of its numeric codes 0–6."""

FERPLUS_VOTES = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
    "unknown",
    "NF",
)
"""The ten vote columns of FER+'s ``fer2013new.csv``, in its order."""

_ALIASES = {
    "anger": "angry",
    "disgusted": "disgust",
    "fearful": "fear",
    "afraid": "fear",
    "scared": "fear",
    "happiness": "happy",
    "joy": "happy",
    "sadness": "sad",
    "surprised": "surprise",
    "calm": "neutral",
}


def canonical(name: str) -> str:
    """The FER2013 name of an emotion: ``"Happiness"`` → ``"happy"``.

    Raises:
        DataError: the name belongs to no FER2013 class.
    """
    key = name.strip().lower()
    key = _ALIASES.get(key, key)
    if key not in FER2013:
        raise DataError(f"unknown class {name!r}: expected one of {', '.join(FER2013)}")
    return key
