"""Installing a bundle in a store: verify it, run its network in a process of its own, and move it into place.

The whole change is one rename, or two where a bundle takes the place of an idle or damaged one: whenever the
power fails, a bundle is there whole or not at all.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from edge.bundles import self_test, unpack
from edge.bundles.format import JSON_FILE, SIGNATURE_FILE, holds_only_a_bundle
from edge.bundles.state import is_name, locked
from edge.bundles.store import BundleStore, read_signed, shipped
from edge.core.errors import BundleError
from edge.core.files import make_folder, rename_folder

_INCOMING = ".incoming"
"""Folder of a store in which a bundle is unpacked."""


def install(store: BundleStore, source: str, name: str | None, public_key: str) -> str:
    """See ``BundleStore.install``."""
    if name is not None:
        _check_name(name)
    with _unpacked(store.folder, source) as new:
        bundle = read_signed(new, public_key)
        name = name or bundle.name
        _check_name(name)
        if not _is_installed(store, name, new):
            self_test.check_in_subprocess(new)
            _move_into_place(store, new, name)
    return name


def _check_name(name: str) -> None:
    if not is_name(name):
        raise BundleError(
            f"{name!r} cannot be the name of an installed bundle (small letters, digits, '.', '_', '-', at "
            "most 64): choose another --name"
        )
    if name in shipped():
        raise BundleError(f"{name} is the name of a shipped bundle: choose another --name")


@contextmanager
def _unpacked(folder: Path, source: str) -> Iterator[Path]:
    """The files of ``source`` in a folder that is removed in the end, if it is still there.

    Its parent is the lock between two installations; what an interrupted one left there is removed first.
    """
    incoming = folder / _INCOMING
    make_folder(incoming)
    with locked(incoming, wait=False):
        new = incoming / "new"
        try:
            _empty(incoming)
            new.mkdir()
            unpack.unpack(source, new)
            yield new
        except BundleError as error:
            raise BundleError(f"not installed: {str(error).replace(str(new), source)}") from None
        finally:
            with suppress(OSError):
                _empty(incoming)


def _is_installed(store: BundleStore, name: str, new: Path) -> bool:
    """Whether this very bundle is installed under that name, by its ``model.json``, which has all hashes."""
    files = (JSON_FILE, SIGNATURE_FILE)
    installed = store.folder / name
    return _is_whole(store, name) and all(
        _content(installed / file) == _content(new / file) for file in files
    )


def _move_into_place(store: BundleStore, new: Path, name: str) -> None:
    place = store.folder / name
    with locked(store.folder):
        state = store.state
        if name in (state.current, state.previous) and _is_whole(store, name):
            raise BundleError(
                f"{name} is the {'current' if name == state.current else 'previous'} bundle and another "
                "one: choose another --name"
            )
        if place.exists() and not holds_only_a_bundle(place):
            raise BundleError(f"{place} is there and no bundle: choose another --name")
        rename_folder(new, place, new.with_name("old"))


def _is_whole(store: BundleStore, name: str) -> bool:
    try:
        store.read(name)
    except BundleError:
        return False
    return True


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
