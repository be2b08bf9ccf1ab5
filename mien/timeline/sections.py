"""Records → the series that are drawn, in little memory: a section for each source, a lane for each face."""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise, repeat
from math import hypot, nan

import numpy as np
from numpy.typing import NDArray

from mien.timeline.records import FaceRecord, Record

MOST_BINS = 500
"""Most points of a line: more cannot be told apart in a figure of the usual width."""
MOST_LANES = 16
"""Most faces that are shown side by side, which is also the most that mien run reports."""
_PAUSE_S = 3600.0
"""Time without a record of a camera from which on another section begins, s: it was paused or off, or
its clock was set."""
_GAP_S = 1.0
"""Time without the face from which on its lines are broken, s, or five times the usual distance of frames."""


class Lane:
    """The values of one face over time. Faces that were never in view together may follow each other in it,
    since one that was lost and found again has another id."""

    def __init__(self) -> None:
        """Start empty."""
        self.ids: list[int] = []
        """In the order in which they came."""
        self.times = array("d")
        """Seconds from the start of the section."""
        self.unsure = array("b")
        self.starts = array("q")
        """Index at which each of ``ids`` begins."""
        self.labels: list[str] = []
        """All labels that the face had."""
        self.top = array("L")
        """Index in ``labels`` of each row's label."""
        self.probabilities: dict[str, array[float]] = {}
        self.measures = {name: array("f") for name in ("presence", "yaw", "pitch", "roll")}
        self._center = (0.0, 0.0)

    def __len__(self) -> int:
        return len(self.times)

    def add(self, face: FaceRecord, time: float) -> None:
        """Add a row."""
        rows = len(self)
        if not self.ids or self.ids[-1] != face.id:
            self.ids.append(face.id)
            self.starts.append(rows)
        self.times.append(time)
        self.unsure.append(face.unsure)
        if face.label not in self.labels:
            self.labels.append(face.label)
        self.top.append(self.labels.index(face.label))
        for label in face.probabilities:
            if label not in self.probabilities:
                self.probabilities[label] = array("f", repeat(nan, rows))
        for label, values in self.probabilities.items():
            values.append(face.probabilities.get(label, nan))
        for name, value in zip(self.measures, (face.presence, *face.pose), strict=True):
            self.measures[name].append(value)
        self._center = _center(face)

    def counts(self) -> dict[str, int]:
        """Label → number of rows."""
        return {label: self.top.count(index) for index, label in enumerate(self.labels)}

    @cached_property
    def line(self) -> "Line":
        """The values in few points, once all rows are there."""
        return self._bins.line()

    @cached_property
    def bands(self) -> "list[Band]":
        """The labels in few stretches, once all rows are there."""
        return list(self._bins.bands())

    @cached_property
    def _bins(self) -> "Bins":
        return Bins(self)

    def distance(self, face: FaceRecord) -> float:
        """Distance of a face from the last one of this lane, px."""
        x, y = _center(face)
        return hypot(x - self._center[0], y - self._center[1])


@dataclass(slots=True)
class Section:
    """One run over one source."""

    source: str
    run: int
    """Which run over this source, from 1."""
    live: bool
    start: float
    """Time of the first record, see ``Record.time``."""
    frames: int = 0
    frames_with_face: int = 0
    last_frame: int = -1
    last_time: float = 0.0
    """See ``Record.time``."""
    seconds: float = 0.0
    """Time from the first record to the last, s."""
    lanes: list[Lane] = field(default_factory=list)
    left_out: int = 0
    """Number of faces beyond ``MOST_LANES`` lanes."""
    _by_id: dict[int, Lane] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        """Add a frame."""
        time = record.time - self.start
        self.frames += 1
        self.frames_with_face += bool(record.faces)
        self.last_frame, self.last_time = record.frame, record.time
        self.seconds = max(self.seconds, time)
        known = {face.id: self._by_id[face.id] for face in record.faces if face.id in self._by_id}
        free = [lane for lane in self.lanes if not any(lane is used for used in known.values())]
        for face in record.faces:
            if face.id not in known:
                if free:
                    lane = min(free, key=lambda lane: lane.distance(face))
                    free.remove(lane)
                elif len(self.lanes) < MOST_LANES:
                    lane = Lane()
                    self.lanes.append(lane)
                else:
                    self.left_out += 1
                    continue
                known[face.id] = lane
            known[face.id].add(face, time)
        self._by_id = known


def sections(records: Iterable[Record]) -> list[Section]:
    """All records, by source; one whose frames begin anew, as after a second run, is another section."""
    latest: dict[str, Section] = {}
    found: list[Section] = []
    for record in records:
        section = latest.get(record.source)
        if section is None or _begins_anew(section, record):
            run = 1 if section is None else section.run + 1
            section = latest[record.source] = Section(record.source, run, record.live, record.time)
            found.append(section)
        section.add(record)
    return found


def _begins_anew(section: Section, record: Record) -> bool:
    step = record.time - section.last_time
    clock_is_set = record.live and not -_GAP_S <= step <= _PAUSE_S
    return section.live != record.live or record.frame <= section.last_frame or clock_is_set


def _center(face: FaceRecord) -> tuple[float, float]:
    x, y, width, height = face.box
    return x + width / 2, y + height / 2


@dataclass(frozen=True, slots=True)
class Line:
    """A lane with so few points that all can be seen; each is the mean of its frames. N points."""

    seconds: NDArray[np.float64]
    """Time of each point, (N,); NaN where the lines are broken."""
    values: dict[str, NDArray[np.float64]]
    """Name of a label or measure → (N,)."""


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of time with one label."""

    start: float
    """Seconds from the start of the section; likewise ``end``."""
    end: float
    label: str
    unsure: bool


class Bins:
    """The rows of a lane in at most about ``MOST_BINS`` groups of neighbours."""

    def __init__(self, lane: Lane) -> None:
        """Group the rows; a group does not reach over a gap or a change of the id."""
        self._lane = lane
        self._times = np.array(lane.times)
        steps = np.diff(self._times)
        usual = float(np.median(steps)) if len(steps) else 0.0
        gaps = np.flatnonzero(steps > max(_GAP_S, 5 * usual)) + 1
        parts = np.union1d(gaps, np.array(lane.starts)[1:]).astype(np.int64)
        if len(parts) > MOST_BINS:  # too many to be seen
            parts = parts[:0]
        ends = [*parts.tolist(), len(lane)]
        size = -(-len(lane) // MOST_BINS)
        pairs = list(zip([0, *parts.tolist()], ends, strict=True))
        self._starts = np.concatenate([np.arange(start, end, size) for start, end in pairs])
        self._counts = np.diff(np.append(self._starts, len(lane)))
        self._breaks = np.searchsorted(self._starts, parts)
        self._usual = usual

    def line(self) -> Line:
        """The means of all values."""
        series = {**self._lane.probabilities, **self._lane.measures}
        values = {name: self._broken(self._means(np.array(numbers))) for name, numbers in series.items()}
        return Line(self._broken(self._means(self._times)), values)

    def bands(self) -> Iterator[Band]:
        """The most frequent label of each group, neighbours with the same one joined."""
        names, tops = self._lane.labels, np.array(self._lane.top)
        shares = np.stack([self._means(tops == index) for index in range(len(names))])
        best = shares.argmax(axis=0)
        unsure = self._means(np.array(self._lane.unsure)) > 0.5
        change = np.flatnonzero((np.diff(best) != 0) | (np.diff(unsure) != 0)) + 1
        cuts = [0, *np.union1d(change, self._breaks).astype(np.int64).tolist(), len(best)]
        ends = self._times[np.append(self._starts, len(self._times))[1:] - 1] + self._usual
        for first, after in pairwise(cuts):
            if first < after:
                start, end = self._times[self._starts[first]], ends[after - 1]
                yield Band(float(start), float(end), names[best[first]], bool(unsure[first]))

    def _means(self, values: NDArray[np.generic]) -> NDArray[np.float64]:
        return np.asarray(np.add.reduceat(values.astype(np.float64), self._starts) / self._counts)

    def _broken(self, means: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.insert(means, self._breaks, nan)
