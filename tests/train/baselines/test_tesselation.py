"""The edges of the graph network are those of the official package: ``scripts/test-mediapipe``."""

from pathlib import Path

import pytest

FILE = Path(__file__).parents[3] / "train" / "baselines" / "graph" / "tesselation.txt"


@pytest.mark.mediapipe
def test_the_edges_are_those_of_mediapipe():
    connections = pytest.importorskip("mediapipe.python.solutions.face_mesh_connections")
    lines = [line for line in FILE.read_text("utf-8").splitlines() if not line.startswith("#")]
    ours = {(point, int(word)) for point, line in enumerate(lines) for word in line.split()}
    assert ours == {(min(edge), max(edge)) for edge in connections.FACEMESH_TESSELATION}
