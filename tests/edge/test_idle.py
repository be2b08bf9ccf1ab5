from edge.idle import Sleep
from edge.settings import SleepSettings


def test_it_falls_asleep_without_a_face_and_wakes_with_one():
    sleep = Sleep(SleepSettings(after_s=10, interval_s=0.2), now_s=100.0)
    assert sleep.interval_s == 0.0
    assert [sleep.update(False, now) for now in (101.0, 109.9, 110.0, 111.0)] == [False, False, True, False]
    assert (sleep.asleep, sleep.interval_s) == (True, 0.2)
    assert [sleep.update(True, 112.0), sleep.update(False, 112.1)] == [True, False]
    assert (sleep.asleep, sleep.interval_s) == (False, 0.0)
    assert sleep.update(False, 121.9) is False
    assert sleep.update(False, 122.0) is True


def test_zero_means_never():
    sleep = Sleep(SleepSettings(after_s=0), now_s=0.0)
    assert sleep.update(False, 1e9) is False
    assert not sleep.asleep
