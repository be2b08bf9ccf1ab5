"""The JSON lines beside the drawings."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from edge.core.files import replacing
from edge.core.record import json_line
from mien.results import Result


class RecordsFile:
    """Lines of whole files only: those of a file that failed are taken off again."""

    def __init__(self, file: FileIO) -> None:
        """Write to ``file``, which is unbuffered, so that nothing is left to write after a full disk."""
        self._file = file

    @contextmanager
    def of_one_file(self) -> Iterator[None]:
        """A context in which the lines of one picture or video are written; all or none of them stay."""
        start = self._file.tell()
        try:
            yield
        except BaseException:
            self._file.truncate(start)
            self._file.seek(start)
            raise

    def write(self, result: Result) -> None:
        """Add the record of a frame.

        Raises:
            OSError: the disk is full.
        """
        line = memoryview(json_line(result.to_dict()).encode())
        while line:
            line = line[self._file.write(line) :]


@contextmanager
def open_records(path: Path) -> Iterator[RecordsFile]:
    """A context that gives the file of the JSON lines, and puts it at ``path`` in the end.

    After an error it holds the lines of the files that were finished; without any there is no file.

    Raises:
        OSError: the file cannot be written.
    """
    failure: BaseException | None = None
    with replacing(path) as temporary, temporary.open("wb", buffering=0) as file:
        try:
            yield RecordsFile(file)
        except BaseException as error:
            if not file.tell():
                raise
            failure = error
    if failure is not None:
        raise failure
