"""The service files agree with the program and with systemd."""

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
    assert settings.output.sinks == ("jsonl",)
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


def test_unit_does_not_restart_what_restarting_cannot_help():
    unit = (SYSTEMD / "mien.service").read_text("utf-8").splitlines()
    code = {error.exit_code for error in (ConfigError, BundleError, ModelError)}
    assert code == {78}
    assert "RestartPreventExitStatus=78" in unit


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_unit_is_valid(tmp_path):
    unit = (SYSTEMD / "mien.service").read_text("utf-8")
    # verify wants the programs that the unit names to be there
    unit = unit.replace("/opt/mien/venv/bin/python", shutil.which("true") or "/bin/true")
    path = tmp_path / "mien.service"
    path.write_text(unit, "utf-8")
    result = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")
