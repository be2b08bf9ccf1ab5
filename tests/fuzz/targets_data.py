"""Labelled data as people have it, and the landmarks that are made of it."""

import io
import tempfile
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from edge.head.inputs import INPUTS
from evaluation import fingerprint, read_dataset
from evaluation.datasets.mapping import read_mapping
from evaluation.label_sets import FERPLUS_VOTES, LABEL_SETS
from tests.fuzz.mutate import Files
from tests.fuzz.targets import Target, note, write
from train.dataset import landmarks_folder, subjects
from train.dataset.labelled_faces import ground_truth, split_rows
from train.dataset.landmarks_folder import Faces, Rows


def _files_below(folder: Path) -> Files:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


# ---- pictures with labels ----


def _csv_seeds() -> list[Files]:
    rng = np.random.default_rng(0)
    rows = [
        (label, " ".join(map(str, rng.integers(0, 256, 2304))), usage)
        for label, usage in enumerate(("Training", "Training", "PublicTest"))
    ]
    plain = "emotion,pixels,Usage\n" + "".join(f"{a},{b},{c}\n" for a, b, c in rows)
    kaggle = "emotion, Usage, pixels\n" + "".join(f"{a},{c},{b}\n" for a, b, c in rows)
    votes = f"Usage,Image name,{','.join(FERPLUS_VOTES)}\n"
    votes += "".join(f"{c},fer{i}.png,{','.join('0123456789')}\n" for i, (_, _, c) in enumerate(rows))
    both = {"fer2013.csv": plain.encode(), "fer2013new.csv": votes.encode()}
    return [both, both, {"fer2013.csv": kaggle.encode()}]


def _csv(folder: Path) -> None:
    path = folder / "fer2013.csv"
    fingerprint(path)
    for sample in read_dataset(path, on_bad=note):
        assert sample.picture.shape == (48, 48), sample.picture.shape


def _tiny_picture() -> bytes:
    return cv2.imencode(".png", np.full((4, 4), 90, np.uint8))[1].tobytes()


def _affectnet_seeds() -> list[Files]:
    files: Files = {}
    for number, code in enumerate((np.array("3"), np.array(1.0), np.array(8))):
        packed = io.BytesIO()
        np.save(packed, code)
        files[f"train_set/annotations/{number}_exp.npy"] = packed.getvalue()
        files[f"train_set/images/{number}.png"] = _tiny_picture()
    return [files]


def _dataset(folder: Path) -> None:
    fingerprint(folder)
    for _ in read_dataset(folder, on_bad=note):
        pass


def _mapping_seeds() -> list[Files]:
    classes = b'[classes]\n0 = "angry"\nface_happy = "Happiness"\n"2 b" = ""\n'
    return [{"classes.toml": classes, "names.txt": b"0\nface_happy\n2 b\n"}]


def _mapping(folder: Path) -> None:
    read_mapping(folder / "classes.toml")
    _named_folders(folder, folder / "classes.toml")


def _names_seeds() -> list[Files]:
    return [
        {"names.txt": b"train/happy\ntrain/01-Anger\ntest/face_sad\n"},
        {"names.txt": b"happy\nnot_happy\n0\n"},
    ]


def _names(folder: Path) -> None:
    _named_folders(folder, None)


def _named_folders(folder: Path, mapping: Path | None) -> None:
    """A picture in each of the folders that the lines of ``names.txt`` name, as far as they can be made."""
    with tempfile.TemporaryDirectory(dir=folder) as data:
        for line in (folder / "names.txt").read_bytes().splitlines()[:20]:
            name = line.replace(b"\0", b"")[:300].decode("utf-8", "surrogateescape")
            name = name.strip("/")
            if not name or ".." in name:  # would lie outside
                continue
            with suppress(OSError):  # too long
                write({f"{name}/1.png": _tiny_picture()}, Path(data))
        fingerprint(Path(data), mapping)
        for _ in read_dataset(Path(data), on_bad=note, mapping=mapping):
            pass


# ---- landmarks ----


def _landmarks_seeds() -> list[Files]:
    count, views = 12, 2
    texts = {
        name: np.array([f"{name}{i}" for i in range(count)]) for name in ("name", "picture_hash", "subject")
    }
    rows = Rows(
        presence=np.ones(count, np.float32),
        label=np.arange(count, dtype=np.uint8) % 7,
        split=np.array(["Training"] * 9 + ["PublicTest"] * 3),
        votes=np.ones((count, 10), np.uint8),
        sequence=np.full(count, ""),
        **texts,
    )
    maps = {"coarse_map": np.ones((count, *INPUTS["coarse_map"].shape), np.float16)}
    faces = Faces(np.ones((count, 68, 2), np.float32), np.ones(count, bool), maps)
    with tempfile.TemporaryDirectory() as name:
        folder, shards = Path(name), ["000000.npz", "000001.npz"]
        for shard, (start, end) in zip(shards, pairwise((0, 8, count)), strict=True):
            part = slice(start, end)
            landmarks_folder.write_shard(folder / shard, rows.take(part), [faces.take(part)] * views)
        info = {"shards": shards, "views": views - 1, "data": {"sha256": "0" * 64}, "maps": {"coarse_map": 1}}
        landmarks_folder.finish(folder, info)
        return [_files_below(folder)]


def _landmarks(folder: Path) -> None:
    for shard in folder.glob("*.npz"):
        landmarks_folder.is_whole(shard, ["name0"])
    whole = landmarks_folder.load(folder)
    number = ground_truth(whole.rows, LABEL_SETS[7], "label").number
    split_rows(whole.rows, number, 0.2)
    for view in range(min(whole.views, 2) + 1):
        faces = whole.faces(view)
        assert len(faces.found) == len(whole.rows), (len(faces.found), len(whole.rows))
        whole.faces(view, ["coarse_map"])


def _subjects_seeds() -> list[Files]:
    angle = np.linspace(0, 6, 68)
    points = np.stack([100 + 50 * np.cos(angle), 100 + 40 * np.sin(angle)], axis=1).reshape(-1)
    lines = [";".join(f"{value + step:.2f}" for value in points) for step in range(3)]
    numbered = "".join(f"{number};{line}\n" for number, line in ((1, lines[0]), (1, lines[1]), (2, lines[2])))
    header = ",".join(["sequence", *(f"{axis}_{i}" for axis in "xy" for i in range(68))])
    shuffled = [
        ",".join([f"{n}", *line.split(";")[::2], *line.split(";")[1::2]]) for n, line in enumerate(lines)
    ]
    of_all = "subject;file;emotion\nS010;001;1\nS010;2;surprise\nS011;1;3\n"
    return [
        {
            "emotion.csv": of_all.encode(),
            "S010/omlands.csv": numbered.encode(),
            "S011/omlands.csv": numbered.encode(),
        },
        {
            "S010/omlands.csv": "\n".join(lines).encode(),
            "S010/emotion.csv": b"happy\n",
            "S011/omlands.csv": "\n".join([header, *shuffled]).encode(),
            "S011/emotion.csv": b"file;emotion\n0;5\n1;sad\n2;7\n",
        },
    ]


def _subjects(folder: Path) -> None:
    rows, faces = subjects.to_rows(subjects.read(folder, note))
    assert len(rows) == len(faces.found)


TARGETS = {
    "mapping": Target(_mapping_seeds, _mapping),
    "class-folders": Target(_names_seeds, _names),
    "affectnet": Target(_affectnet_seeds, _dataset),
    "subjects": Target(_subjects_seeds, _subjects),
    "fer-csv": Target(_csv_seeds, _csv),
    "landmarks": Target(_landmarks_seeds, _landmarks),
}
