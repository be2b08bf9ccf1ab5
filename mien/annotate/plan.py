"""What is annotated, and where the drawings and records go; nothing is written before all of it is known."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.core.address import may_be_address, shown
from edge.core.errors import DataError, SourceError
from edge.core.files import require_writable_file
from edge.core.text import counted
from edge.sources import albums, video

PICTURE_SUFFIXES = tuple(".bmp .dib .jpe .jpeg .jpg .png .pnm .ppm .tif .tiff .webp".split())
"""Endings of the pictures that are written, in lower case: those that OpenCV writes in colour everywhere."""
VIDEO_SUFFIX = ".mp4"
RECORDS_SUFFIX = ".jsonl"


@dataclass(frozen=True, slots=True)
class Job:
    """One picture or video, and the file that it becomes."""

    source: Path
    target: Path
    is_video: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """All jobs of a call."""

    jobs: tuple[Job, ...]
    out: Path
    """What the user named: the target of the only job, or the folder of all of them."""
    records: Path
    """The file of the JSON lines."""
    of_folder: bool = False
    """Whether a folder is annotated, in which a file that cannot be read is skipped."""
    excluded: tuple[Path, ...] = ()
    """Files of the folder that are neither pictures nor videos."""

    def describe_excluded(self) -> str:
        """One line with the number and the names of the excluded files."""
        files = counted(len(self.excluded), "file")
        return f"left out {files}, neither picture nor video: {albums.some_names(self.excluded)}"


def plan(spec: str, out: Path, overwrite: bool) -> Plan:
    """Find what a call annotates, and check that it may write what it will.

    Args:
        spec: path of a picture, a video or a folder.
        out: the file to write, or the folder for a folder.
        overwrite: whether files that are there may be replaced.

    Raises:
        SourceError: ``spec`` is a camera or stream, does not exist, or holds neither pictures nor videos.
        DataError: ``out`` has the wrong form, is there already, or would replace an input.
    """
    source = _file_or_folder(spec)
    planned = _plan_folder(source, out, overwrite) if source.is_dir() else _plan_file(source, out)
    inputs = {job.source.resolve() for job in planned.jobs}
    for target in (planned.records, *(job.target for job in planned.jobs)):
        if target.resolve() in inputs:
            raise DataError(f"{target} is an input itself: name another place with --out")
        try:
            require_writable_file(target, overwrite)
        except DataError as error:
            raise DataError(f"the JSON lines: {error}" if target is planned.records else str(error)) from None
    return planned


def _file_or_folder(spec: str) -> Path:
    live = spec.startswith(("camera:", "/dev/video")) or spec == "picamera2"
    if live or may_be_address(spec):
        raise SourceError(
            f"{shown(spec)} is no file: pictures of a camera or stream are never stored, so only files are "
            "annotated; to get labels of it: mien run --source"
        )
    path = Path(spec)
    try:
        if spec and (path.is_file() or path.is_dir()):
            return path
        missing = not spec or not path.exists()
    except (OSError, ValueError) as error:
        raise SourceError(f"cannot read {spec!r}: {error}") from None
    what = "does not exist" if missing else "is neither file nor folder"
    raise SourceError(f"{spec!r} {what}: expected a picture, a video or a folder of them")


def _plan_file(source: Path, out: Path) -> Plan:
    is_video = _is_video(source)
    if is_video is None:
        known = " ".join((*albums.SUFFIXES, *video.SUFFIXES))
        raise SourceError(f"{source} is neither a picture nor a video: expected one of {known}")
    if out.is_dir():
        raise DataError(f"{out} is a folder: name a file for the drawing of {source.name}")
    suffixes = (VIDEO_SUFFIX,) if is_video else PICTURE_SUFFIXES
    if out.suffix.lower() not in suffixes:
        kind = "video" if is_video else "picture"
        raise DataError(f"--out {out}: the name of a {kind} must end in {' '.join(suffixes)}")
    return Plan((Job(source, out, is_video),), out, out.with_suffix(RECORDS_SUFFIX))


def _plan_folder(folder: Path, out: Path, overwrite: bool) -> Plan:
    if out.exists() and not out.is_dir():
        raise DataError(f"{out} is a file: name a folder for the drawings of the folder {folder}")
    if out.resolve() == folder.resolve():
        raise DataError(f"{out} is the input itself: name another folder with --out")
    if not overwrite and out.is_dir() and any(out.iterdir()):
        raise DataError(f"{out} is not empty: name another folder, or add --overwrite")
    files: list[tuple[Path, bool]] = []
    excluded: list[Path] = []
    for file in _files_below(folder, out.resolve()):
        is_video = _is_video(file)
        if is_video is None:
            excluded.append(file)
        else:
            files.append((file, is_video))
    if not files:
        raise SourceError(f"no pictures or videos in {folder} and the folders below it")
    targets = _targets([(file.relative_to(folder), is_video) for file, is_video in files])
    jobs = tuple(Job(file, out / to, is_video) for (file, is_video), to in zip(files, targets, strict=True))
    named = out.resolve() if out.name in ("", "..") else out
    records = named.with_name(named.name + RECORDS_SUFFIX)
    return Plan(jobs, out, records, of_folder=True, excluded=tuple(excluded))


def _files_below(folder: Path, out: Path) -> Iterator[Path]:
    """All files below a folder, sorted, without hidden ones and without those of ``out``."""

    def fail(error: OSError) -> None:
        raise SourceError(f"cannot read the folder {error.filename}: {error.strerror}")

    for parent, folders, names in os.walk(folder, onerror=fail):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and Path(parent, name).resolve() != out
        )
        files = (Path(parent, name) for name in sorted(names) if not name.startswith("."))
        yield from filter(albums.counts_as_file, files)


def _is_video(file: Path) -> bool | None:
    """Whether a file is a video rather than a picture; None where it is neither."""
    if file.suffix.lower() in video.SUFFIXES:
        return True
    return False if albums.is_picture(file) else None


def _targets(files: list[tuple[Path, bool]]) -> list[Path]:
    """For each path and whether it is a video, the path of its drawing; no two are the same.

    Names stay as they are where that can be written. Any other gets another ending in place of its own, or,
    where a file of that name is another's drawing, behind it.
    """
    suffixes = [(VIDEO_SUFFIX,) if is_video else PICTURE_SUFFIXES for _, is_video in files]
    kept = [path.suffix.lower() in allowed for (path, _), allowed in zip(files, suffixes, strict=True)]
    taken = {path for (path, _), keeps in zip(files, kept, strict=True) if keeps}
    targets = []
    for (path, is_video), keeps in zip(files, kept, strict=True):
        target = path
        if not keeps:
            suffix = VIDEO_SUFFIX if is_video else ".png"
            target = path.with_suffix(suffix)
            while target in taken:
                path = path.with_name(path.name + suffix)
                target = path
            taken.add(target)
        targets.append(target)
    return targets
