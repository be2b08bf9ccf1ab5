"""Processes that work through labelled pictures, for ``train`` and ``benchmarks``."""

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import parent_process
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any

from evaluation.sample import Sample


def worker_pool(workers: int, set_up: Callable[..., None], *arguments: Any) -> ProcessPoolExecutor:
    """A pool of fresh processes that end with this one, whatever ends it.

    Args:
        workers: number of processes.
        set_up: called once in each with ``arguments``.
    """
    return ProcessPoolExecutor(workers, _Context(), _start, (set_up, arguments))


class _Process(SpawnProcess):
    """Ctrl-C in a terminal reaches all processes and is the main one's business.

    The mask of signals is handed down: this one has none from its first moment on.
    """

    def start(self) -> None:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            super().start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Context(SpawnContext):
    """Forking a process with interpreter threads may hang."""

    Process = _Process  # type: ignore[assignment]


def chunks(samples: Iterable[Sample], most: int, most_bytes: int) -> Iterator[list[Sample]]:
    """Groups of pictures that are small enough to be held and sent to another process.

    Args:
        samples: what to group.
        most: pictures in a group.
        most_bytes: of decoded pictures, after which a group is given early.
    """
    chunk: list[Sample] = []
    size = 0
    for sample in samples:
        chunk.append(sample)
        size += sample.picture.nbytes
        if len(chunk) == most or size >= most_bytes:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _start(set_up: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    set_up(*arguments)


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
