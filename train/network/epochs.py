"""The epochs of a training, which go on where a stopped one was."""

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass, field
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from train.network.checkpoint import Checkpoint
from train.network.trainer import Batch, Trainer
from train.settings import Settings

Batches = Callable[[int, np.random.Generator], Generator[Batch]]
"""(epoch from 0, what decides) → its batches."""
Judge = Callable[[], tuple[float, float]]
"""Cross-entropy and accuracy of the trainer's averaged weights on the validation rows."""


@dataclass
class Progress:
    """How far a training has come."""

    history: list[dict[str, float]] = field(default_factory=list)
    """Of each epoch."""
    best_loss: float = float("inf")
    best_epoch: int = 0
    """The one that is kept."""
    seconds: float = 0.0
    """Of all epochs, those before a stop included."""
    steps: int = 0


def learn(
    trainer: Trainer, settings: Settings, batches: Batches, judge: Judge, checkpoint: Checkpoint
) -> tuple[Progress, list[NDArray[np.float32]]]:
    """Train epoch after epoch, print a line for each, and keep the state behind each.

    Args:
        trainer: new; gets the state of the checkpoint if there is one.
        settings: seed, epochs, patience.
        batches: they are computed while the step before runs.
        judge: says how good an epoch was.
        checkpoint: of this training.

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
        print(f"going on behind epoch {len(progress.history)}", flush=True)
    while len(progress.history) < settings.epochs:
        if len(progress.history) - progress.best_epoch >= settings.patience:
            break
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
        if validation_loss < progress.best_loss or settings.keep == "last":
            progress.best_loss, progress.best_epoch, best = validation_loss, epoch + 1, trainer.average()
        arrays, progress.steps = trainer.state()
        checkpoint.save([*best, *arrays], asdict(progress))
    return progress, best


def _ahead(batches: Iterator[Batch]) -> Generator[Batch]:
    """The same, each computed by another thread while the one before it is in use."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = pool.submit(next, batches, None)
            yield batch
