"""What ``draw`` puts on a picture of one or several faces."""

from types import SimpleNamespace

import numpy as np
import pytest

from edge.core.types import Box
from mien import draw

GREEN = (60, 220, 60)


def face(box, label="happy", status="ok", number=0):
    """A face whose mesh fills its box."""
    x, y, width, height = box
    points = np.random.default_rng(0).uniform((x, y, 0), (x + width, y + height, 1), (468, 3))
    return SimpleNamespace(
        id=number, label=label, score=0.87, status=status, box=Box(*box), landmarks=points.astype(np.float32)
    )


def drawn(*faces, size=(400, 400), **options):
    return draw(np.full((*size, 3), 255, np.uint8), faces, mesh=False, **options)


def area(picture):
    """Number of pixels of labels: green, and black letters."""
    return int(((picture == GREEN) | (picture == 0)).all(axis=2).sum())


@pytest.mark.parametrize("side", [300, 1000, 4000])
def test_lines_and_letters_grow_with_the_picture(side):
    part = side // 4
    picture = drawn(face((part, part, part, part)), size=(side, side))
    column = (picture[side // 2 - part // 4, : side // 2] != 255).any(axis=1)
    assert 1 / 500 <= column.sum() / side <= 1 / 60  # the left side of the box
    rows = (picture[: part - 1, part + part // 4] != 255).any(axis=1)
    assert 1 / 40 <= rows.sum() / side <= 1 / 15  # the label


def test_small_faces_of_a_large_picture_get_thin_lines():
    picture = draw(np.full((4000, 4000, 3), 255, np.uint8), [face((2000, 2000, 40, 50))])
    inside = picture[2005:2045, 2005:2035]
    assert (inside == 255).all(axis=2).any()
    line = (picture[2025, 1980:2005] != 255).any(axis=1)
    assert 1 <= line.sum() <= 3


@pytest.mark.parametrize(
    "box", [(0, 0, 120, 120), (330, 350, 100, 100), (-50, -50, 500, 500), (390, 5, 8, 8)]
)
def test_the_whole_label_is_in_the_picture(box):
    free = area(drawn(face((100, 100, 100, 100)))) - area(drawn(face((100, 100, 100, 100), label="")))
    assert free > 0
    width_free = _label_size(drawn(face((100, 200, box[2], box[3]))))
    assert _label_size(drawn(face(box)))[0] >= min(width_free[0], 399) - 2


def _label_size(picture):
    """Width and height of the largest row and column of green and letters."""
    filled = ((picture == GREEN) | (picture == 0)).all(axis=2)
    return int(filled.sum(axis=1).max()), int(filled.sum(axis=0).max())


def test_labels_of_neighbours_do_not_cover_each_other():
    first, second = face((100, 150, 40, 60)), face((130, 150, 40, 60), "surprise")
    boxes = area(drawn(face((100, 150, 40, 60), ""))), area(drawn(face((130, 150, 40, 60), "")))
    both = area(drawn(first, second))
    assert both > area(drawn(first)) + area(drawn(second)) - 0.25 * min(boxes)


def test_what_a_label_says():
    sure, unsure = drawn(face((100, 100, 90, 90))), drawn(face((100, 100, 90, 90), status="low_confidence"))
    numbered = drawn(face((100, 100, 90, 90), number=7), ids=True)
    assert area(sure) < area(unsure) < area(numbered)
    for label in ("glücklich", "幸せ"):  # OpenCV's font has no such letters
        assert area(drawn(face((100, 100, 90, 90), label))) > area(drawn(face((100, 100, 90, 90), "a"))) - 200
