"""Where work is done: processes of this machine, or the workers of a Dask cluster."""

from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, NamedTuple

import cv2

from edge.core.errors import BackendError
from evaluation.parallel import worker_pool


class Executor(NamedTuple):
    """Takes functions, as ``concurrent.futures`` does."""

    pool: Any
    """Has ``submit(function, *arguments)``, whose futures have ``result`` and ``cancel``."""
    ahead: int
    """How many tasks keep all workers busy."""


@contextmanager
def open_executor(workers: int, dask: str | None) -> Iterator[Executor]:
    """Start processes, or go to a cluster.

    Args:
        workers: processes on this machine.
        dask: address of a Dask scheduler, whose workers are used instead.

    Raises:
        BackendError: a worker died, ``distributed`` is not installed, or the scheduler cannot be
            reached or was lost.
    """
    if dask is not None:
        yield from _cluster(dask)
        return
    try:
        with worker_pool(workers, cv2.setNumThreads, 1) as pool:
            yield Executor(pool, 2 * workers)
    except BrokenProcessPool:
        raise BackendError("a worker process died (out of memory?): run with fewer --workers") from None


def _cluster(address: str) -> Iterator[Executor]:
    try:
        from distributed import Client, KilledWorker
        from distributed.client import FutureCancelledError
        from distributed.comm.core import CommClosedError
    except ImportError:
        raise BackendError("--dask needs the package distributed: pip install distributed") from None
    try:
        client = Client(address, timeout=10)
    except (OSError, ValueError) as error:
        raise BackendError(
            f"no Dask scheduler at {address} ({error}): start one with `dask scheduler`"
        ) from None
    with client:
        try:
            client.wait_for_workers(1, timeout=60)
        except TimeoutError:
            raise BackendError(
                f"the Dask scheduler at {address} has no workers: start one with `dask worker {address}`"
            ) from None
        try:
            yield Executor(client, 2 * max(1, sum(client.nthreads().values())))
        except (KilledWorker, FutureCancelledError, CommClosedError) as error:
            raise BackendError(
                f"the Dask cluster at {address} lost the work ({type(error).__name__}): "
                "look at its log, then run again"
            ) from None
