"""Only what belongs to a bundle comes in, and never more than a bundle can be."""

import gzip
import io
import sys
import tarfile
from types import SimpleNamespace

import pytest

from edge.bundles.format import MAX_BYTES
from edge.bundles.unpack import unpack
from edge.core.errors import BundleError

FILES = {"model.tflite": b"network", "model.json": b"{}"}


def entry(name, data=b"", kind=tarfile.REGTYPE, **fields):
    member = tarfile.TarInfo(name)
    member.type, member.size = kind, len(data)
    for field, value in fields.items():
        setattr(member, field, value)
    return member, data


def archive(*entries, form=tarfile.GNU_FORMAT):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as tar:
        for member, data in entries:
            tar.addfile(member, io.BytesIO(data))
    return stream.getvalue()


WHOLE = [entry(name, data) for name, data in FILES.items()]


@pytest.fixture
def unpacked(tmp_path):
    """Write ``data`` to a file, unpack that, give what came out."""

    def unpacked(data):
        (tmp_path / "b.tar").write_bytes(data)
        folder = tmp_path / "out"
        folder.mkdir()
        unpack(str(tmp_path / "b.tar"), folder)
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    return unpacked


@pytest.mark.parametrize("prefix", ["", "./", "mine/", "/home/me/mine/", "../../"])
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_files_are_told_by_their_base_name(unpacked, prefix, form):
    files = FILES | {"model.json.minisig": b"signed"}
    entries = [entry(prefix + name, data) for name, data in files.items()]
    assert unpacked(archive(entry(prefix or ".", kind=tarfile.DIRTYPE), *entries, form=form)) == files


def test_a_folder_gives_its_files_of_those_names(tmp_path):
    source, folder = tmp_path / "mine", tmp_path / "out"
    source.mkdir()
    folder.mkdir()
    for name, data in (FILES | {"model_float32.tflite": b"for the desktop"}).items():
        (source / name).write_bytes(data)
    unpack(str(source), folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == FILES


@pytest.mark.parametrize(
    "stranger",
    [
        entry("model_float32.tflite", b"x"),
        entry("state.json", b"{}"),
        entry("model.json.minisig", kind=tarfile.SYMTYPE, linkname="/etc/passwd"),
        entry("model.json.minisig", kind=tarfile.LNKTYPE, linkname="model.json"),
        entry("model.json.minisig", kind=tarfile.FIFOTYPE),
        entry("model.json.minisig", kind=tarfile.CHRTYPE),
        entry("model.json", b"again"),
    ],
    ids=lambda pair: f"{pair[0].name}-{pair[0].type.decode()}",
)
def test_anything_else_in_an_archive_is_refused(unpacked, stranger):
    with pytest.raises(BundleError, match=r"holds '.*': expected model\.tflite, model\.json and maybe"):
        unpacked(archive(*WHOLE, stranger))


def test_folders_without_end_are_refused(unpacked):
    folders = [entry(f"{i}", kind=tarfile.DIRTYPE) for i in range(50)]
    with pytest.raises(BundleError, match="holds more than 16 entries"):
        unpacked(archive(*folders))


@pytest.mark.parametrize("name", list(MAX_BYTES))
def test_a_file_that_is_too_large_is_refused_before_it_is_read(unpacked, name):
    member, _ = entry(name, size=MAX_BYTES[name] + 1)
    with pytest.raises(BundleError, match=rf"{name} is larger than \d+ bytes"):
        unpacked(member.tobuf())


def test_a_folder_with_a_file_that_is_too_large(tmp_path):
    with (tmp_path / "model.json").open("wb") as file:
        file.truncate(MAX_BYTES["model.json"] + 1)
    with pytest.raises(BundleError, match=r"model\.json is larger than"):
        unpack(str(tmp_path), tmp_path)


def test_a_header_without_end_is_refused(tmp_path, monkeypatch):
    """A pax header of 8 GB, of which tarfile would read all that comes."""

    class Zeros(io.RawIOBase):
        given = 0

        def read(self, size=-1):
            Zeros.given += size
            return header.pop() if header else bytes(size)

    member, _ = entry("pax", kind=tarfile.XHDTYPE, size=8 * 10**9)
    header = [member.tobuf(tarfile.GNU_FORMAT).ljust(tarfile.RECORDSIZE, b"\0")]
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=Zeros()))
    with pytest.raises(BundleError, match="not a whole tar archive"):
        unpack("-", tmp_path)
    assert Zeros.given < 2 * sum(MAX_BYTES.values())


@pytest.mark.parametrize(
    "data",
    [b"", b"x", bytes(5), b"no tar at all" * 1000, gzip.compress(archive(*WHOLE)), archive(*WHOLE)[:515]],
    ids=["empty", "a byte", "zeros", "text", "compressed", "truncated"],
)
def test_what_is_no_whole_archive(unpacked, data):
    with pytest.raises(
        BundleError, match=r"is not a whole tar archive without compression .*tar -C BUNDLE -c"
    ):
        unpacked(data)
