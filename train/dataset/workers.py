"""The map over pictures that extraction and the teacher use: local processes, or a Dask cluster's workers."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import cv2

from edge.core.errors import BackendError
from evaluation.parallel import ParallelMap, open_processes


def open_workers(workers: int, dask: str | None = None) -> AbstractContextManager[ParallelMap]:
    """A map over processes of this machine or over the workers of a cluster.

    Args:
        workers: number of processes on this machine; 1: the work is done in this process.
        dask: address of a Dask scheduler, whose workers are used instead.

    Raises:
        BackendError: a worker died, ``distributed`` is not installed, or the scheduler cannot be reached or
            was lost.
    """
    return open_processes(workers, cv2.setNumThreads, 1) if dask is None else _open_cluster(dask)


@contextmanager
def _open_cluster(address: str) -> Iterator[ParallelMap]:
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
            yield ParallelMap(client.submit, 2 * max(1, sum(client.nthreads().values())))
        except (KilledWorker, FutureCancelledError, CommClosedError) as error:
            raise BackendError(
                f"the Dask cluster at {address} lost the work ({type(error).__name__}): "
                "look at its log, then run again"
            ) from None
