"""Pictures and videos → drawings and records."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass

import cv2

from edge.build import build_pipeline
from edge.cli.progress import show_progress
from edge.core.errors import DataError, SourceError
from edge.core.files import replacing, write_atomic
from edge.core.text import counted
from edge.core.types import Frame
from edge.landmarks.litert import LitertBackend
from edge.pipeline import Pipeline
from edge.settings import Settings
from edge.sources.albums import Album
from edge.sources.orientation import Turn
from edge.sources.pictures import PictureSource
from edge.sources.video import VideoSource
from mien.annotate.plan import Job, Plan
from mien.annotate.records import RecordsFile, open_records
from mien.annotate.writers import VideoFormat
from mien.drawing import draw
from mien.results import Result

_log = logging.getLogger(__name__)

_SHORT = 0.66
"""Share of the length stated by a video below which a line says that it ends early. The length may be that of
its sound, which is often a little longer."""


@dataclass(slots=True)
class Summary:
    """What a call has done."""

    pictures: int = 0
    videos: int = 0
    skipped: int = 0
    """Number of files that could not be read."""
    frames: int = 0
    faces: int = 0

    def __str__(self) -> str:
        counts = {"picture": self.pictures, "video": self.videos}
        done = [counted(count, noun) for noun, count in counts.items() if count]
        skipped = f" ({self.skipped} skipped)" if self.skipped else ""
        return (
            f"{' and '.join(done)}{skipped}: {counted(self.frames, 'frame')}, {counted(self.faces, 'face')}"
        )


def annotate(plan: Plan, settings: Settings) -> Summary:
    """Annotate all files of a plan; in a folder, one that cannot be read is skipped, with a line in the log.

    Args:
        plan: the files.
        settings: how faces are found and classified, and how frames are turned; the rest has no effect.

    Raises:
        SourceError: the only file, or every file, cannot be read.
        DataError: a drawing cannot be written.
        MienError: bundle or face models are missing.
        OSError: the disk is full. Whatever the error, each file that is there is whole and has its records.
    """
    summary = Summary()
    video_format = VideoFormat() if any(job.is_video for job in plan.jobs) else None
    jobs: Iterable[Job] = plan.jobs
    if plan.of_folder:
        jobs = show_progress(jobs, "files", len(plan.jobs))
    with open_records(plan.records) as records:
        for job, pipeline in _with_pipelines(jobs, settings):
            try:
                with records.of_one_file():
                    if video_format is not None and job.is_video:
                        frames, faces = _draw_video(job, pipeline, settings, records, video_format)
                    else:
                        frames, faces = _draw_picture(job, pipeline, settings, records)
            except SourceError as error:
                if not plan.of_folder:
                    raise
                summary.skipped += 1
                _log.warning("skipped: %s", error)
                continue
            summary.frames += frames
            summary.faces += faces
            summary.videos += job.is_video
            summary.pictures += not job.is_video
        if summary.skipped == len(plan.jobs):
            raise SourceError(f"none of the {len(plan.jobs)} files could be read: see the lines above")
    return summary


def _with_pipelines(jobs: Iterable[Job], settings: Settings) -> Iterator[tuple[Job, Pipeline]]:
    """Each job with a pipeline that remembers nothing of the jobs before it."""
    for_pictures: Pipeline | None = None
    for job in jobs:
        if job.is_video:
            with closing(build_pipeline(settings)) as pipeline:
                yield job, pipeline
        else:
            for_pictures = for_pictures or build_pipeline(settings)
            if isinstance(for_pictures.backend, LitertBackend):
                for_pictures.backend.restart()
            yield job, for_pictures


def _draw_picture(job: Job, pipeline: Pipeline, settings: Settings, records: RecordsFile) -> tuple[int, int]:
    """Annotate a picture; gives the numbers of frames and faces."""
    (frame,) = PictureSource(Album((job.source,)), skip_broken=False, turn=_turn(settings))
    result = Result(pipeline.process(frame))
    records.write(result)
    bgr = cv2.cvtColor(draw(frame, result), cv2.COLOR_RGB2BGR)
    try:
        _, data = cv2.imencode(job.target.suffix.lower(), bgr)
    except cv2.error as error:
        raise DataError(f"OpenCV cannot write {job.target}: {error.err}") from None
    write_atomic(job.target, data.tobytes())
    return 1, len(result)


def _draw_video(
    job: Job, pipeline: Pipeline, settings: Settings, records: RecordsFile, video_format: VideoFormat
) -> tuple[int, int]:
    """Annotate a video; gives the numbers of frames and faces."""
    source = VideoSource(job.source, _turn(settings))
    shown: Iterable[Frame] = show_progress(source, f"frames of {job.source.name}", source.frame_count)
    frames = faces = 0
    with (
        replacing(job.target) as temporary,
        video_format.open(temporary, job.target, source, job.source) as writer,
    ):
        for frame in shown:
            result = Result(pipeline.process(frame))
            records.write(result)
            writer.write(draw(frame, result, ids=settings.landmarks.max_faces > 1), frame.time_ns)
            frames += 1
            faces += len(result)
        if not frames:
            raise SourceError(f"none of the frames of {job.source} can be decoded")
        writer.finish()
    duration_s = source.frame_duration_ns / 1e9
    ends_s, stated_s = frame.time_ns / 1e9 + duration_s, source.frame_count * duration_s
    if ends_s < _SHORT * stated_s:
        _log.warning("%s ends after %.1f s and states %.1f s: is it damaged?", job.source, ends_s, stated_s)
    return frames, faces


def _turn(settings: Settings) -> Turn:
    return Turn(settings.camera.rotate, settings.camera.mirror)
