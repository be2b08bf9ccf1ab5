import math

import numpy as np
import pytest

from edge.head.smoothing import ProbabilitySmoother

A = np.array([1, 0], np.float32)
B = np.array([0, 1], np.float32)


def test_the_first_observation_passes_unchanged():
    assert ProbabilitySmoother(1.0).update(0, A, 0) is A


def test_the_past_fades_with_time_not_with_frames():
    smoother = ProbabilitySmoother(0.5)
    smoother.update(0, A, 0)
    once = smoother.update(0, B, 500_000_000)
    assert once == pytest.approx([math.exp(-1), 1 - math.exp(-1)])

    smoother.update(1, A, 0)
    for step in range(1, 11):
        often = smoother.update(1, B, step * 50_000_000)
    assert often == pytest.approx(once, abs=1e-6)


def test_faces_do_not_mix_and_are_forgotten():
    smoother = ProbabilitySmoother(10.0)
    smoother.update(0, A, 0)
    assert smoother.update(1, B, 1) is B
    smoother.keep({1})
    assert smoother.update(0, B, 2) is B


def test_zero_seconds_turns_it_off_and_a_clock_that_steps_back_is_harmless():
    off = ProbabilitySmoother(0.0)
    off.update(0, A, 0)
    assert off.update(0, B, 1) is B
    on = ProbabilitySmoother(1.0)
    on.update(0, A, 1_000_000_000)
    assert on.update(0, B, 0) == pytest.approx(A)
