"""Addresses of streams, and how much of one may be printed: the scheme.

A password that is not percent-encoded may hold any character, and a path may hold a password as well.
``rtsp://a:b/c@d/e`` is the host ``d`` after the password ``b/c``, or the host ``a`` with the path ``/c@d/e``.
So it is never certain where a secret begins or ends, and everything behind the scheme is left out.
"""

import glob
import os
import re

STREAMS = ("rtsp://", "http://", "https://")
"""Beginnings of a source on the network."""

_SCHEMES = ("rtsp", "rtsps", "http", "https", "rtmp", "rtmps", "rtp", "srt", "tcp", "udp")
_MISSPELT = 0.7
"""Similarity to a scheme, 0…1, from which on a word such as ``rtps`` counts as a misspelt one."""
_FIRST_WORD = re.compile(r"""[\s"'<]*([a-z][a-z0-9+.-]*):""", re.IGNORECASE)
_CAMERA = re.compile(r"camera:[0-9]+")
_FLAG = re.compile(r"-*[\w-]+=")


def shown(source: str) -> str:
    """The form of a source that logs, errors and results may show.

    Returns:
        A source that is no address as it is; an address that begins with a scheme, even a misspelt one, as
        ``rtsp://…``; any other as ``…``. Only the word before the first colon decides between the last two.
    """
    if not may_be_address(source):
        return source
    word = _FIRST_WORD.match(source)
    return f"{word[1]}://…" if word and _is_nearly_a_scheme(word[1].lower()) else "…"


def shown_argument(argument: str) -> str:
    """An argument of a command line, ``--flag=SOURCE`` and ``NAME=PATH`` too, as ``shown`` shows it."""
    flag = _FLAG.match(argument)
    value_at = flag.end() if flag else 0
    return argument[:value_at] + shown(argument[value_at:])


def may_be_address(source: str) -> bool:
    """Whether a source is an address or could be a malformed one, and so may hold a password.

    An ``@``, a ``=``, a ``:/`` and a colon before the first slash are signs of an address. They are rare in
    paths; a source with one of them counts as a path or pattern only if it names something that exists.
    """
    if source.startswith(STREAMS):
        return True
    signs = any(sign in source for sign in ("@", "=", ":/")) or ":" in source.partition("/")[0]
    return signs and not _CAMERA.fullmatch(source) and not _exists(source)


def _is_nearly_a_scheme(word: str) -> bool:
    if word in _SCHEMES:
        return True
    import difflib  # only for an address without a known scheme

    return bool(difflib.get_close_matches(word, _SCHEMES, cutoff=_MISSPELT))


def _exists(path: str) -> bool:
    if os.path.exists(path):  # noqa: PTH110 (gives False for an impossible name)
        return True
    try:
        return glob.has_magic(path) and any(glob.iglob(path, recursive=True))  # noqa: PTH207
    except (OSError, ValueError, RecursionError):
        return False
