"""Copying the files of a bundle, and no others, from a folder or a tar archive."""

import io
import shutil
import sys
import tarfile
from pathlib import Path, PurePosixPath
from typing import IO

from edge.bundles.format import MAX_BYTES, SIGNATURE_FILE, too_large
from edge.core.errors import BundleError

_EXPECTED = f"{', '.join(name for name in MAX_BYTES if name != SIGNATURE_FILE)} and maybe {SIGNATURE_FILE}"
_MAX_ARCHIVE_BYTES = sum(MAX_BYTES.values()) + 1_000_000
_MAX_MEMBERS = 16


def unpack(source: str, folder: Path) -> None:
    """Copy ``model.tflite``, ``model.json`` and, if there is one, its signature into ``folder``.

    An archive is read as a stream, so that memory and disk use are bounded whatever it holds.

    Args:
        source: a folder, a tar file, or ``-`` for a tar archive on the standard input.
        folder: an empty folder.

    Raises:
        BundleError: the source does not exist, a file is too large, or an archive holds anything else.
        OSError: a file cannot be read or written.
    """
    if source == "-":
        _from_tar(sys.stdin.buffer, "the standard input", folder)
    elif Path(source).is_dir():
        _from_folder(Path(source), folder)
    elif Path(source).is_file():
        with Path(source).open("rb") as file:
            _from_tar(file, source, folder)
    else:
        raise BundleError(
            f"no bundle at {source}: expected a folder, a tar file, or - for the standard input"
        )


def _from_folder(source: Path, folder: Path) -> None:
    for name, limit in MAX_BYTES.items():
        path = source / name
        if path.is_file():
            if path.stat().st_size > limit:
                raise too_large(name, limit)
            shutil.copyfile(path, folder / name)


def _from_tar(stream: IO[bytes], source: str, folder: Path) -> None:
    try:
        # "r|": a stream without compression, so that nothing in it can be larger than the stream.
        with tarfile.open(fileobj=_Bounded(stream), mode="r|") as archive:
            for count, member in enumerate(archive):
                if count >= _MAX_MEMBERS:
                    raise BundleError(
                        f"{source} holds more than {_MAX_MEMBERS} entries: expected {_EXPECTED}"
                    )
                if not member.isdir():
                    _take(archive, member, source, folder)
    except (tarfile.TarError, ValueError, EOFError, RecursionError) as error:
        raise BundleError(
            f"{source} is not a whole tar archive without compression ({error}): "
            "make one with `tar -C BUNDLE -c .`"
        ) from None


def _take(archive: tarfile.TarFile, member: tarfile.TarInfo, source: str, folder: Path) -> None:
    name = PurePosixPath(member.name).name
    if name not in MAX_BYTES or not member.isreg() or member.issparse() or (folder / name).exists():
        raise BundleError(f"{source} holds {member.name!r}: expected {_EXPECTED}, plain files, each once")
    if member.size > MAX_BYTES[name]:
        raise too_large(name, MAX_BYTES[name])
    content = archive.extractfile(member)
    assert content is not None  # a regular file has one
    with content, (folder / name).open("xb") as file:
        shutil.copyfileobj(content, file)


class _Bounded(io.RawIOBase):
    """A stream with a limit on its length: tar's own headers may be of any length."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__()
        self._stream = stream
        self._remaining = _MAX_ARCHIVE_BYTES

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._remaining -= len(data)
        if self._remaining < 0:
            raise tarfile.ReadError(f"more than {_MAX_ARCHIVE_BYTES} bytes")
        return data
