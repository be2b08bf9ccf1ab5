"""Points of MediaPipe's face mesh by region of the face; left and right are those of the picture."""

from edge.core.features import MESH_POINTS

REGIONS = {
    "left brow": (70, 63, 105, 66, 107),
    "right brow": (300, 293, 334, 296, 336),
    "left eye": (33, 160, 158, 133, 153, 144),
    "right eye": (263, 387, 385, 362, 380, 373),
    "nose": (168, 6, 1, 2, 98, 327),
    "outer lips": (61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91),
    "inner lips": (78, 81, 13, 311, 308, 402, 14, 178),
    "jaw": (234, 58, 172, 150, 152, 379, 397, 288, 454),
}
"""Indices of the points of each region. Corners come first in the eyes (outer, then inner fourth) and at 0
and 6 (outer lips) or 0 and 4 (inner lips); brows run from the temple to the nose, the jaw from ear to ear
over the chin."""


def subset(points: int) -> list[int]:
    """Indices of the points whose pairwise distances are computed: ``REGIONS`` of a mesh, or else all."""
    if points < MESH_POINTS:
        return list(range(points))
    return [index for region in REGIONS.values() for index in region]
