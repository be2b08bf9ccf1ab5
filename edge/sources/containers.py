"""Headers of picture files: size, EXIF orientation, chunks. All functions accept any bytes.

JPEG: ITU-T T.81, annex B. PNG: W3C PNG (Third Edition), 5.3. WebP: RFC 9649. EXIF: CIPA DC-008, 4.6.2.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

JPEG = b"\xff\xd8"
PNG = b"\x89PNG\r\n\x1a\n"
_PNG_CHECKSUM = 4
"""Length of the checksum behind the content of each chunk, bytes."""

_MAX_PARTS = 100_000
"""Most segments or chunks that are read. A large PNG has tens of thousands: libpng writes 8 KB into each."""
_APP1, _START_OF_SCAN = 0xE1, 0xDA
_WITHOUT_SEGMENT = (0x00, 0x01, *range(0xD0, 0xD8))  # markers that a decoder passes over
_MARKER = re.compile(rb"\xff++[^\xff]")  # any number of fill bytes before it
_SEQUENTIAL = (0xC0, 0xC1)  # start of frame; a decoder needs a few lines in memory
_FRAMES = (*_SEQUENTIAL, 0xC2)  # progressive: the decoder holds every coefficient
_EXIF = b"Exif\0\0"
_ORIENTATION_TAG, _SHORT = 0x0112, 3

_Part = tuple[bytes, int, int]
"""Name of a segment or chunk, and the start and end of its content."""


@dataclass(frozen=True, slots=True)
class StatedSize:
    """The size that a header states."""

    width: int
    """Width, px."""
    height: int
    """Height, px."""
    reducible: bool
    """Whether the picture can be decoded at a fraction of its size in a fraction of the memory."""


def png_chunks(data: bytes) -> Iterator[_Part]:
    """The chunks of a PNG up to ``IEND``; the end of the last one may lie beyond the file."""
    place, name = len(PNG), b""
    for _ in range(_MAX_PARTS):
        if place >= len(data) or name == b"IEND":
            return
        length, name = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        yield name, place + 8, place + 8 + length
        place += 8 + length + _PNG_CHECKSUM


def png_up_to_end(png: bytes) -> bytes | None:
    """A PNG up to its end chunk; None where a chunk states a length beyond the file's.

    OpenCV allocates the length that a chunk states, up to 4 GB, and may read chunks behind the end.
    """
    end = len(PNG)
    for _, start, stop in png_chunks(png):
        if stop - start > len(png):
            return None
        end = stop + _PNG_CHECKSUM
    return png[:end]


def is_webp(data: bytes) -> bool:
    """Whether a file begins as a WebP does."""
    return data.startswith(b"RIFF") and data[8:12] == b"WEBP"


def stated_size(data: bytes) -> StatedSize | None:
    """The size of a JPEG, PNG or WebP; None where no header states it."""
    stated = None
    try:
        if data.startswith(PNG):
            width, height = struct.unpack_from(">II", data, 16)
            return StatedSize(width, height, reducible=False)
        if is_webp(data):
            return _webp_size(data)
        for name, start, _ in _jpeg_segments(data) if data.startswith(JPEG) else ():
            if name[0] in _FRAMES and stated is None:
                height, width, components = struct.unpack_from(">HHB", data, start + 1)
                stated = StatedSize(width, height, reducible=False)
                sequential = name[0] in _SEQUENTIAL
            elif name[0] == _START_OF_SCAN and stated is not None:
                # A decoder holds every coefficient of scans with a part of the components each, too.
                return replace(
                    stated, reducible=sequential and data[start : start + 1] == bytes((components,))
                )
    except struct.error:  # truncated
        pass
    return stated


def orientation(data: bytes) -> int:
    """The value of the EXIF tag Orientation, 1–8 in a sound file; 1 (upright) where there is none."""
    try:
        return _tag(_exif(data))
    except struct.error:  # damaged
        return 1


def _exif(data: bytes) -> bytes:
    """The EXIF of a JPEG, PNG or WebP, which is a TIFF structure; empty where there is none."""
    if data.startswith(JPEG):
        parts = (
            (s + len(_EXIF), e)
            for name, s, e in _jpeg_segments(data)
            if name[0] == _APP1 and data.startswith(_EXIF, s)
        )
    elif data.startswith(PNG):
        parts = ((s, e) for name, s, e in png_chunks(data) if name == b"eXIf")
    elif is_webp(data):
        parts = ((s, e) for name, s, e in _webp_chunks(data) if name == b"EXIF")
    else:
        return b""
    start, end = next(parts, (0, 0))
    return data[start:end].removeprefix(_EXIF)  # some programs write it into WebP, too


def _tag(tiff: bytes) -> int:
    """Orientation in the first directory of a TIFF structure: entries of tag, type, count and value."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    (place,) = struct.unpack_from(order + "I", tiff, 4)
    (entries,) = struct.unpack_from(order + "H", tiff, place)
    for entry in range(entries):
        tag, kind, _, value = struct.unpack_from(order + "HHIH", tiff, place + 2 + 12 * entry)
        if (tag, kind) == (_ORIENTATION_TAG, _SHORT):
            return int(value)
    return 1


def _jpeg_segments(data: bytes) -> Iterator[_Part]:
    """The segments of a JPEG up to the header of its first scan."""
    place, marker = len(JPEG), 0
    for _ in range(_MAX_PARTS):
        found = _MARKER.match(data, place)
        if found is None or marker == _START_OF_SCAN or found.end() + 2 > len(data):
            return
        place = found.end()
        marker = data[place - 1]
        if marker not in _WITHOUT_SEGMENT:
            end = place + int.from_bytes(data[place : place + 2], "big")
            yield data[place - 1 : place], place + 2, end
            place = end


def _webp_chunks(data: bytes) -> Iterator[_Part]:
    place = 12
    for _ in range(_MAX_PARTS):
        if place + 8 > len(data):
            return
        length = int.from_bytes(data[place + 4 : place + 8], "little")
        yield data[place : place + 4], place + 8, place + 8 + length
        place += 8 + length + length % 2


def _webp_size(data: bytes) -> StatedSize | None:
    """RFC 9649, 2.5 (lossy: RFC 6386, 9.1), 2.6 (lossless) and 2.7 (extended: the canvas)."""
    name, start, _ = next(_webp_chunks(data), (b"", 0, 0))
    if name == b"VP8 " and data[start + 3 : start + 6] == b"\x9d\x01\x2a":
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, start + 6))
        return StatedSize(width, height, reducible=False)
    if name == b"VP8L" and data[start : start + 1] == b"\x2f":
        (bits,) = struct.unpack_from("<I", data, start + 1)
        return StatedSize((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, reducible=False)
    if name == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (start + 4, start + 7))
        return StatedSize(width, height, reducible=False)
    return None
