"""What the tests of convert share."""

from contextlib import redirect_stdout

import pytest

from convert.convert import convert


@pytest.fixture(scope="session")
def plain_bundle(plain_run, tmp_path_factory):
    """The bundle of ``plain_run``."""
    out = tmp_path_factory.mktemp("bundles") / "plain"
    convert(plain_run, out, "plain")
    return out


@pytest.fixture(scope="session")
def toy_bundle(toy_run, tmp_path_factory):
    """The bundle of ``toy_run`` with its float model; beside it ``stdout``."""
    out = tmp_path_factory.mktemp("bundles") / "toy"
    with (out.parent / "stdout").open("w") as file, redirect_stdout(file):
        convert(toy_run, out, "toy", with_float=True)
    return out
