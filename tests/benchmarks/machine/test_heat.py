"""Temperature and throttling, as a Pi and as another machine tell them."""

import pytest

from benchmarks.machine import heat
from edge.core import temperature


@pytest.fixture
def pi(tmp_path, monkeypatch):
    """A made-up Pi: ``(throttled, millidegrees)`` sets what it tells from then on."""
    zone = tmp_path / "thermal_zone1"
    zone.mkdir()
    (tmp_path / "thermal_zone0").mkdir()
    (tmp_path / "thermal_zone0" / "type").write_text("acpitz\n")
    (tmp_path / "thermal_zone0" / "temp").write_text("99000\n")
    (zone / "type").write_text("cpu-thermal\n")
    command = tmp_path / "vcgencmd"
    monkeypatch.setattr(temperature, "_ZONES", tmp_path)
    monkeypatch.setattr(heat, "VCGENCMD", str(command))

    def tell(throttled, millidegrees):
        (zone / "temp").write_text(f"{millidegrees}\n")
        command.write_text(f'#!/bin/sh\n[ "$1" = get_throttled ] && echo throttled={throttled}\n')
        command.chmod(0o755)

    return tell


@pytest.mark.parametrize("file", ["type", "temp"])
@pytest.mark.parametrize("content", [None, b"\xff\n", b"\n"])
def test_a_zone_that_cannot_be_read_hides_no_other(pi, file, content):
    pi("0x0", 45500)
    zone = temperature._ZONES / "thermal_zone0"
    (zone / "type").write_text("x86_pkg_temp\n")
    (zone / file).unlink()
    if content is not None:
        (zone / file).write_bytes(content)
    assert temperature.cpu_temperature_c() == 45.5


def test_before_during_and_after(pi):
    pi("0x0", 45500)
    watched = heat.Heat()
    pi("0x20002", 81000)
    watched.sample()
    pi("0x20000", 79000)
    watched.sample()
    assert watched.result() == {
        "temperature_c": {"before": 45.5, "during": 81.0, "after": 79.0},
        "throttled": {"before": "0x0", "during": "0x20002", "after": "0x20000"},
    }
    (warning,) = watched.warnings()
    assert ": capped clock (" in warning


def test_what_happened_between_two_samples_is_noticed(pi):
    pi("0x10000", 50000)
    watched = heat.Heat()
    pi("0x50000", 50000)
    watched.sample()
    (warning,) = watched.warnings()
    assert ": throttling (" in warning  # the low voltage was before the run


def test_what_happened_before_the_run_only_is_no_warning(pi):
    pi("0x50000", 50000)
    watched = heat.Heat()
    watched.sample()
    assert watched.warnings() == []


def test_a_machine_that_tells_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(temperature, "_ZONES", tmp_path)
    monkeypatch.setattr(heat, "VCGENCMD", str(tmp_path / "vcgencmd"))
    watched = heat.Heat()
    watched.sample()
    assert watched.result() == {"temperature_c": None, "throttled": None}
    assert watched.warnings() == []


def test_a_user_who_may_not_ask(pi, tmp_path):
    pi("0x0", 50000)
    (tmp_path / "vcgencmd").write_text("#!/bin/sh\necho VCHI initialization failed\nexit 255\n")
    assert heat.read_heat() == heat.HeatSample(50.0, None)


def test_samples_are_rare(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(heat.time, "perf_counter", lambda: now[0])
    samples = []
    monkeypatch.setattr(heat, "read_heat", lambda: samples.append(now[0]) or heat.HeatSample(None, None))
    watched = heat.Heat()
    for now[0] in range(1, 91):
        watched.sample_if_due()
    assert samples == [0.0, 30, 60, 90]
