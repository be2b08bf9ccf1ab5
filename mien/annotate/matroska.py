"""A stream of frames with their presentation times, in the form of Matroska (RFC 9559) with raw pixels.

It is what passes from this program to ffmpeg: of the forms in which ffmpeg reads raw pixels, the plainest one
that has a time for each frame.
"""

_TIMESTAMP_SCALE_NS = 1000
_UNKNOWN_SIZE = b"\x01\xff\xff\xff\xff\xff\xff\xff"
_RGB24 = b"RGB\x18"
"""The code of 24-bit RGB in ffmpeg."""

_EBML, _DOC_TYPE = b"\x1a\x45\xdf\xa3", b"\x42\x82"
_SEGMENT, _INFO, _TIMESTAMP_SCALE = b"\x18\x53\x80\x67", b"\x15\x49\xa9\x66", b"\x2a\xd7\xb1"
_TRACKS, _TRACK_ENTRY, _TRACK_NUMBER, _TRACK_UID = b"\x16\x54\xae\x6b", b"\xae", b"\xd7", b"\x73\xc5"
_TRACK_TYPE, _DEFAULT_DURATION, _CODEC_ID, _VIDEO = b"\x83", b"\x23\xe3\x83", b"\x86", b"\xe0"
_PIXEL_WIDTH, _PIXEL_HEIGHT, _COLOUR_SPACE = b"\xb0", b"\xba", b"\x2e\xb5\x24"
_CLUSTER, _TIMESTAMP, _SIMPLE_BLOCK = b"\x1f\x43\xb6\x75", b"\xe7", b"\xa3"
_BLOCK_HEADER = b"\x81\x00\x00\x80"
"""Track 1, 0 after the time of the cluster, a keyframe."""


def header(width: int, height: int, duration_ns: int) -> bytes:
    """The beginning of a stream of RGB frames.

    Args:
        width: of each frame, px.
        height: of each frame, px.
        duration_ns: usual duration of a frame, ns, which is that of the last one.
    """
    video = _number(_PIXEL_WIDTH, width) + _number(_PIXEL_HEIGHT, height) + _element(_COLOUR_SPACE, _RGB24)
    track = (
        _number(_TRACK_NUMBER, 1)
        + _number(_TRACK_UID, 1)
        + _number(_TRACK_TYPE, 1)  # video
        + _number(_DEFAULT_DURATION, duration_ns)
        + _element(_CODEC_ID, b"V_UNCOMPRESSED")
        + _element(_VIDEO, video)
    )
    return (
        _element(_EBML, _element(_DOC_TYPE, b"matroska"))
        + _SEGMENT
        + _UNKNOWN_SIZE
        + _element(_INFO, _number(_TIMESTAMP_SCALE, _TIMESTAMP_SCALE_NS))
        + _element(_TRACKS, _element(_TRACK_ENTRY, track))
    )


def frame_header(time_ns: int, length: int) -> bytes:
    """What comes before the pixels of a frame.

    Args:
        time_ns: presentation time, ns, not negative; kept to the microsecond.
        length: number of bytes of the pixels.
    """
    time = _number(_TIMESTAMP, round(time_ns / _TIMESTAMP_SCALE_NS))
    block = _SIMPLE_BLOCK + _size(len(_BLOCK_HEADER) + length) + _BLOCK_HEADER
    return _CLUSTER + _size(len(time) + len(block) + length) + time + block


def _element(name: bytes, content: bytes) -> bytes:
    return name + _size(len(content)) + content


def _number(name: bytes, value: int) -> bytes:
    return _element(name, value.to_bytes(8, "big"))


def _size(length: int) -> bytes:
    """A length as an 8-byte integer of variable size."""
    return (1 << 56 | length).to_bytes(8, "big")
