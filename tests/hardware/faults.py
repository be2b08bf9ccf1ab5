"""What goes wrong with a device, made to happen, and how long the app takes to be well again.

python tests/hardware/faults.py [--out FILE.json] [FAULT …]     in an environment of requirements-edge.txt

Every fault runs against ``mien run`` in a process of its own, its camera a stream on
localhost. Ends with 1 at the first that is not recovered from within its limit.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.hardware import stream
from tests.hardware.app import ROOT, App, settings
from tests.hardware.stream import Stream

CAMERA_LIMIT_S = 10.0
"""A camera that is there again, or was replaced, must give results after so long."""
FAKETIME = next(map(str, Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), "")
WATCHDOG_S = 20.0
"""``WatchdogSec`` of the unit."""


class Bench:
    """A stream and an app that watches it."""

    def __init__(self, folder: Path, environment: dict[str, str], **changes: object) -> None:
        self.folder = folder
        self.stream = Stream([stream.demo_clip()], fps=30)
        self.stream.start()
        self._file = changes.get("file")
        self.app = App(folder, settings(self.stream.url, **changes), **environment)

    def wait_for_first(self) -> None:
        """Until the first result, wherever it goes."""
        if self._file:
            self.app.wait(Path(str(self._file)).exists, 30, "first result")
        else:
            self.app.wait_for_frame(30, "first result")

    def fault(self, mode: str, seconds: float) -> None:
        """Be in ``mode`` for so long."""
        self.stream.mode = mode
        self.endure(seconds)
        self.stream.mode = stream.HEALTHY

    def away(self, seconds: float) -> None:
        """No server for so long."""
        self.stream.stop()
        self.endure(seconds)
        self.stream.start()

    def endure(self, seconds: float) -> None:
        """Let the fault last; the watchdog must be fed meanwhile."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.app.wait(lambda: self.app.silent_s() < WATCHDOG_S / 2, 0.1, "the watchdog is fed")
            time.sleep(0.1)

    def close(self) -> None:
        self.app.end()
        self.stream.stop()


def server_restarts(bench: Bench) -> dict[str, float]:
    """The stream's server goes away for 15 s and comes back."""
    bench.away(15)
    return {"recovery_s": bench.app.wait_for_frame(CAMERA_LIMIT_S, "frames after the server is back")}


def frozen_camera(bench: Bench) -> dict[str, float]:
    """The camera gives one and the same picture until it is opened anew."""
    bench.stream.mode = stream.FROZEN
    noticed = bench.app.wait(lambda: "identical pictures" in bench.app.log, CAMERA_LIMIT_S, "noticed")
    bench.stream.mode = stream.HEALTHY
    return {"noticed_s": noticed, "recovery_s": bench.app.wait_for_frame(CAMERA_LIMIT_S, "frames again")}


def stalled_camera(bench: Bench) -> dict[str, float]:
    """The connection stays open and nothing comes, for 15 s."""
    bench.stream.mode = stream.STALLED
    noticed = bench.app.wait(lambda: "no camera" in bench.app.log, CAMERA_LIMIT_S, "noticed")
    bench.fault(stream.STALLED, 15)
    return {"noticed_s": noticed, "recovery_s": bench.app.wait_for_frame(CAMERA_LIMIT_S, "frames again")}


def broken_frames(bench: Bench) -> dict[str, float]:
    """Pictures that do not decode, for 15 s."""
    bench.fault(stream.BROKEN, 15)
    return {"recovery_s": bench.app.wait_for_frame(CAMERA_LIMIT_S, "frames again")}


def corrupt_bundle(bench: Bench) -> dict[str, float]:
    """A reload names a bundle whose network was altered: refused, the old one goes on."""
    copy = bench.folder / "altered"
    shutil.copytree(ROOT / "edge" / "bundles" / "shipped" / "landmarks", copy)
    model = bytearray((copy / "model.tflite").read_bytes())
    model[len(model) // 2] ^= 1
    (copy / "model.tflite").write_bytes(model)
    bench.app.reload(settings(bench.stream.url, str(copy)))
    bench.app.wait(lambda: "keeping the current configuration" in bench.app.log, 10, "refused")
    return {"recovery_s": bench.app.wait_for_frame(1, "frames all the while")}


def clock_jump(bench: Bench) -> dict[str, float]:
    """The wall clock jumps ten years ahead, then a day back behind the start."""
    clock = bench.folder / "clock"
    found = {}
    for name, offset in (("ahead", "+3650d"), ("back", "-1d")):
        clock.write_text(offset)
        begun = time.time()
        shift = 3650 * 86_400 if name == "ahead" else -86_400
        bench.app.wait(
            lambda begun=begun, shift=shift: abs(bench.app.record["time"] - begun - shift) < 3600,
            5,
            f"the app sees the clock {name}",
        )
        found[f"{name}_s"] = bench.app.wait_for_frame(1, f"frames after the clock went {name}")
        ages = [
            bench.app.record["ms"]["age"] for _ in range(20) if bench.app.wait_for_frame(5, "more frames")
        ]
        assert min(ages) >= 0, f"a frame's age is {min(ages)} ms after the clock went {name}"
        found[f"{name}_median_age_ms"] = sorted(ages)[10]
    return found


def full_disk(bench: Bench) -> dict[str, float]:
    """The file of the JSON lines cannot grow for 15 s: the app goes on, what is dropped is counted, and the
    file goes on where it stopped."""
    small = bench.folder / "small"
    written = small / "results.jsonl"
    bench.app.wait(lambda: "No space left on device; results are dropped" in bench.app.log, 120, "noticed")
    full = written.stat().st_size
    bench.endure(15)
    bench.app.wait(lambda: "results lost" in bench.app.status, 5, "the status counts what is lost")
    subprocess.run(["mount", "-o", "remount,size=8m", small], check=True)  # somebody makes room
    recovery_s = bench.app.wait(lambda: written.stat().st_size > full, 35, "lines again")
    bench.app.wait(lambda: "sink jsonl works again" in bench.app.log, 5, "says so")
    assert bench.app.log.count("sink jsonl") == 2, bench.app.log
    whole = written.read_text().rpartition("\n")[0].splitlines()
    frames = [json.loads(line)["frame"] for line in whole]
    assert frames == sorted(set(frames)), "lines twice or out of order"
    return {"recovery_s": recovery_s, "whole_lines": len(whole)}


def asleep(bench: Bench) -> dict[str, float]:
    """An empty room: how much CPU it takes awake and asleep, and how soon a face is seen."""
    bench.stream.mode = stream.EMPTY
    cpu_awake = _cpu_percent(bench.app, 8)
    bench.app.reload(settings(bench.stream.url, after_s=1))
    bench.app.wait(lambda: "asleep" in bench.app.status, 15, "asleep")
    cpu_asleep = _cpu_percent(bench.app, 8)
    rate = float(bench.app.status.split()[0])
    waking = []
    for nap in range(2, 12):
        bench.stream.mode = stream.HEALTHY
        waking.append(bench.app.wait(lambda: bench.app.record["faces"], 2, "a face is seen"))
        bench.stream.mode = stream.EMPTY
        bench.app.wait(lambda nap=nap: bench.app.log.count("asleep: nobody") == nap, 15, "asleep again")
    bench.stream.mode = stream.HEALTHY
    bench.app.wait(lambda: bench.app.record["faces"], 2, "a face is seen")
    cpu_face = _cpu_percent(bench.app, 8)
    assert max(waking) <= 0.5, f"woke after {max(waking):.2f} s"
    return {
        "cpu_percent_with_a_face": cpu_face,
        "cpu_percent_empty_awake": cpu_awake,
        "cpu_percent_asleep": cpu_asleep,
        "fps_asleep": rate,
        "waking_median_s": sorted(waking)[len(waking) // 2],
        "waking_longest_s": max(waking),
    }


def _cpu_percent(app: App, seconds: float) -> float:
    """CPU time of the process and its threads over wall time, percent of one core."""
    before, begun = _cpu_s(app.process.pid), time.monotonic()
    time.sleep(seconds)
    return 100 * (_cpu_s(app.process.pid) - before) / (time.monotonic() - begun)


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


FAULTS: dict[str, Callable[[Bench], dict[str, float]]] = {
    fault.__name__: fault
    for fault in (
        server_restarts,
        frozen_camera,
        stalled_camera,
        broken_frames,
        corrupt_bundle,
        clock_jump,
        full_disk,
        asleep,
    )
}


def missing(name: str) -> str | None:
    """What this machine lacks for a fault."""
    if name == "full_disk" and os.geteuid():
        return "needs root, to mount a small disk"
    if name == "clock_jump" and not FAKETIME:
        return "needs libfaketime: apt-get install faketime"
    return None


def run(name: str, folder: Path) -> dict[str, float]:
    """Make one fault happen; what was measured."""
    environment, changes = {}, {}
    if name == "full_disk":
        (folder / "small").mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder / "small"], check=True)
        changes["file"] = str(folder / "small" / "results.jsonl")
    if name == "clock_jump":
        (folder / "clock").write_text("+0")
        environment = {
            "LD_PRELOAD": FAKETIME,
            "FAKETIME_TIMESTAMP_FILE": str(folder / "clock"),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
    with ExitStack() as closing:
        if name == "full_disk":
            closing.callback(subprocess.run, ["umount", "--lazy", folder / "small"], check=True)
        bench = Bench(folder, environment, **changes)
        closing.callback(lambda: bench.app.kill())
        bench.wait_for_first()
        measured = {key: round(value, 2) for key, value in FAULTS[name](bench).items()}
        bench.close()
    return measured


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=", ".join(FAULTS))
    parser.add_argument("--out", type=Path, metavar="FILE")
    args = parser.parse_args()
    results = {}
    for name in args.faults or FAULTS:
        if reason := missing(name):
            print(f"{name}: skipped, {reason}", flush=True)
            continue
        with tempfile.TemporaryDirectory(prefix="mien-faults-") as folder:
            results[name] = run(name, Path(folder))
        print(name, json.dumps(results[name]), flush=True)
    if args.out:
        machine = f"{platform.machine()}, Python {platform.python_version()}, {os.cpu_count()} cores"
        args.out.write_text(json.dumps({"machine": machine, "faults": results}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
