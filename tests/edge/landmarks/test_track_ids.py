from edge.core.types import Roi
from edge.landmarks.track_ids import TrackIds

LEFT, RIGHT = Roi(100, 100, 80, 0), Roi(400, 100, 80, 0)


def test_a_face_keeps_its_id_when_the_order_changes():
    ids = TrackIds()
    assert ids.assign([LEFT, RIGHT], still=False) == [0, 1]
    moved = Roi(410, 105, 84, 0)
    assert ids.assign([moved, LEFT], still=False) == [1, 0]


def test_a_face_that_left_does_not_lend_its_id():
    ids = TrackIds()
    ids.assign([LEFT], still=False)
    assert ids.assign([], still=False) == []
    assert ids.assign([LEFT], still=False) == [1]


def test_still_frames_share_nothing():
    ids = TrackIds()
    assert ids.assign([LEFT], still=True) == [0]
    assert ids.assign([LEFT], still=True) == [1]
    assert ids.assign([LEFT], still=False) == [2]
