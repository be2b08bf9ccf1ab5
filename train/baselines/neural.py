"""Networks of Keras as baselines: training, TFLite, and answers on the runtime of the device.

TensorFlow is loaded when a network is trained, so that the other methods run without it.
"""

import contextlib
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge.cli.console import quiet_import
from edge.core.quantize import softmax
from edge.core.runtime import make_interpreter
from edge.core.stderr import muted_stderr
from train.baselines.estimators import SEED
from train.baselines.method import Samples

if TYPE_CHECKING:
    import keras

    from train.dataset.inputs import Standardization

_ACCURACY_ROWS = 2000
"""Largest number of training rows on which the accuracy is computed once more at the end."""

Array = NDArray[np.float32]


class Network:
    """A network (N, …) → logits (N, C). A method adds ``inputs`` and ``build``, and maybe ``augmented``."""

    def __init__(self, settings: Mapping[str, Any], classes: int) -> None:
        """
        Args:
            settings: ``epochs``, ``batch``, ``learning_rate``; ``patience``: epochs without a lower
                validation loss after which the training stops, and the best epoch is kept (0: all epochs,
                and the last is kept); those of the method.
            classes: number of classes C.
        """
        self.settings = settings
        self.classes = classes
        self.model: keras.Model | None = None
        self._tflite = b""
        self._interpreter: Any = None

    def fit(self, training: Samples, validation: Samples) -> dict[str, Any]:
        """See ``Method``; the details have the accuracy on training and validation rows."""
        with quiet_import():
            import keras
            import tensorflow as tf

        keras.utils.set_random_seed(SEED)
        tf.config.experimental.enable_op_determinism()
        self.prepare(training)
        x, x_validation = self.inputs(training), self.inputs(validation)
        self.model = model = self.build(x.shape[1:])
        settings = self.settings
        batches = self._batches(x, training.number)
        rate = keras.optimizers.schedules.CosineDecay(
            settings["learning_rate"], settings["epochs"] * len(batches), alpha=0.02
        )
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
        patience = settings["patience"]
        stop = keras.callbacks.EarlyStopping("val_loss", patience=patience, restore_best_weights=True)
        history = model.fit(
            batches,
            validation_data=(x_validation, validation.number),
            epochs=settings["epochs"],
            callbacks=[stop] if patience else [],
            verbose=0,
        )
        some = slice(0, _ACCURACY_ROWS)
        details = {
            "parameters": model.count_params(),
            "epochs": len(history.history["loss"]),
            "training_accuracy": self._accuracy(x[some], training.number[some]),
            "validation_accuracy": self._accuracy(x_validation, validation.number),
        }
        self._tflite = to_tflite(model)
        self._interpreter = make_interpreter(self._tflite, 1, "the network")
        return details

    def predict_proba(self, samples: Samples) -> Array:
        """See ``Method``; row by row on the TFLite runtime, as a device would."""
        entry, exit_ = (
            each[0]["index"]
            for each in (self._interpreter.get_input_details(), self._interpreter.get_output_details())
        )
        logits = np.zeros((len(samples), self.classes), np.float32)
        for row, values in enumerate(self.inputs(samples)):
            self._interpreter.set_tensor(entry, values[None])
            self._interpreter.invoke()
            logits[row] = self._interpreter.get_tensor(exit_)[0]
        return softmax(logits)

    def size(self) -> int:
        """Size of the float32 TFLite network, bytes."""
        return len(self._tflite)

    @property
    def exports(self) -> bool:
        """See ``Method``."""
        return False

    def deployed(self, training: Samples) -> "tuple[Standardization, keras.Model]":
        """See ``Method``; one that exports has it."""
        raise NotImplementedError

    def prepare(self, training: Samples) -> None:
        """Compute what ``inputs`` and ``build`` need of the training samples."""

    def inputs(self, samples: Samples) -> Array:
        """What the network takes, float32 (N, …)."""
        raise NotImplementedError

    def build(self, shape: tuple[int, ...]) -> "keras.Model":
        """The untrained network for inputs (N, *shape)."""
        raise NotImplementedError

    def augmented(self, x: Array, rng: np.random.Generator) -> Array:
        """A batch as a step of the training sees it."""
        return x

    def _batches(self, x: Array, number: NDArray[np.int64]) -> Any:
        import keras

        augmented, size = self.augmented, self.settings["batch"]

        class Batches(keras.utils.PyDataset):
            """The batches of each epoch, in another order each time."""

            def __init__(self) -> None:
                super().__init__()
                self.on_epoch_begin()

            rng = np.random.default_rng(SEED)

            def on_epoch_begin(self) -> None:
                self._order = self.rng.permutation(len(x))

            def __len__(self) -> int:
                return max(1, len(x) // size)

            def __getitem__(self, index: int) -> tuple[Array, NDArray[np.int64]]:
                pick = self._order[index * size : (index + 1) * size]
                return augmented(x[pick], self.rng), number[pick]

        return Batches()

    def _accuracy(self, x: Array, number: NDArray[np.int64]) -> float:
        assert self.model is not None
        answers = self.model.predict(x, batch_size=256, verbose=0).argmax(axis=1)
        return float((answers == number).mean())


def to_tflite(model: "keras.Model") -> bytes:
    """The float32 flatbuffer for one row at a time."""
    import keras
    import tensorflow as tf

    entry = keras.Input(batch_shape=(1, *model.input_shape[1:]))
    # The converter chats on both streams; its errors are exceptions.
    with muted_stderr(), contextlib.redirect_stdout(io.StringIO()):
        converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(entry, model(entry)))
        return bytes(converter.convert())
