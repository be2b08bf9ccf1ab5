"""The copy of a small network of the same kinds of layers as the shipped ones."""

import keras
import numpy as np
import pytest
from keras import layers

from convert.bias_correction import correct_bias


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    inputs = [layers.Input((10,)), layers.Input((48,))]
    grid = layers.Reshape((4, 4, 3))(inputs[1])
    grid = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(6, 1, use_bias=False)(grid)))
    grid = layers.BatchNormalization()(layers.DepthwiseConv2D(3, use_bias=False)(grid))
    joined = layers.Concatenate()([inputs[0], layers.Flatten()(grid)])
    hidden = layers.ReLU()(layers.BatchNormalization()(layers.Dense(16, use_bias=False)(joined)))
    return keras.Model(inputs, layers.Dense(3)(hidden))


@pytest.fixture(scope="module")
def rows():
    """Far from 0, so that what rounding does to a weight does not average out."""
    rng = np.random.default_rng(0)
    return [rng.normal(3, 1, (200, length)).astype(np.float32) for length in (10, 48)]


def test_weights_lie_on_127_steps_of_each_channel(network, rows):
    seen = set()
    for layer in correct_bias(network, rows).layers:
        if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D | layers.Dense):
            kernel = layer.get_weights()[0]
            if isinstance(layer, layers.DepthwiseConv2D):
                kernel = kernel[..., 0]
            kernel = kernel.reshape(-1, kernel.shape[-1])
            codes = 127 * kernel / np.abs(kernel).max(axis=0)
            np.testing.assert_allclose(codes, np.round(codes), atol=1e-3)
            seen.add(type(layer))
    assert len(seen) == 3


def test_the_means_are_those_of_the_network(network, rows):
    given = correct_bias(network, rows).predict(rows, verbose=0)
    np.testing.assert_allclose(given.mean(axis=0), network.predict(rows, verbose=0).mean(axis=0), atol=1e-5)


def test_logits_of_other_rows_are_nearer_than_without(network, rows):
    rng = np.random.default_rng(1)
    others = [rng.normal(3, 1, matrix.shape).astype(np.float32) for matrix in rows]
    after = correct_bias(network, rows)
    rounded = keras.models.clone_model(network)
    for place, layer in enumerate(after.layers):
        kept = layer if not isinstance(layer, layers.BatchNormalization) else network.layers[place]
        rounded.layers[place].set_weights(kept.get_weights())
    rounded.layers[-1].set_weights([after.layers[-1].get_weights()[0], network.layers[-1].get_weights()[1]])

    def error(model):
        difference = model.predict(others, verbose=0) - network.predict(others, verbose=0)
        return np.sqrt(np.mean(difference**2))

    assert error(after) < 0.8 * error(rounded)


def test_the_network_stays_as_it_was(network, rows):
    before = [weights.copy() for weights in network.get_weights()]
    correct_bias(network, rows)
    for one, other in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_channel_of_zeros_stays_one(network, rows):
    copy = keras.models.clone_model(network)
    copy.set_weights(network.get_weights())
    kernel, bias = copy.layers[-1].get_weights()
    copy.layers[-1].set_weights([np.zeros_like(kernel), bias])
    assert not correct_bias(copy, rows).layers[-1].get_weights()[0].any()
