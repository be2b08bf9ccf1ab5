"""Graph convolutions over the face mesh (Kipf & Welling, 2017, arXiv:1609.02907), in layers of Keras."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edge.core.features import MESH_POINTS
from edge.head.inputs import LANDMARKS as LANDMARKS_INPUT
from train.baselines import points
from train.baselines.method import CLIP, LANDMARKS, MESH, Samples
from train.baselines.neural import Array, Network
from train.dataset.inputs import Standardization, standardization

if TYPE_CHECKING:
    import keras


class Graph(Network):
    """A node for each point of the mesh, with its aligned coordinates; edges are MediaPipe's tesselation.

    Settings of its own: ``channels`` of each graph convolution, ``depth`` (whether z is used), ``dropout``.
    """

    needs = frozenset({LANDMARKS, MESH})
    exports = True
    _standardize: Standardization

    def prepare(self, training: Samples) -> None:
        """Standardization by the training faces."""
        mesh = self._mesh(training)
        flat = mesh.reshape(len(mesh), -1)
        self._standardize = standardization({LANDMARKS_INPUT.name: flat}, CLIP)

    def inputs(self, samples: Samples) -> Array:
        """Standardized aligned landmarks, float32 (N, 1404): the input ``landmarks`` of the device."""
        mesh = self._mesh(samples)
        return self._standardize({LANDMARKS_INPUT.name: mesh.reshape(len(mesh), -1)})[LANDMARKS_INPUT.name]

    def build(self, shape: tuple[int, ...]) -> "keras.Model":
        """Graph convolutions with shortcuts, then few numbers of each node in one hidden layer."""
        import keras
        from keras import layers

        neighbourhood = layers.Dense(MESH_POINTS, use_bias=False, trainable=False, name="adjacency")

        def gathered(nodes: keras.KerasTensor) -> keras.KerasTensor:
            return layers.Permute((2, 1))(neighbourhood(layers.Permute((2, 1))(nodes)))

        def activated(values: keras.KerasTensor) -> keras.KerasTensor:
            return layers.ReLU()(layers.BatchNormalization()(values))

        entry = layers.Input(shape, name=LANDMARKS_INPUT.name)
        nodes = layers.Reshape((MESH_POINTS, shape[0] // MESH_POINTS))(entry)
        if not self.settings["depth"]:
            nodes = layers.Cropping1D((0, 1))(layers.Permute((2, 1))(nodes))
            nodes = layers.Permute((2, 1))(nodes)
        for place, channels in enumerate(self.settings["channels"]):
            change = activated(layers.Dense(channels, use_bias=False)(gathered(nodes)))
            same = place and channels == nodes.shape[-1]
            nodes = layers.Add()([nodes, change]) if same else change
        hidden = layers.Flatten()(activated(layers.Dense(8, use_bias=False)(nodes)))
        hidden = layers.Dropout(self.settings["dropout"])(hidden)
        hidden = activated(layers.Dense(64, use_bias=False)(hidden))
        hidden = layers.Dropout(self.settings["dropout"])(hidden)
        model = keras.Model([entry], layers.Dense(self.classes)(hidden))
        neighbourhood.set_weights([normalized_adjacency(tesselation())])
        return model

    def deployed(self, training: Samples) -> "tuple[Standardization, keras.Model]":
        """See ``Exported``."""
        assert self.model is not None
        return self._standardize, self.model

    def _mesh(self, samples: Samples) -> points.Points:
        assert samples.landmarks is not None
        return points.represented(samples.landmarks, MESH_POINTS, aligned=True)


def tesselation() -> NDArray[np.bool_]:
    """Which points of MediaPipe's mesh are joined, bool (468, 468), symmetric."""
    joined = np.zeros((MESH_POINTS, MESH_POINTS), bool)
    lines = Path(__file__).with_name("tesselation.txt").read_text("utf-8").splitlines()
    for point, line in enumerate(each for each in lines if not each.startswith("#")):
        joined[point, [int(word) for word in line.split()]] = True
    return joined | joined.T


def normalized_adjacency(joined: NDArray[np.bool_]) -> NDArray[np.float32]:
    """D^−½ (A + 1) D^−½ of Kipf & Welling, float32 (P, P), symmetric."""
    closed = joined | np.eye(len(joined), dtype=bool)
    root = np.sqrt(closed.sum(axis=1))
    result: NDArray[np.float32] = (closed / root[:, None] / root).astype(np.float32)
    return result
