"""Processes that work through labelled pictures, for ``train`` and ``benchmarks``."""

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from typing import Any


def worker_pool(workers: int, set_up: Callable[..., None], *arguments: Any) -> ProcessPoolExecutor:
    """A pool of fresh processes that end with this one, whatever ends it.

    Args:
        workers: number of processes.
        set_up: called once in each with ``arguments``.
    """
    # spawn: forking a process with interpreter threads may hang.
    return ProcessPoolExecutor(workers, get_context("spawn"), _start, (set_up, arguments))


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
