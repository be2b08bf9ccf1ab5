"""Writing files and folders whole or not at all."""

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from edge.core.errors import DataError

_MAX_BYTES = 1 << 26
"""Largest size of a file that may be replaced, bytes; this program's own files are smaller."""


def check_replaceable(path: Path, ours: Callable[[bytes], bool]) -> None:
    """Check that a file may be replaced: it is absent, empty, or was written by this program.

    Args:
        ours: tells for the content of a file whether this program wrote it.

    Raises:
        DataError: another program or a person wrote the file.
        OSError: the file cannot be read.
    """
    if not path.exists():
        return
    if not path.is_file():
        raise DataError(f"{path} is no file: name another place to write")
    with path.open("rb") as file:
        content = file.read(_MAX_BYTES + 1)
    if content and (len(content) > _MAX_BYTES or not ours(content)):
        raise DataError(f"{path} was not written by this program: name another place to write, or remove it")


def is_json_with(content: bytes, *keys: str) -> bool:
    """Whether ``content`` is a JSON object that has all of ``keys``."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and value.keys() >= set(keys)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary name beside ``path``; on success it becomes ``path``, on error it is removed.

    The file is flushed to the disk before the rename and its folder after it, so that a power cut
    leaves the old file or the new one, and on return the new one.

    Raises:
        OSError: the folder cannot be written, or the disk is full. ``path`` is then as before.
    """
    make_folder(path.parent)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    flush_folder(path.parent)


@contextmanager
def replacing_folder(path: Path, only_new: bool = False) -> Iterator[Path]:
    """Give a temporary folder beside ``path``; on success it becomes ``path``, on error it is removed.

    All is flushed to the disk before the rename, and the rename after it. A folder that was at ``path``
    is moved aside for the rename and removed after it; if the rename fails it is put back. A link stays one.

    Args:
        path: the folder to write; what is there now is lost.
        only_new: replace nothing: if something is at ``path`` in the end, the new folder keeps another name.

    Raises:
        FileExistsError: see ``only_new``; the message has the other name.
        OSError: the folder cannot be written, or the disk is full. ``path`` is then as before.
    """
    path = path.resolve()
    make_folder(path.parent)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        _flush_all(temporary)
        other = temporary.with_name(temporary.name[1:])
        if only_new and path.exists():
            temporary.rename(other)
            raise FileExistsError(errno.EEXIST, f"{path} is there by now: the result is in {other}")
        _swap(temporary, path, other)
        shutil.rmtree(other, ignore_errors=True)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    flush_folder(path.parent)


def require_writable_file(path: Path, overwrite: bool) -> None:
    """Check before a long computation that its result can become the file ``path`` by ``replacing``.

    Args:
        overwrite: whether the user has asked to replace a file that is there.

    Raises:
        DataError: it is there already, is no file, or cannot be written.
    """
    if path.exists() and not path.is_file():
        raise DataError(f"{path} is no file: name another file")
    if path.exists() and not overwrite:
        raise DataError(f"{path} is there already: name another file, or add --overwrite")
    existing = next(parent for parent in path.absolute().parents if parent.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise DataError(f"cannot write {path} in {existing}: name another file")


def require_new_folder(path: Path) -> None:
    """Check before a long computation that its result can be written to the new folder ``path``.

    Raises:
        DataError: it is there already, or cannot be written.
    """
    if path.exists():
        raise DataError(f"{path} is there already: name another folder, or remove it")
    try:
        make_folder(path.parent)
        with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent):
            pass
    except OSError as error:
        raise DataError(f"cannot write {path} ({error.strerror}): name another folder") from None


def rename_folder(path: Path, to: Path, aside: Path) -> None:
    """Flush a folder and its content to the disk, then rename it; a power cut after that undoes nothing.

    Args:
        path: the folder.
        to: its new path, on the same disk.
        aside: path for what is at ``to`` now; if the rename fails it is put back.

    Raises:
        OSError: the disk is full or read-only. ``to`` is then as before.
    """
    _flush_all(path)
    _swap(path, to, aside)
    for folder in {path.parent, to.parent}:
        flush_folder(folder)


def check_folder(path: Path) -> None:
    """Check that no file stands where a folder is to be made.

    Raises:
        DataError: one does.
    """
    if path.exists() and not path.is_dir():
        raise DataError(f"{path} is a file: name a folder to write")


def make_folder(path: Path) -> None:
    """Make a folder and those above it; a power cut after that undoes nothing.

    Raises:
        OSError: the disk is read-only or full, or a file is in the way.
    """
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(exist_ok=True)
    flush_folder(path.parent)


def flush_folder(path: Path) -> None:
    """Flush a folder, and with it the renames in it. Some file systems cannot: there a rename may be lost."""
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_atomic(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path``, whole or not at all.

    Raises:
        OSError: see ``replacing``.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def sha256(data: bytes) -> str:
    """SHA-256 as 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def _swap(new: Path, path: Path, aside: Path) -> None:
    """Rename ``new`` to ``path``, and what is at ``path`` to ``aside``."""
    if not os.path.lexists(path):
        new.rename(path)
        return
    path.rename(aside)
    try:
        new.rename(path)
    except BaseException:
        with suppress(OSError):
            aside.rename(path)
        raise


def _flush_all(folder: Path) -> None:
    for entry in (folder, *folder.rglob("*")):
        if entry.is_dir():
            flush_folder(entry)
        elif entry.is_file():
            with entry.open("rb") as file:
                os.fsync(file.fileno())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
