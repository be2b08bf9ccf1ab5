"""The data of the baselines: landmarks folders, their splits, and pictures for methods that want pixels."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.core.errors import DataError
from edge.core.features import MESH_POINTS
from evaluation import fingerprint, prepare
from evaluation.label_sets import LABEL_SETS
from train.baselines.crops import CROP_SIDE, crop_of
from train.baselines.method import CROPS, LANDMARKS, MESH, PICTURES, SEQUENCES, TEXTURE, Samples
from train.dataset import landmarks_folder
from train.dataset.find_faces import ExtractionSetup
from train.dataset.labelled_faces import Split, ground_truth, split_rows
from train.dataset.landmarks_folder import Faces, LandmarksFolder
from train.dataset.subjects import extract_subjects, is_subjects
from train.study.shapes import neutral_rows
from train.teacher.answers import each_picture

SIDE = 48
"""Side of the pictures that methods get, px."""
VALIDATION = 0.1
"""Share of the training rows by which methods may choose, as in ``train.settings``."""
SUBSET_SEED = 0
PROTOCOLS = {"duplicates removed": False, "usual": True}
"""Protocol → whether training pictures that are also evaluation pictures are trained on."""


@dataclass(frozen=True, slots=True)
class BaselineData:
    """A landmarks folder of N rows that is open, and its pictures."""

    folder: LandmarksFolder
    faces: Faces
    neutral: NDArray[np.int64]
    """int64 (N,), row of the neutral first face of the same sequence; −1: none."""
    pictures: NDArray[np.uint8] | None
    """uint8 (N, 48, 48), grey; None: not at hand, or no method needs them."""
    crops: NDArray[np.uint8] | None = None
    """uint8 (N, 64, 64), grey, black without a face; None: no pictures at hand, or no method needs them."""

    @property
    def texture(self) -> NDArray[np.float16]:
        """Float16 (N, 48, 48, 1), zeros without a face; read when it is first asked for.

        Raises:
            DataError: see ``LandmarksFolder.faces``.
        """
        maps = self.faces.maps
        if TEXTURE not in maps:
            maps |= self.folder.faces(maps=[TEXTURE]).maps
        return maps[TEXTURE]

    @property
    def name(self) -> str:
        """File or folder that the landmarks were extracted from."""
        return str(self.folder.info["data"]["file"])

    @property
    def sha256(self) -> str:
        """SHA-256 of the data."""
        return str(self.folder.info["data"]["sha256"])

    def lacking(self, needs: Collection[str]) -> str:
        """Why a method cannot run on this data; empty where it can."""
        if MESH in needs and self.faces.landmarks.shape[1] < MESH_POINTS:
            return "the data has 68 points, not the mesh"
        if SEQUENCES in needs and not (self.neutral >= 0).any():
            return "the data has no sequences that begin with a neutral face"
        if (PICTURES in needs and self.pictures is None) or (CROPS in needs and self.crops is None):
            return "no pictures at hand: name them with --pictures"
        if TEXTURE in needs and TEXTURE not in self.folder.info["maps"]:
            return "the landmarks folder has no texture"
        return ""

    def some_faces(
        self, index: NDArray[np.int64], maps: Sequence[str]
    ) -> Iterator[tuple[NDArray[np.int64], Faces]]:
        """Faces of the rows ``index`` with their feature maps, see ``LandmarksFolder.some_faces``."""
        if set(maps) <= self.faces.maps.keys():
            yield np.arange(len(index)), self.faces.take(index)
        else:
            yield from self.folder.some_faces(index, maps)

    def belongs(self, needs: Collection[str]) -> NDArray[np.bool_]:
        """Rows that a method is asked about, bool (N,): all, or those with a neutral face before them."""
        return self.neutral >= 0 if SEQUENCES in needs else np.ones(len(self.neutral), bool)

    def answered(self, needs: Collection[str]) -> NDArray[np.bool_]:
        """Rows that a method can answer, bool (N,): one on landmarks or crops needs a face."""
        if not {LANDMARKS, CROPS} & set(needs):
            return np.ones(len(self.neutral), bool)
        found: NDArray[np.bool_] = self.faces.found.copy()
        if SEQUENCES in needs:
            found &= found[self.neutral]
        return found

    def numbers(self, labels: int) -> NDArray[np.int64]:
        """Class of each row in a label set, int64 (N,); −1: excluded."""
        return ground_truth(self.folder.rows, LABEL_SETS[labels], "label").number

    def samples(self, index: NDArray[np.int64], number: NDArray[np.int64], needs: Collection[str]) -> Samples:
        """The rows ``index`` (K,), whose classes among all rows are ``number`` (N,)."""
        points = self.faces.landmarks
        return Samples(
            number[index],
            points[index] if LANDMARKS in needs else None,
            points[self.neutral[index]] if SEQUENCES in needs else None,
            self.pictures[index] if PICTURES in needs and self.pictures is not None else None,
            self.crops[index] if CROPS in needs and self.crops is not None else None,
            texture=self.texture[index] if TEXTURE in needs else None,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Data with the classes of its rows and a split; equal to nothing but itself."""

    data: BaselineData
    labels: int
    protocol: str
    number: NDArray[np.int64]
    """int64 (N,), index of the class; −1: excluded."""
    split: Split

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes."""
        return LABEL_SETS[self.labels].labels


def open_problem(data: BaselineData, labels: int, protocol: str) -> Problem:
    """Classify the rows of ``data`` and split them.

    Raises:
        DataError: no training rows.
    """
    number = data.numbers(labels)
    split = split_rows(data.folder.rows, number, VALIDATION, keep_copies=PROTOCOLS[protocol])
    return Problem(data, labels, protocol, number, split)


def subset(index: NDArray[np.int64], limit: int | None) -> NDArray[np.int64]:
    """At most ``limit`` of the rows by a fixed seed, in their order."""
    if limit is None or len(index) <= limit:
        return index
    return np.sort(np.random.default_rng(SUBSET_SEED).permutation(index)[:limit])


def open_data(
    path: Path, made: Path, setup: ExtractionSetup, workers: int, mapping: Path | None = None
) -> LandmarksFolder:
    """Open a landmarks folder; of other data, extract the faces first.

    Args:
        path: landmarks folder, or what ``mien train extract`` takes.
        made: folder for extracted landmarks folders; a finished one of the same data is used.
        setup: see ``extract``.
        workers: see ``extract``.
        mapping: see ``extract``.

    Raises:
        MienError: see ``extract``.
    """
    if (path / landmarks_folder.INFO_FILE).is_file():
        return landmarks_folder.load(path)
    if is_subjects(path):
        out = made / path.resolve().name
        extract_subjects(path, out, mapping)
        return landmarks_folder.load(out)
    from train.dataset.extract import extract

    if not path.exists():
        raise DataError(f"no data at {path}: expected a landmarks folder, or what mien train extract takes")
    identity = fingerprint(path, mapping).sha256
    out = made / f"{path.resolve().name}-{identity[:8]}"
    if not (out / landmarks_folder.INFO_FILE).is_file():
        print(f"finding the faces of {path.name}", flush=True)
        extract(path, out, setup, workers, mapping=mapping)
    return landmarks_folder.load(out)


def with_faces(
    folder: LandmarksFolder, pictures: Path | None, mapping: Path | None = None, with_crops: bool = False
) -> BaselineData:
    """Read the faces of a landmarks folder, without maps, and its pictures.

    Args:
        folder: the folder.
        pictures: the data that was extracted; None: no pictures.
        mapping: names of its class folders.
        with_crops: cut the faces out of the pictures.

    Raises:
        DataError: a shard is damaged, or ``pictures`` is other data.
    """
    faces = folder.faces()
    grey = crops = None
    if pictures is not None:
        count, preparation = len(folder.rows), folder.preparation
        grey = np.zeros((count, SIDE, SIDE), np.uint8)
        crops = np.zeros((count, CROP_SIDE, CROP_SIDE), np.uint8) if with_crops else None
        for row, picture in enumerate(each_picture(pictures, mapping, folder)):
            grey[row] = small_grey(picture)
            if crops is not None and faces.found[row]:
                prepared = prepare(picture, preparation.scale, preparation.padding)
                crops[row] = crop_of(prepared, faces.landmarks[row])
    return BaselineData(folder, faces, neutral_rows(folder.rows), grey, crops)


def small_grey(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture as methods on pixels get it: uint8 (48, 48), from (H, W) or (H, W, 3) RGB."""
    grey = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    if grey.shape == (SIDE, SIDE):
        return np.asarray(grey, np.uint8)
    return np.asarray(cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def is_pictures(path: Path) -> bool:
    """Whether ``path`` holds pictures: neither a landmarks folder nor sequences of landmarks."""
    return not (path / landmarks_folder.INFO_FILE).is_file() and not is_subjects(path)
