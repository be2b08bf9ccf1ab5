"""The epochs of a training, which go on where a stopped training ended."""

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass, field
from time import monotonic

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import log_loss

from edge.core.quantize import softmax
from train.network.checkpoint import Checkpoint
from train.network.trainer import Batch, Trainer
from train.settings import TrainingSettings

Batches = Callable[[int, np.random.Generator], Generator[Batch]]
"""(number of the epoch from 0, source of randomness) → the batches of the epoch."""
Judge = Callable[[], tuple[float, float]]
"""() → cross-entropy and accuracy of the trainer's averaged weights on the validation faces."""


@dataclass
class Progress:
    """The epochs of a training so far."""

    history: list[dict[str, float]] = field(default_factory=list)
    """Figures of each epoch."""
    best_loss: float = float("inf")
    """Validation loss of the epoch that is kept."""
    best_epoch: int = 0
    """Number of the epoch that is kept, from 1."""
    seconds: float = 0.0
    """Duration of all epochs, those before a stop included."""
    steps: int = 0
    """Number of steps in all epochs."""


def validation_scores(logits: NDArray[np.float32], number: NDArray[np.int64]) -> tuple[float, float]:
    """Cross-entropy in nats and accuracy of logits (V, C) for the classes ``number`` (V,)."""
    probabilities = softmax(logits.astype(np.float64))
    loss = float(log_loss(number, probabilities, labels=range(logits.shape[1])))
    return loss, float((logits.argmax(axis=1) == number).mean())


def learn(
    trainer: Trainer, settings: TrainingSettings, batches: Batches, judge: Judge, checkpoint: Checkpoint
) -> tuple[Progress, list[NDArray[np.float32]]]:
    """Train epoch after epoch; print a line and save the state after each.

    Args:
        trainer: a new trainer, which gets the state of the checkpoint if there is one.
        settings: seed, epochs, keep, patience.
        batches: gives the batches of an epoch; each is computed while the step before runs.
        judge: scores the weights after an epoch.
        checkpoint: the checkpoint of this training.

    Returns:
        The progress, and the weights of the epoch that is kept.

    Raises:
        DataError: the training diverged.
        OSError: a full disk, for instance.
    """
    progress, best = Progress(), trainer.average()
    if kept := checkpoint.load():
        arrays, state = kept
        progress = Progress(**state)
        trainer.restore(arrays[len(best) :], progress.steps)
        best = arrays[: len(best)]
        print(f"going on after epoch {len(progress.history)}", flush=True)
    while len(progress.history) < settings.epochs:
        if len(progress.history) - progress.best_epoch >= settings.patience:
            break
        loss = _run_epoch(trainer, settings, batches, judge, progress)
        if loss < progress.best_loss or settings.keep == "last":
            progress.best_loss, progress.best_epoch = loss, len(progress.history)
            best = trainer.average()
        arrays, progress.steps = trainer.state()
        checkpoint.save([*best, *arrays], asdict(progress))
    return progress, best


def _run_epoch(
    trainer: Trainer, settings: TrainingSettings, batches: Batches, judge: Judge, progress: Progress
) -> float:
    """Train one epoch, add it to ``progress`` and print its line; gives the validation loss."""
    started, epoch = monotonic(), len(progress.history)
    rng = np.random.default_rng([settings.seed, epoch])
    with closing(batches(epoch, rng)) as source, closing(_ahead(source)) as coming:
        loss = float(np.mean([trainer.step(batch) for batch in coming]))
    validation_loss, accuracy = judge()
    progress.seconds += monotonic() - started
    progress.history.append(
        {
            "epoch": epoch + 1,
            "loss": loss,
            "validation_loss": validation_loss,
            "validation_accuracy": accuracy,
            "seconds": progress.seconds,
        }
    )
    print(
        f"epoch {epoch + 1:3d}  loss {loss:.4f}  validation loss {validation_loss:.4f}, "
        f"accuracy {accuracy:.2%}",
        flush=True,
    )
    return validation_loss


def _ahead(batches: Iterator[Batch]) -> Generator[Batch]:
    """The same batches, each computed by another thread while the one before it is in use."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = pool.submit(next, batches, None)
            yield batch
