"""Faces with extreme values do not choose the ranges of int8."""

import keras
import numpy as np
from keras import layers

from convert.ranges import EXTREME, LEAST, typical_faces


def network():
    keras.utils.set_random_seed(0)
    one, two = layers.Input((6,), name="one"), layers.Input((4, 4, 2), name="two")
    flat = layers.Flatten()(layers.ReLU()(layers.Conv2D(3, 3, use_bias=False)(two)))
    hidden = layers.ReLU()(layers.Dense(8, use_bias=False)(layers.Concatenate()([one, flat])))
    return keras.Model([one, two], layers.Dense(3)(hidden))


def rows(count):
    rng = np.random.default_rng(1)
    return [rng.normal(size=(count, *shape)).astype(np.float32) for shape in ((6,), (4, 4, 2))]


def test_those_with_extreme_values_in_any_input_are_excluded():
    faces = rows(400)
    faces[0][7] *= 30
    faces[1][8] *= 30
    kept = typical_faces(network(), faces)
    assert not {7, 8} & {*kept.tolist()}
    assert LEAST < len(kept) < 400 * (1 - EXTREME) + 1
    assert np.array_equal(kept, np.unique(kept))


def test_enough_are_kept():
    assert len(typical_faces(network(), rows(LEAST + 1))) >= LEAST
    assert np.array_equal(typical_faces(network(), rows(5)), np.arange(5))


def test_a_network_without_such_layers_keeps_all():
    values = layers.Input((6,))
    plain = keras.Model(values, layers.Dense(2)(values))
    assert len(typical_faces(plain, [np.ones((300, 6), np.float32)])) == 300


def test_a_layer_that_gives_the_same_for_all_chooses_none():
    dead = network()
    dead.layers[1].set_weights([np.zeros_like(dead.layers[1].get_weights()[0])])
    assert isinstance(dead.layers[1], layers.Conv2D)
    faces = rows(400)
    alive = len(typical_faces(dead, faces))
    assert alive >= 400 * (1 - EXTREME)  # the fifth of the only layer that tells them apart
