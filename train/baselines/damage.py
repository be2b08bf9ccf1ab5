"""Evaluation pictures with noise or a covered part of the face, and landmarks that are off.

The corruptions are those of ``mien benchmark robustness``: see
``docs/reference/robustness-protocol.md``.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.core.sizes import scaled_size
from edge.core.types import Face, Frame
from evaluation import Preparation, prepare
from evaluation.corruptions import LANDMARKS, damaged, generator, make_frame
from evaluation.corruptions.pictures import SIDE as FRAME_SIDE
from train.baselines.crops import CROP_SIDE, crop_of
from train.baselines.data import SIDE, BaselineData, Problem, small_grey, subset
from train.dataset.find_faces import backend_of_thread, no_faces, put_face
from train.dataset.landmarks_folder import Faces
from train.dataset.workers import open_workers
from train.teacher.answers import each_picture


class Condition(NamedTuple):
    """A corruption and its severity."""

    name: str
    severity: int
    """1…5; 0: the picture as it is."""

    def __str__(self) -> str:
        return f"{self.name}/{self.severity}" if self.severity else self.name


CLEAN = Condition("clean", 0)
REGIONS = [Condition(f"covered_{region}", 3) for region in ("brows", "eyes", "nose", "mouth")]
HALVES = [Condition("covered_left", 5), Condition("covered_right", 5)]
"""Left and right in the picture; half of the face's width."""
GROWING = {
    name: [Condition(name, severity) for severity in (1, 3, 5)]
    for name in ("covered_patch", "gaussian_noise", "jitter")
}
"""Corruptions in several severities."""
JITTER = GROWING["jitter"]
"""Noise on the landmarks of the clean picture, which only methods on landmarks are asked about."""
OF_PICTURES = [*REGIONS, *HALVES, *GROWING["covered_patch"], *GROWING["gaussian_noise"]]

_CHUNK = 16
"""Number of pictures that a worker process gets at once."""
_SEED = 0


class View(NamedTuple):
    """N pictures under one condition."""

    faces: Faces
    """The faces found in them, with their feature maps."""
    pictures: NDArray[np.uint8]
    """uint8 (N, 48, 48), grey, without the margin of ``make_frame``."""
    crops: NDArray[np.uint8]
    """uint8 (N, 64, 64), grey, black without a face."""


@dataclass
class Damage:
    """Damaged copies of some evaluation pictures, which are made when a method first asks for them."""

    data: BaselineData
    path: Path
    """The pictures of ``data``."""
    mapping: Path | None
    """Names of their class folders."""
    models_dir: Path | None
    workers: int
    limit: int
    """Largest number of pictures."""
    _made: tuple[NDArray[np.int64], dict[str, BaselineData]] | None = None

    def scores(
        self,
        problem: Problem,
        takes_landmarks: bool,
        score: Callable[[BaselineData, NDArray[np.int64], NDArray[np.int64]], dict[str, Any]],
    ) -> dict[str, Any] | None:
        """Figures of a method under each condition, on rows of the first evaluation split.

        Args:
            problem: the rows and their classes.
            takes_landmarks: whether noise on the landmarks reaches the method.
            score: figures of the method; takes data, rows int64 (K,), and the class of each row of the data.

        Returns:
            ``split``, the evaluation split; ``rows``, their number; ``mean``, the mean accuracy over
            ``OF_PICTURES``; and for each of ``conditions``, by its name, ``accuracy``, ``coverage`` and
            ``recall`` of each class.
            None: there are no evaluation rows.
        """
        if not problem.split.evaluation:
            return None
        rows, views = self._views(problem)
        index, number = np.arange(len(rows)), problem.number[rows]
        conditions = {}
        for name, data in views.items():
            if takes_landmarks or name not in map(str, JITTER):
                figures = score(data, index, number)
                conditions[name] = {key: figures[key] for key in ("accuracy", "coverage", "recall")}
        mean = float(np.mean([conditions[str(each)]["accuracy"] for each in OF_PICTURES]))
        split = next(iter(problem.split.evaluation))
        return {"split": split, "rows": len(rows), "mean": mean, "conditions": conditions}

    def _views(self, problem: Problem) -> tuple[NDArray[np.int64], dict[str, BaselineData]]:
        rows = subset(next(iter(problem.split.evaluation.values())), self.limit)
        if self._made is None or not np.array_equal(self._made[0], rows):
            self._made = rows, self._make(rows)
        return self._made

    def _make(self, rows: NDArray[np.int64]) -> dict[str, BaselineData]:
        with open_workers(self.workers) as parallel:
            chunks = [*parallel.map(damaged_views, self._tasks(set(rows.tolist())))]
        views = dict(zip([CLEAN, *OF_PICTURES], map(_joined, zip(*chunks, strict=True)), strict=True))
        for each in JITTER:
            views[each] = views[CLEAN]._replace(faces=_jittered(views[CLEAN].faces, each, rows))
        return {str(each): self._data(view) for each, view in views.items()}

    def _tasks(self, rows: set[int]) -> Iterator[tuple[Any, ...]]:
        """Arguments of ``damaged_views``, read as they are needed: photographs are large."""
        pictures = enumerate(each_picture(self.path, self.mapping, self.data.folder))
        chosen = (each for each in pictures if each[0] in rows)
        while chunk := [*islice(chosen, _CHUNK)]:
            numbers, some = zip(*chunk, strict=True)
            yield self.models_dir, self.data.folder.preparation, some, numbers

    def _data(self, view: View) -> BaselineData:
        no_sequences = np.full(len(view.pictures), -1)
        return replace(
            self.data, faces=view.faces, neutral=no_sequences, pictures=view.pictures, crops=view.crops
        )


def damaged_views(
    models_dir: Path | None,
    preparation: Preparation,
    pictures: Sequence[NDArray[np.uint8]],
    numbers: Sequence[int],
) -> list[View]:
    """Some pictures as they are and under ``OF_PICTURES``, and the faces that are found in them.

    Args:
        models_dir: folder of the face models; None: where setup put them.
        preparation: that of the data, in whose px the landmarks are, since some methods take raw ones.
        pictures: uint8 (H, W) grey or (H, W, 3) RGB each.
        numbers: number of each picture in the data, from which its noise follows.
    """
    backend = backend_of_thread(models_dir)

    def find(rgb: NDArray[np.uint8]) -> Face | None:
        return next(iter(backend.find(Frame(rgb, captured_ns=0, index=0, origin="", still=True))), None)

    count = len(pictures)
    views = [_no_view(count) for _ in [CLEAN, *OF_PICTURES]]
    for row, (picture, number) in enumerate(zip(pictures, numbers, strict=True)):
        clean = make_frame(picture)
        face = find(clean)
        to_data = _scale_and_shift(picture, clean, preparation)
        _put(views[0], row, clean, face, picture.shape, to_data)
        for view, (name, severity) in zip(views[1:], OF_PICTURES, strict=True):
            rng = generator(_SEED, name, severity, number)
            rgb = damaged(name, clean, face.landmarks if face else None, severity, rng)
            _put(view, row, rgb, find(rgb), picture.shape, to_data)
    return views


def _no_view(count: int) -> View:
    sides = (SIDE, CROP_SIDE)
    return View(no_faces(count), *(np.zeros((count, side, side), np.uint8) for side in sides))


def _put(
    view: View,
    row: int,
    rgb: NDArray[np.uint8],
    face: Face | None,
    shape: tuple[int, ...],
    to_data: tuple[float, NDArray[np.float64]],
) -> None:
    if face:
        view.crops[row] = crop_of(rgb, face.landmarks)
        factor, shift = to_data
        landmarks = face.landmarks * np.float32(factor)
        landmarks[:, :2] += shift
        put_face(view.faces, row, replace(face, landmarks=landmarks))
    height, width = scaled_size(shape[0], shape[1], FRAME_SIDE / max(shape[:2]))
    top, left = (rgb.shape[0] - height) // 2, (rgb.shape[1] - width) // 2
    view.pictures[row] = small_grey(rgb[top : top + height, left : left + width])


def _joined(views: tuple[View, ...]) -> View:
    def all_of(name: str, parts: Sequence[Any]) -> NDArray[Any]:
        return np.concatenate([getattr(each, name) for each in parts])

    faces = [view.faces for view in views]
    maps = {name: np.concatenate([each.maps[name] for each in faces]) for name in faces[0].maps}
    joined = Faces(all_of("landmarks", faces), all_of("found", faces), maps)
    return View(joined, all_of("pictures", views), all_of("crops", views))


def _scale_and_shift(
    picture: NDArray[np.uint8], frame: NDArray[np.uint8], preparation: Preparation
) -> tuple[float, NDArray[np.float64]]:
    """Px of the frame → px of the prepared picture: a factor, and x and y that are added after it. Both
    have the same middle."""
    bare, prepared = (prepare(picture, preparation.scale, padding) for padding in (0.0, preparation.padding))
    factor = max(bare.shape[:2]) / FRAME_SIDE
    return factor, _middle(prepared) - factor * _middle(frame)


def _middle(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Its x and y, px; whole numbers are the middles of pixels."""
    return (np.array(picture.shape[1::-1]) - 1) / 2


def _jittered(faces: Faces, condition: Condition, numbers: NDArray[np.int64]) -> Faces:
    landmarks = faces.landmarks.copy()
    name, severity = condition
    for row in np.flatnonzero(faces.found):
        rng = generator(_SEED, name, severity, int(numbers[row]))
        points = landmarks[row]
        (landmarks[row],) = LANDMARKS[name](points, points, severity=severity, rng=rng)
    return Faces(landmarks, faces.found, faces.maps)
