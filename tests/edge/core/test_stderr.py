"""``edge.core.stderr``."""

import os

import pytest

from edge.core.stderr import muted_stderr


def test_muted_stderr_mutes_native_output_and_only_inside(capfd):
    with muted_stderr():
        os.write(2, b"native chatter\n")
    os.write(2, b"news\n")
    assert capfd.readouterr().err == "news\n"


def test_muted_stderr_lets_exceptions_out(capfd):
    with pytest.raises(ValueError, match="x"), muted_stderr():
        raise ValueError("x")
    os.write(2, b"news\n")
    assert capfd.readouterr().err == "news\n"
