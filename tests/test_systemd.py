"""The service files agree with the program and with systemd."""

import re
import shutil
import subprocess
import tomllib
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from edge.core.errors import BundleError, ConfigError, ModelError
from edge.settings import Settings, load_settings

SYSTEMD = Path(__file__).resolve().parents[1] / "systemd"


def keys(settings: object, prefix: str = "") -> set[str]:
    """Dotted names of all settings."""
    names = set()
    for entry in fields(settings):
        value = getattr(settings, entry.name)
        names |= keys(value, f"{prefix}{entry.name}.") if is_dataclass(value) else {prefix + entry.name}
    return names


def toml_keys(table: dict, prefix: str = "") -> set[str]:
    names = set()
    for key, value in table.items():
        names |= toml_keys(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key}
    return names


def value_of(settings: Settings, name: str) -> object:
    value: object = settings
    for part in name.split("."):
        value = getattr(value, part)
    return value


def test_example_config_loads_and_shows_every_setting():
    path = SYSTEMD / "mien.toml"
    settings = load_settings(path, {})
    assert settings.output.sinks == ("jsonl", "socket")
    text = path.read_text("utf-8")
    shown = toml_keys(tomllib.loads(text))
    for name in keys(settings) - shown:  # TOML has no word for "none": such a setting is a comment
        assert value_of(Settings(), name) is None
        assert f"# {name.split('.')[-1]} = " in text
    assert shown <= keys(settings)


def test_example_config_gives_the_defaults_where_it_says_so():
    text = (SYSTEMD / "mien.toml").read_text("utf-8")
    shown = tomllib.loads(text)
    changed = {line.split("=")[0].strip() for line in text.splitlines() if "default: " in line}
    default = Settings()
    for name in toml_keys(shown):
        value, table = value_of(default, name), shown
        for part in name.split("."):
            table = table[part]
        same = list(value) == table if isinstance(value, tuple) else value == table
        assert same != (name.split(".")[-1] in changed), name


def lines(name: str) -> set[str]:
    return set((SYSTEMD / name).read_text("utf-8").splitlines())


def test_unit_does_not_restart_what_restarting_cannot_help():
    code = {error.exit_code for error in (ConfigError, BundleError, ModelError)}
    assert code == {78}
    wanted = {"Restart=on-failure", "StartLimitIntervalSec=0", "RestartPreventExitStatus=78"}
    assert wanted <= lines("mien.service")


def test_unit_watches_reloads_and_keeps_pictures_in_memory():
    assert {
        "Type=notify",
        "NotifyAccess=main",
        "WatchdogSec=20",
        "TimeoutAbortSec=5",
        "ExecReload=/bin/kill -HUP $MAINPID",
        "LimitCORE=0",
        "MemorySwapMax=0",
    } <= lines("mien.service")


def test_network_is_closed_but_for_the_drop_in():
    assert {"RestrictAddressFamilies=AF_UNIX AF_NETLINK", "IPAddressDeny=any"} <= lines("mien.service")
    assert {"RestrictAddressFamilies=AF_INET AF_INET6", "IPAddressDeny="} <= lines("network.conf")


def test_readers_of_the_socket_may_read_nothing_else():
    unit = lines("mien.service")
    assert {"Group=mien-records", "RuntimeDirectory=mien", "RuntimeDirectoryMode=0750", "UMask=0077"} <= unit
    assert "StateDirectoryMode=0700" in unit
    script = (SYSTEMD / "install.sh").read_text("utf-8")
    assert 'install -d -m 750 -g mien "$config"' in script
    assert '"$config/mien.toml" -m 640 -g mien' in script
    assert "usermod --append --groups mien-records" not in script


def instance() -> list[str]:
    """The unit of a further camera, as install.sh makes it."""
    command = ["sed", "-f", SYSTEMD / "instance.sed", SYSTEMD / "mien.service"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def test_a_further_camera_has_settings_and_a_socket_of_its_own_and_the_same_confinement():
    first = (SYSTEMD / "mien.service").read_text("utf-8").splitlines()
    changed = {key.partition("=")[0]: new for key, new in zip(first, instance(), strict=True) if key != new}
    assert changed == {
        "Description": "Description=Mien: facial expression recognition (%i)",
        "ExecStart": "ExecStart=/opt/mien/venv/bin/python -P -m mien run --config /etc/mien/%i.toml",
        "RuntimeDirectory": "RuntimeDirectory=mien-%i",
        "SyslogIdentifier": "SyslogIdentifier=mien-%i",
    }


def test_documentation_of_the_unit_is_installed():
    (document,) = (line for line in lines("mien.service") if line.startswith("Documentation="))
    place = document.removeprefix("Documentation=file:/opt/mien/venv/")
    assert f'"$root/docs/guides/pi-setup.md" "$release/{place}"' in (SYSTEMD / "install.sh").read_text(
        "utf-8"
    )


@pytest.fixture
def unit(tmp_path):
    """The unit with a program that is there on this machine, which systemd-analyze wants."""
    text = (SYSTEMD / "mien.service").read_text("utf-8")
    path = tmp_path / "mien.service"
    path.write_text(text.replace("/opt/mien/venv/bin/python", shutil.which("true") or "/bin/true"), "utf-8")
    return path


def analyze(*arguments):
    """Exit code, standard output and standard error of systemd-analyze."""
    result = subprocess.run(
        ["systemd-analyze", "--no-pager", *arguments], capture_output=True, text=True, check=False
    )
    return result.returncode, result.stdout, result.stderr


with_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


def add_drop_in(unit: Path) -> None:
    folder = unit.with_name("mien.service.d")
    folder.mkdir()
    shutil.copy(SYSTEMD / "network.conf", folder)


@with_systemd
@pytest.mark.parametrize("network", [False, True])
def test_unit_is_valid(unit, network):
    if network:
        add_drop_in(unit)
    code, _, errors = analyze("verify", "--man=no", unit)
    assert (code, errors) == (0, "")


@with_systemd
def test_unit_of_a_further_camera_is_valid(unit):
    template = unit.with_name("mien@.service")
    template.write_text("\n".join(instance()).replace("/opt/mien/venv/bin/python", "/bin/true"), "utf-8")
    code, _, errors = analyze("verify", "--man=no", template)
    assert (code, errors) == (0, "")


@with_systemd
def test_exposure(unit):
    closed = exposure(unit)
    add_drop_in(unit)
    assert closed < exposure(unit) <= 2.0


def exposure(unit: Path) -> float:
    code, printed, errors = analyze("security", "--offline=true", unit)
    assert code == 0, errors
    (level,) = re.findall(r"Overall exposure level for .*: ([\d.]+)", printed)
    return float(level)
