"""Bundles that come from elsewhere: their archive, their signature, and the state of their store."""

import io
import tarfile
from pathlib import Path

from edge.bundles import signature, unpack
from edge.bundles.format import JSON_FILE, MAX_BYTES, MODEL_FILE, SIGNATURE_FILE
from edge.bundles.state import STATE_FILE, StateFile
from tests.fuzz.mutate import Files
from tests.fuzz.targets import Target

_TEXT = b'{"name": "mine"}\n'
# A key that nobody keeps, and what it said of _TEXT: signatures are new each time they are made.
_KEY = b"RWRkAaZ/A0JTafrBo1O240CHySTkPpQXKCv7sV+UzdoXAesij798XL78"
_SIGNATURE = (
    b"untrusted comment: signature from minisign secret key\n"
    b"RURkAaZ/A0JTadLL1tl1yZIHOst0B2rxyIDZDdtOmQMsILMefiRSXBxBVWIuv/RKkSaHuM1yBJH5KGuNRwWTypnd4C+xr52Fhg8=\n"
    b"trusted comment: timestamp:1795271021\n"
    b"NipCDcMIA3A9vCjUewF33qVnUbL1wlNKlRh1whcHqqeqnahkWvqnDwM4vtC3AMSF1+xbImn0uZb+IPHAMkoyBA==\n"
)
_BLOCK = 512
_CHECKSUM = slice(148, 156)


def _tar_seeds() -> list[Files]:
    files = {JSON_FILE: _TEXT, SIGNATURE_FILE: _SIGNATURE, MODEL_FILE: bytes(range(256)) * 5}
    seeds = []
    for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w", format=form) as archive:
            for name, data in files.items():
                # A long name, or one that is not ASCII, takes a header of its own in two of the forms.
                info = tarfile.TarInfo(name if form == tarfile.USTAR_FORMAT else f"ü{'x' * 120}/{name}")
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        seeds.append({"bundle.tar": packed.getvalue()})
    return seeds


def _repair_tar(files: Files) -> Files:
    """Headers lie on multiples of 512 bytes; each has the sum of its bytes, its own place taken as spaces."""
    data = bytearray(files["bundle.tar"])
    for start in range(0, len(data) - _BLOCK + 1, _BLOCK):
        block = data[start : start + _BLOCK]
        if block[257:262] == b"ustar":
            block[_CHECKSUM] = b" " * 8
            block[_CHECKSUM] = b"%06o\0 " % sum(block)
            data[start : start + _BLOCK] = block
    return {"bundle.tar": bytes(data)}


def _tar(folder: Path) -> None:
    """Nothing but the files of a bundle may come out of it, nor out of the folder."""
    out = folder / "out"
    out.mkdir()
    before = set(folder.parent.rglob("*"))
    try:
        unpack.unpack(str(folder / "bundle.tar"), out)
    finally:
        made = set(folder.parent.rglob("*")) - before
        assert made <= {out / name for name in MAX_BYTES}, made
        assert all(path.is_file() and not path.is_symlink() for path in made), made


def _signature_seeds() -> list[Files]:
    return [{"key.pub": _KEY, SIGNATURE_FILE: _SIGNATURE, "text.txt": _TEXT}]


def _signature(folder: Path) -> None:
    key = (folder / "key.pub").read_bytes().decode("utf-8", "replace")
    signature.verify(folder, key, (folder / "text.txt").read_bytes())


def _state_seeds() -> list[Files]:
    return [{STATE_FILE: b'{"current": "mine", "previous": null, "unproven_starts": 1}\n'}]


def _state(folder: Path) -> None:
    state = StateFile(folder)
    state.change(lambda state: state.count_starts())
    assert StateFile(folder).state == state.state


TARGETS = {
    "state": Target(_state_seeds, _state),
    "signature": Target(_signature_seeds, _signature, needs=("minisign",)),
    "tar": Target(_tar_seeds, _tar, repair=_repair_tar),
}
