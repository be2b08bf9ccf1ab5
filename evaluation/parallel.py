"""An ordered map over worker processes, for ``train`` and ``benchmarks``."""

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import parent_process
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any

from edge.core.errors import BackendError
from evaluation.datasets.sample import Sample


class ParallelMap:
    """Calls a function for each task somewhere else, and gives the results in the order of the tasks."""

    def __init__(self, submit: Callable[..., Any], in_flight: int) -> None:
        """
        Args:
            submit: starts ``function(*arguments)`` and gives an object with the method ``result``, as
                ``concurrent.futures`` does.
            in_flight: number of tasks that may be begun and wait, which bounds the memory that they take.
        """
        self._submit = submit
        self._in_flight = in_flight

    def map(self, function: Callable[..., Any], tasks: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
        """Results of ``function(*task)`` in the order of the tasks.

        Args:
            function: what is called; it must be picklable.
            tasks: the arguments of each call. They are read no further ahead than ``in_flight``.

        Raises:
            Exception: whatever a call raises.
        """
        waiting: deque[Any] = deque()
        for task in tasks:
            waiting.append(self._submit(function, *task))
            if len(waiting) > self._in_flight:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@contextmanager
def open_processes(workers: int, set_up: Callable[..., None], *arguments: Any) -> Iterator[ParallelMap]:
    """A map over fresh processes. They end with this one, whatever ends it, and leave Ctrl-C to it.

    Args:
        workers: number of processes; 1: the work is done in this process.
        set_up: called once in each of them with ``arguments``; it must be picklable.

    Raises:
        BackendError: a worker process died.
    """
    if workers == 1:
        set_up(*arguments)
        yield ParallelMap(_call_here, 0)
        return
    pool = ProcessPoolExecutor(workers, _Context(), _start, (set_up, arguments))
    try:
        yield ParallelMap(pool.submit, 2 * workers)
    except BrokenProcessPool:
        raise BackendError("a worker process died (out of memory?): run with fewer --workers") from None
    finally:
        pool.shutdown(cancel_futures=True)


def chunks(samples: Iterable[Sample], most: int, most_bytes: int) -> Iterator[list[Sample]]:
    """Groups of pictures that are small enough to be held and sent to another process.

    Args:
        samples: the pictures to group.
        most: largest number of pictures in a group.
        most_bytes: size of the decoded pictures, in bytes, from which on a group is full.
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


def _call_here(function: Callable[..., Any], *arguments: Any) -> Future[Any]:
    done: Future[Any] = Future()
    done.set_result(function(*arguments))
    return done


class _Process(SpawnProcess):
    """A process that Ctrl-C in a terminal, which reaches all processes, does not interrupt.

    The mask of signals is handed down, so the process is deaf to Ctrl-C from its first moment on.
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


def _start(set_up: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    set_up(*arguments)


def _end_with_parent() -> None:
    """End with the parent process: a worker whose parent was killed would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
