"""Valid files → damaged ones: by bits, lines, values of a JSON document, members of an archive.

All of it is drawn from the ``random.Random`` that is passed in, so that an input can be made again.
"""

import io
import json
import random
import re
import struct
import warnings
import zipfile
from collections.abc import Callable
from typing import Any

Files = dict[str, bytes]
"""Path inside a folder → content."""

MOST_BYTES = 1_000_000
"""Of one damaged file."""

_NUMBERS = (0, 1, 2, 127, 128, 255, 256, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1)
_WORDS = (
    *("", " ", "0", "-1", "1", "7", "255", "256", "1.5", "-0.0", "1e39", "1e309", "-1e400", "1e-400", "nan"),
    *("inf", "-inf", "1_0", "+5", "٣", "²", "9" * 5000, "0x" + "f" * 6000, "1" * 400, "true", "null", "''"),
    *("\0", "\ufeff", "\u2028", "\x85", "é", "😀", "\r", "\t", '"', '"""', "'", "\\", "\\u0000", "\\ud800"),
    *("{", "}", "[", "]", ",", ";", "=", "#", "[[", "a.b.c", "../x", "/dev/zero", "%s%n", "x" * 50_000),
    *("[" * 100_000, "{a=" * 5000, '{"a":' * 5000, "a." * 20_000, "1979-05-27T07:32:00Z", "subject", "file"),
)
_BYTES = (
    *(b"\xff", b"\xff\xfe", b"\xc3\x28", b"\xed\xa0\x80", b"\0" * 64, b"\xff" * 64, b"PK\3\4", b"PK\1\2"),
    *(b"PK\5\6", b"PK\6\6", b"\x93NUMPY", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*"),
    *(b"P6\n65535 65535\n255\n", b"\x1a\x45\xdf\xa3", *b"TFL3 RIFF BM moov mdat ftyp ustar".split()),
)
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 3, 10**6, 10**30, -(10**400), 1e308, -1e308, 5e-324, 0.5, "", "x", "a\nb"),
    *("x" * 30_000, "\ud800", "\0", "<script>", "/dev/zero", "NaN", [], {}, [[]], [None], [0.5] * 300),
    *({"": {}}, {"a\nb": 1}, {"\ud800": 1}, [{"x": "x"}], "2026-01-01", [1, 2, 3], [True], ["a", "a"]),
)
_RAW = (
    *"NaN Infinity -Infinity 1e999".split(),
    "9" * 5000,
    "[" * 900 + "]" * 900,
    "[" * 10**5,
    '{"a":' * 3000,
)
_WORD = re.compile(r"[\w.+-]+|[^\w\s]")
_VALUE = re.compile(r"[^,;=#\t\n]+")
_SHORT = [word for word in _WORDS if len(word) < 10]
_HOLE = "\ue000hole\ue000"


def mutate(rng: random.Random, files: Files) -> Files:
    """The same files, one of them damaged in one to eight ways."""
    name = rng.choice(sorted(files))
    return files | {name: damage(rng, name, files[name])}


def damage(rng: random.Random, name: str, data: bytes) -> bytes:
    """One file, damaged according to its suffix."""
    for _ in range(min(8, 1 + int(rng.expovariate(0.8)))):
        data = _way(rng, name)(rng, data)[:MOST_BYTES]
    return data


def _way(rng: random.Random, name: str) -> Callable[[random.Random, bytes], bytes]:
    suffix = name.rpartition(".")[2]
    if rng.random() < 0.25:
        return _bytes
    if suffix == "json":
        return _json
    if suffix in ("zip", "npz", "whl", "keras"):
        return _archive
    if suffix in ("toml", "csv", "txt", "minisig", "pub"):
        return _text
    return _header if suffix == "npy" else _bytes


def _bytes(rng: random.Random, data: bytes) -> bytes:
    start = rng.randrange(len(data) + 1)
    end = min(len(data), start + int(rng.expovariate(1 / 30)) + 1)
    number = rng.choice(_NUMBERS)
    packed = struct.pack(rng.choice(("<Q", ">Q")), number)
    width = rng.choice((1, 2, 4, 8))
    packed = packed[:width] if rng.random() < 0.5 else packed[-width:]
    flipped = bytes([data[start] ^ 1 << rng.randrange(8)]) if start < len(data) else b""
    return rng.choice(
        (
            data[:start] + flipped + data[start + 1 :],
            data[:start] + flipped + data[start + 1 :],
            data[:start] + packed + data[start + width :],
            data[:start] + packed + data[start + width :],
            data[:start],
            data[:start] + data[end:],
            data[:end] + data[start:],
            data[:start] + rng.choice(_BYTES) + data[start:],
            data[:start] + rng.choice(_BYTES) + data[end:],
            data[:start] + data[start:end] * rng.choice((10, 1000)) + data[end:],
            data[:start] + rng.randbytes(end - start) + data[end:],
            data[start:] + data[:start],
        )
    )


def _text(rng: random.Random, data: bytes) -> bytes:
    text = data.decode("utf-8", "surrogateescape")
    lines = text.splitlines(keepends=True) or [""]
    first, second = rng.randrange(len(lines)), rng.randrange(len(lines))
    pattern = rng.choice((_WORD, _VALUE))
    word = pattern.search(lines[first], rng.randrange(len(lines[first]) + 1))
    action = rng.randrange(10)
    if action == 0:
        lines[first], lines[second] = lines[second], lines[first]
    elif action == 1:
        lines.insert(first, lines[second])
    elif action == 2:
        del lines[first]
    elif action == 3:
        lines[first] = lines[first][:20_000] * rng.choice((2, 50))
    elif action == 4:
        mark = rng.choice(",;\t= \n")
        lines[first] = lines[first].replace(mark, rng.choice(_SHORT))
    elif word:
        rest = lines[first][word.end() if action > 5 else word.start() :]
        lines[first] = lines[first][: word.start()] + rng.choice(_WORDS) + rest
    return "".join(lines).encode("utf-8", "surrogatepass" if rng.random() < 0.2 else "replace")


def _json(rng: random.Random, data: bytes) -> bytes:
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return _text(rng, data)
    container, keys = content, []
    while isinstance(container, dict | list) and container:
        key = rng.choice(sorted(container)) if isinstance(container, dict) else rng.randrange(len(container))
        keys.append((container, key))
        container = container[key]
    if not keys:
        return json.dumps(rng.choice(_VALUES)).encode()
    place, key = rng.choice(keys)
    raw, action = rng.choice(_RAW), rng.randrange(8)
    if action == 0:
        del place[key]
    elif action == 1 and isinstance(place, dict):
        place[rng.choice(("", "x", "a\nb", "\ud800", "x" * 3000, "checksum"))] = place[key]
    elif action == 2 and isinstance(place, list):
        place += place[: rng.choice((1, 100))]
    elif action == 3:
        place[key] = container  # from further below
    else:
        place[key] = _HOLE if action == 4 else rng.choice(_VALUES)
    try:
        return json.dumps(content).replace(json.dumps(_HOLE), raw).encode()
    except RecursionError:  # what can just be read may be too deep to be written
        return _text(rng, data)


def _archive(rng: random.Random, data: bytes) -> bytes:
    """A member damaged, renamed, dropped or put in once more, packed again with right checksums."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [(name, archive.read(name)) for name in archive.namelist()]
    except Exception:  # damaged already
        return _bytes(rng, data)
    if not members:
        return _bytes(rng, data)
    place = rng.randrange(len(members))
    name, content = members[place]
    action = rng.randrange(6)
    if action == 0:
        del members[place]
    elif action == 1:
        members[place] = (rng.choice(("", "x", "../x", "/x", "a\0b", name + "x")), content)
    elif action == 2:
        members.append((rng.choice(members)[0], content))
    else:
        members[place] = (name, _way(rng, name)(rng, content)[:MOST_BYTES])
    packed = io.BytesIO()
    method = rng.choice(
        (zipfile.ZIP_STORED,) * 3 + (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    )
    with zipfile.ZipFile(packed, "w", method) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a name that is there twice
        for each, inside in members:
            info = zipfile.ZipInfo(each)
            info.compress_type = method
            archive.writestr(info, inside)
    return packed.getvalue()


_HEADER_FIELDS = (rb"'[<>|=]\w+'|'\|.\d+'", rb"\([\d, ]*\)", rb"True|False")
"""Type, shape and order in the header of an array file."""
_HEADER_PARTS = (
    b"'<f4' '|O' '|V9' '<U9' '<M8[s]' '|S99999999' [('a','<f4')] True "
    b"() (0,) (-1,) (2,) (999999999999,) (3,3,3) (0,0) (2.5,) (("
).split()


def _header(rng: random.Random, data: bytes) -> bytes:
    """Something else in a field of the header of an array file, its length kept in order."""
    size = int.from_bytes(data[8:10], "little") if data[:6] == b"\x93NUMPY" else 0
    header, rest = data[10 : 10 + size], data[10 + size :]
    if not header:
        return _bytes(rng, data)
    part = rng.choice(_HEADER_PARTS)
    header = re.sub(rng.choice(_HEADER_FIELDS), lambda _: part, header, count=1)
    return data[:8] + len(header).to_bytes(2, "little") + header + rest
