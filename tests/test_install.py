"""systemd/install.sh as a user: what it would do, and what it says to wrong flags."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.one_line import check_one_line

ROOT = Path(__file__).resolve().parents[1]
INSTALL = ROOT / "systemd" / "install.sh"
INSTALLED = [Path("/opt/mien"), Path("/etc/mien"), Path("/etc/systemd/system/mien.service")]

fresh = pytest.mark.skipif(any(path.exists() for path in INSTALLED), reason="Mien is installed here")


def install(*arguments, script=INSTALL, **environment):
    """Exit code, standard output and standard error."""
    result = subprocess.run(
        [script, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **environment},
    )
    return result.returncode, result.stdout, result.stderr


def check_line(result, *words):
    code, _, errors = result
    check_one_line("systemd/install.sh", code, errors, *words)


@fresh
def test_dry_run_prints_the_steps_in_order_and_changes_nothing():
    code, printed, errors = install("--dry-run")
    assert (code, errors) == (0, "")
    steps = [
        "-m venv --system-site-packages /opt/mien/releases/NEW",
        "-m pip install",
        "-m mien --version",
        "mien setup --models-only",
        "mv -T /etc/mien/mien.toml.new /etc/mien/mien.toml",
        "mien check --config /etc/mien/mien.toml",
        "sync -f /opt/mien/releases/NEW",
        "mv -T /opt/mien/venv.new /opt/mien/venv",
        "mv -T /etc/systemd/system/mien.service.new /etc/systemd/system/mien.service",
        "mv -T /etc/systemd/system/mien@.service.new /etc/systemd/system/mien@.service",
        "systemctl daemon-reload",
        "systemctl enable --quiet mien",
        "systemctl restart mien",
    ]
    lines = printed.splitlines()
    places = [next(i for i, line in enumerate(lines) if step in line) for step in steps]
    assert places == sorted(places)
    assert all(line.startswith(("+ ", "# ")) for line in lines)
    assert not any(path.exists() for path in INSTALLED)


@fresh
def test_dry_run_from_wheels_takes_nothing_from_the_network(tmp_path):
    (tmp_path / "mediapipe-0-py3-none-any.whl").touch()
    code, printed, errors = install("--wheels", tmp_path, "--dry-run")
    assert (code, errors) == (0, "")
    (pip,) = (line for line in printed.splitlines() if "pip install" in line)
    assert pip.endswith(f"--no-index --find-links {tmp_path} mien")
    (setup,) = (line for line in printed.splitlines() if "mien setup" in line)
    assert setup.endswith("--models-only --from /opt/mien/releases/NEW/mediapipe.zip")


@fresh
@pytest.mark.parametrize(
    ("line", "needed"),
    [
        ("[expression]\npublic_key = 'RWabc'\n", True),
        ('expression.public_key="RWabc"\n', True),
        ('[expression]\npublic_key = "" # minisign public key (RW…)\n', False),
        ('[expression]\n# public_key = "RWabc"\n', False),
    ],
)
def test_the_package_for_signatures_comes_where_the_settings_name_a_key(tmp_path, line, needed):
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    shutil.copytree(ROOT / "systemd", tmp_path / "systemd")
    shutil.copy(ROOT / "requirements-test.txt", tmp_path)
    (tmp_path / "mien.toml").write_text(line, "utf-8")
    script = tmp_path / "systemd" / "install.sh"
    text = script.read_text("utf-8")
    script.write_text(text.replace("config=/etc/mien ", f"config={tmp_path} "), "utf-8")
    code, printed, errors = install("--dry-run", script=script)
    assert (code, errors) == (0, "")
    pips = [line for line in printed.splitlines() if "pip install" in line]
    assert ["py-minisign" in pip for pip in pips] == ([True, False] if needed else [False])


@pytest.mark.parametrize("action", ["install", "uninstall"])
def test_somebody_who_has_the_name_of_the_user_is_left_alone(tmp_path, action):
    getent = tmp_path / "getent"
    getent.write_text("#!/bin/sh\necho 'mien:x:1000:1000:Mien:/home/mien:/bin/bash'\n", "utf-8")
    getent.chmod(0o755)
    code, printed, errors = install(action, "--dry-run", PATH=f"{tmp_path}:{os.environ['PATH']}")
    check_line(
        (code, printed, errors), "user name mien", "expected", "/var/lib/mien", "found /home/mien", "rename"
    )


@fresh
def test_dry_run_of_uninstall_names_what_goes():
    code, printed, errors = install("uninstall", "--dry-run")
    assert (code, errors) == (0, "")
    assert (
        "removing the service, /opt/mien, /etc/mien, /var/lib/mien, the user mien and the group mien-records"
        in printed
    )
    assert "+ rm -rf /opt/mien /etc/mien /var/lib/mien" in printed.splitlines()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--wheels",), ("--wheels", "expected a folder", "found nothing")),
        (("--wheels", "/nowhere"), ("--wheels", "expected a folder", "found /nowhere")),
        (("remove",), ("install, uninstall, --wheels FOLDER or --dry-run", "found remove")),
    ],
)
def test_wrong_flags_give_one_line(arguments, words):
    check_line(install(*arguments), *words)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may install")
def test_without_root_it_says_so():
    check_line(install(), "needs root", f"sudo {INSTALL}")


@fresh
def test_wheels_without_face_models_give_one_line(tmp_path):
    check_line(install("--dry-run", "--wheels", tmp_path), str(tmp_path), "mediapipe-*.whl")


def test_what_it_copies_exists_and_is_all_that_building_takes():
    text = INSTALL.read_text("utf-8")
    for name in re.findall(r'"\$root/([\w./-]+)"', text):
        assert (ROOT / name).is_file(), name
    (copied,) = re.findall(r'"\$root"/\{(.*?)\}', text)
    names = set(copied.split(","))
    assert all((ROOT / name).exists() for name in names)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    packages = {
        pattern.rstrip("*") for pattern in project["tool"]["setuptools"]["packages"]["find"]["include"]
    }
    files = {project["project"]["readme"], *project["project"]["license-files"], "requirements-edge.txt"}
    assert names == packages | files | {"pyproject.toml"}


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
@pytest.mark.parametrize(
    "script",
    [
        "systemd/install.sh",
        *(f"scripts/{name}" for name in "demo retrain test test-mediapipe test-python test-slow".split()),
        *(f"tests/hardware/{name}.sh" for name in ("emulated", "picamera2", "systemd")),
    ],
)
def test_shellcheck_finds_nothing(script):
    command = ["shellcheck", "--external-sources", "--source-path=SCRIPTDIR", ROOT / script]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, "")
