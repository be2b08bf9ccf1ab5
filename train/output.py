"""The folder that a long computation writes at its end."""

import tempfile
from pathlib import Path

from edge.core.errors import DataError
from edge.core.files import make_folder


def check_new(out: Path) -> None:
    """See before the work that the folder ``out`` can be made after it.

    Raises:
        DataError: it is there already, or cannot be written.
    """
    if out.exists():
        raise DataError(f"{out} is there already: name another folder, or remove it")
    try:
        make_folder(out.parent)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent):
            pass
    except OSError as error:
        raise DataError(f"cannot write {out} ({error.strerror}): name another folder") from None
