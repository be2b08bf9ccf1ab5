"""The folder between extract and fit: whole, or refused in one line."""

import dataclasses
import json
import shutil
import zipfile

import numpy as np
import pytest

from edge.core.errors import DataError
from tests.train.rows import same
from train.dataset import landmarks_folder
from train.dataset.landmarks_folder import Faces, Rows
from train.npz import read_npz, write_npz

SHARDS = ["000000.npz", "000001.npz", "000002.npz"]


@pytest.fixture
def made(write_landmarks, tmp_path):
    """A small folder of three shards and two views: its path, rows and faces."""
    rng = np.random.default_rng(0)
    count = 450
    texts = {f.name: np.array([f"{f.name} {i}" for i in range(count)]) for f in dataclasses.fields(Rows)}
    rows = Rows(
        **texts
        | {
            "presence": rng.random(count, np.float32),
            "label": rng.integers(0, 8, count).astype(np.uint8),
            "votes": rng.integers(0, 11, (count, 10)).astype(np.uint8),
        }
    )
    views = [
        Faces(
            rng.normal(size=(count, 68, 2)).astype(np.float32),
            rng.random(count) < 0.8,
            {"coarse_map": rng.normal(size=(count, 3, 3, 128)).astype(np.float16)},
        )
        for _ in range(3)
    ]
    path = write_landmarks(tmp_path / "landmarks", rows, views)
    return path, rows, views


MAPS = ("coarse_map",)


def test_round_trip(made):
    path, rows, views = made
    assert sorted(file.name for file in path.iterdir()) == [*SHARDS, "info.json"]
    folder = landmarks_folder.load(path)
    assert len(folder.rows) == 450
    assert folder.views == 2
    assert folder.info["shards"] == SHARDS
    same(folder.rows, rows)
    same(folder.faces(), dataclasses.replace(views[0], maps={}))
    for view in range(3):
        same(folder.faces(view, MAPS), views[view])


def pack(shard, change=lambda entry, content: content, method=zipfile.ZIP_STORED):
    """Write a shard again with other content or by another method."""
    with zipfile.ZipFile(shard) as archive:
        entries = {entry: archive.read(entry) for entry in archive.namelist()}
    with zipfile.ZipFile(shard, "w", method) as archive:
        for entry, content in entries.items():
            archive.writestr(entry, change(entry, content))


def test_other_views_and_the_faces_of_a_shard_are_not_read(made):
    """What is not asked for may even be damaged: nothing looks at it, so it costs no memory."""
    path, rows, views = made
    for name in SHARDS:
        pack(path / name, lambda entry, content: content[:50] if entry[-6:-4] in ("_0", "_2") else content)
    folder = landmarks_folder.load(path)
    same(folder.rows, rows)
    same(folder.faces(1, MAPS), views[1])
    for view in (0, 2):
        with pytest.raises(DataError, match=r"000000\.npz is missing or damaged"):
            folder.faces(view)


@pytest.mark.parametrize("index", [[0, 199, 200, 449], [210], []])
def test_faces_of_some_rows(made, index):
    folder, faces = landmarks_folder.load(made[0]), landmarks_folder.load(made[0]).faces(0, ["coarse_map"])
    index = np.array(index, np.int64)
    seen = []
    for places, some in folder.some_faces(index, ["coarse_map"]):
        seen += places.tolist()
        same(some, faces.take(index[places]))
    assert seen == list(range(len(index)))


def test_a_view_that_is_not_there(made):
    with pytest.raises(DataError, match=r"damaged .*landmarks_3.*: run extract again"):
        landmarks_folder.load(made[0]).faces(3)


def test_without_info_it_is_not_finished(made, tmp_path):
    path, _, _ = made
    (path / "info.json").unlink()
    with pytest.raises(DataError, match="is not finished: run mien train extract"):
        landmarks_folder.load(path)
    for absent in (tmp_path / "nothing", tmp_path):
        with pytest.raises(DataError, match="is no landmarks folder: run mien train extract"):
            landmarks_folder.load(absent)


def test_a_file_instead_of_a_folder(tmp_path):
    (tmp_path / "landmarks.npz").write_bytes(b"PK\x03\x04")
    with pytest.raises(DataError, match=r"cannot be read|is no landmarks folder"):
        landmarks_folder.load(tmp_path / "landmarks.npz")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'{"schema": ', b"[" * 100_000])
def test_a_damaged_info_is_refused(made, content):
    (made[0] / "info.json").write_bytes(content)
    with pytest.raises(DataError, match=r"info\.json cannot be read: run extract again"):
        landmarks_folder.load(made[0])


@pytest.mark.parametrize("content", ["[]", "null", "{}", '{"schema": 2}'])
def test_another_schema_is_refused(made, content):
    (made[0] / "info.json").write_text(content)
    with pytest.raises(DataError, match=r"has schema .*, expected 3: run extract again"):
        landmarks_folder.load(made[0])


ABSENT = object()


def alter_info(path, **changes):
    info = json.loads((path / "info.json").read_text()) | changes
    present = {key: value for key, value in info.items() if value is not ABSENT}
    (path / "info.json").write_text(json.dumps(present))


@pytest.mark.parametrize(
    ("key", "values", "message"),
    [
        ("shards", (None, "x", -1, True, [], ["../000000.npz"], [3], SHARDS[:1] * 2, ABSENT), "no shards or"),
        ("views", (None, "x", -1, True, ["../000000.npz"], [3], ABSENT), "no shards or no views"),
        ("maps", (None, [], "coarse_map", ABSENT), "no maps"),
    ],
)
def test_an_info_that_lacks_something_is_refused(made, key, values, message):
    for value in values:
        alter_info(made[0], **{key: value})
        with pytest.raises(DataError, match=f"names {message}.*: run extract again"):
            landmarks_folder.load(made[0])


@pytest.mark.parametrize("maps", [{}, {"coarse_map": 2}, {"coarse_map": "1"}, {"coarse_map": None}])
def test_maps_of_another_version_are_refused(made, maps):
    alter_info(made[0], maps=maps)
    folder = landmarks_folder.load(made[0])
    folder.faces()
    with pytest.raises(DataError, match="has no coarse_map of version 1: run extract again"):
        folder.faces(0, MAPS)


@pytest.mark.parametrize(
    "change",
    [
        lambda values: values[:, :2],
        lambda values: values.reshape(len(values), -1),
        lambda values: values.astype(np.uint8),
        lambda values: values[:-1],
    ],
)
def test_a_map_of_another_shape_or_type_is_refused(made, change):
    path, _, _ = made
    for name in SHARDS:
        arrays = read_npz(path / name)
        write_npz(path / name, arrays | {"coarse_map_0": change(arrays["coarse_map_0"])})
    folder = landmarks_folder.load(path)
    folder.faces()
    with pytest.raises(DataError, match=r"fit together|of another shape"):
        folder.faces(0, MAPS)


@pytest.mark.parametrize("keep", [None, 0, 4, -1000])
def test_a_missing_or_truncated_shard_is_refused(made, keep):
    path, _, _ = made
    shard = path / SHARDS[1]
    names, content = read_npz(shard, ["name"])["name"].tolist(), shard.read_bytes()
    assert landmarks_folder.is_whole(shard, names)
    assert not landmarks_folder.is_whole(shard, names[::-1])
    shard.unlink()
    if keep is not None:
        shard.write_bytes(content[:keep])
    assert not landmarks_folder.is_whole(shard, names)
    with pytest.raises(DataError, match=r"000001\.npz is missing or damaged .*: run extract again"):
        landmarks_folder.load(path)


def test_an_array_without_its_header_is_refused(made):
    path, _, _ = made
    pack(path / SHARDS[2], lambda entry, content: b"none" if entry == "label.npy" else content)
    with pytest.raises(DataError, match="do not fit together"):
        landmarks_folder.load(path)


def test_a_flipped_bit_in_the_faces_is_seen_when_they_are_read(made):
    path, _, _ = made
    shard = path / SHARDS[0]
    data = bytearray(shard.read_bytes())
    data[data.index(b"landmarks_1.npy") + 500] ^= 1
    shard.write_bytes(data)
    assert not landmarks_folder.is_whole(shard, [])
    folder = landmarks_folder.load(path)
    folder.faces(0)
    with pytest.raises(DataError, match="damaged"):
        folder.faces(1)


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: arrays | {"label": arrays["label"][:, None]},
        lambda arrays: arrays | {"label": arrays["label"].astype("U1")},
        lambda arrays: arrays | {"name": np.array("x")},
        lambda arrays: arrays | {"votes": arrays["votes"][:, :3]},
        lambda arrays: {name: array[:-1] if "_0" in name else array for name, array in arrays.items()},
        lambda arrays: arrays | {"landmarks_0": arrays["landmarks_0"][:, :5]},
        lambda arrays: arrays | {"found_0": np.array(True)},
        lambda arrays: arrays | {"found_0": arrays["found_0"][1:]},
        lambda arrays: arrays | {"label": arrays["label"] + np.uint8(8)},
    ],
)
def test_arrays_that_do_not_fit_together(made, change):
    path, _, _ = made
    write_npz(path / SHARDS[1], change(read_npz(path / SHARDS[1])))
    with pytest.raises(DataError, match=r"fit together|other numbers of faces|has labels beyond 7"):
        landmarks_folder.load(path).faces(0)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_a_compressed_shard_is_refused_for_it_may_be_of_any_size(made, method):
    path, _, _ = made
    pack(path / SHARDS[1], method=method)
    with pytest.raises(DataError, match="it is compressed"):
        landmarks_folder.load(path)
    data = bytearray((path / SHARDS[1]).read_bytes())
    data[200:240] = bytes(40)
    (path / SHARDS[1]).write_bytes(data)
    assert not landmarks_folder.is_whole(path / SHARDS[1], [])


def test_finishing_removes_stale_shards_and_nothing_else(made):
    path, _, _ = made
    info = json.loads((path / "info.json").read_text())
    shutil.copy(path / SHARDS[0], path / "0123456789abcdef-000007.npz")
    (path / "notes.txt").write_text("mine")
    landmarks_folder.finish(path, info)
    assert sorted(file.name for file in path.iterdir()) == [*SHARDS, "info.json", "notes.txt"]
    assert landmarks_folder.load(path).info == info


def test_a_shard_is_written_whole_or_not_at_all(made, tmp_path, monkeypatch):
    _, rows, views = made
    target = tmp_path / "shard.npz"
    target.write_bytes(b"before")

    def full(path, arrays):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(landmarks_folder, "write_npz", full)
    with pytest.raises(OSError, match="No space left"):
        landmarks_folder.write_shard(target, rows, views)
    assert target.read_bytes() == b"before"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["landmarks", "shard.npz"]
