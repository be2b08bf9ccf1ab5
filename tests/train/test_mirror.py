"""The mirror table against geometry, topology and real faces."""

from pathlib import Path

import numpy as np
import pytest

from edge.core import features
from edge.core.errors import ModelError
from edge.core.types import Frame
from edge.data import Preparation, prepare, read_dataset
from edge.landmarks.litert import LitertBackend
from edge.landmarks.models import find_models
from train.make_mirror import canonical_face, mirror_partners
from train.mirror import PARTNERS, mirror_features

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
TASK_FILE = SHARED / "models" / "face_landmarker.task"


def test_every_point_is_its_partners_partner():
    assert np.array_equal(PARTNERS[PARTNERS], np.arange(468))
    assert (np.arange(468) == PARTNERS).sum() == 28


@pytest.mark.parametrize(
    ("left", "right"), [(33, 263), (133, 362), (61, 291), (234, 454), (70, 300), (1, 1), (13, 13), (152, 152)]
)
def test_known_points(left, right):
    assert PARTNERS[left] == right


def test_the_generator_gives_the_table_and_it_maps_triangles_to_triangles():
    if not TASK_FILE.is_file():
        pytest.skip(f"needs {TASK_FILE}, which is not part of the project")
    vertices, triangles = canonical_face(TASK_FILE)
    assert np.array_equal(mirror_partners(vertices), PARTNERS)
    assert np.array_equal(vertices[PARTNERS] * [-1, 1, 1], vertices)
    meshes = [{tuple(sorted(t)) for t in mesh.tolist()} for mesh in (triangles, PARTNERS[triangles])]
    assert len(meshes[0]) == 898
    assert meshes[0] == meshes[1]


def test_mirroring_twice_changes_nothing():
    matrix = np.random.default_rng(0).normal(size=(3, 1404)).astype(np.float32)
    assert np.array_equal(mirror_features(mirror_features(matrix)), matrix)
    assert not np.array_equal(mirror_features(matrix), matrix)


def test_mirrored_features_are_those_of_mirrored_landmarks():
    landmarks = np.random.default_rng(1).uniform(0, 200, (468, 3)).astype(np.float32)
    landmarks[33, :2], landmarks[263, :2] = (60, 90), (140, 96)
    mirrored = landmarks[PARTNERS].copy()
    mirrored[:, 0] = 200 - mirrored[:, 0]
    expected = features.extract(mirrored)
    assert np.allclose(mirror_features(features.extract(landmarks)[None])[0], expected, atol=1e-5)


def test_real_faces_seen_in_a_mirror(fer_csv):
    try:
        backend = LitertBackend(find_models())
    except ModelError as error:
        pytest.skip(f"needs the face models: {error}")

    def detect(picture):
        rgb = prepare(np.ascontiguousarray(picture), Preparation().scale, Preparation().padding)
        faces = backend.detect(Frame(rgb, 0, 0, "", still=True))
        return features.extract(faces[0].landmarks) if faces else None

    seen, mirrored = [], []
    for sample in read_dataset(fer_csv, "PublicTest", on_bad=pytest.fail):
        pair = detect(sample.picture), detect(sample.picture[:, ::-1])
        if pair[0] is not None and pair[1] is not None:
            seen.append(pair[1])
            mirrored.append(pair[0])
    assert len(seen) >= 20
    right = np.abs(mirror_features(np.array(mirrored)) - seen).mean(axis=0)
    unmirrored = np.abs(np.array(mirrored) - seen).mean(axis=0)
    # In eye distances. A point with a wrong partner would be off by as much as points are apart.
    assert right.mean() < 0.04
    assert right.reshape(468, 3)[:, :2].max() < 0.12
    assert right.mean() < unmirrored.mean() / 2
