"""Processes that work through labelled pictures, for ``train`` and ``benchmarks``."""

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from typing import Any

from edge.data.sample import Sample


def worker_pool(workers: int, set_up: Callable[..., None], *arguments: Any) -> ProcessPoolExecutor:
    """A pool of fresh processes that end with this one, whatever ends it.

    Args:
        workers: number of processes.
        set_up: called once in each with ``arguments``.
    """
    # spawn: forking a process with interpreter threads may hang.
    return ProcessPoolExecutor(workers, get_context("spawn"), _start, (set_up, arguments))


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
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the main process's business
    threading.Thread(target=_end_with_parent, daemon=True).start()
    set_up(*arguments)


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
