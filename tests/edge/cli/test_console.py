"""How a command ends: exit code and one line."""

import errno

import pytest

from edge.cli import console
from edge.core.errors import ConfigError, DataError


def raising(error):
    def main():
        raise error

    return main


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (ConfigError("scale must be 1…16, not 0"), 78, "error: scale must be 1…16, not 0"),
        (DataError("two\n  lines"), 1, "error: two lines"),
        (
            OSError(errno.ENOSPC, "No space left on device", "/x/y"),
            1,
            "error: No space left on device (/x/y)",
        ),
        (OSError("gone"), 1, "error: gone"),
        (KeyboardInterrupt(), 130, "error: interrupted"),
    ],
)
def test_an_error_becomes_one_line(capsys, error, code, line):
    assert console.run(raising(error)) == code
    assert capsys.readouterr().err == line + "\n"


def test_the_exit_code_of_a_command_that_ends_well():
    assert console.run(lambda: 3) == 3


@pytest.mark.parametrize(
    "bug",
    [
        ZeroDivisionError(),
        *(ModuleNotFoundError(name=name) for name in ("nothing", "numpy.nothing", "edge.x")),
    ],
)
def test_a_bug_is_not_hidden_and_not_taken_for_a_missing_package(bug):
    with pytest.raises(type(bug)):
        console.run(raising(bug))
