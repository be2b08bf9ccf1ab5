"""Days of a device in an hour: the app at full rate on looped clips, its camera failing at random.

python tests/hardware/soak.py FOLDER [--hours 1] [--clip FILE …] [--seed 0]

Writes FOLDER/soak.jsonl, a line for each minute. Ctrl-C ends it; the same command goes on where it was.
At the end it says how memory, threads, file descriptors and the 99th percentile of the frame time have
changed, and ends with 1 if one of them is past its limit.
"""

import argparse
import json
import random
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.hardware import stream
from tests.hardware.app import App, settings
from tests.hardware.stream import Stream

SAMPLE_S = 60.0
SETTLED = 3
"""Minutes after a start until memory and times are those of a settled process."""
MOST_GROWTH_MB = 5.0
MOST_P99 = 1.2

_FAULTS = ("away", stream.FROZEN, stream.STALLED, stream.BROKEN, stream.EMPTY, "reload")


class Soak:
    """The app, its camera, and what goes wrong with it."""

    def __init__(self, folder: Path, clips: list[list[bytes]], seed: int) -> None:
        self._random = random.Random(seed)
        self._stream = Stream(clips)
        self._stream.start()
        self._bundles = ("everyday", "landmarks")
        self.faults = 0
        self.app = App(folder, self._settings())

    def fault(self) -> None:
        """One fault, and that frames come again within 10 s."""
        kind = self._random.choice(_FAULTS)
        seconds = self._random.uniform(0.5, 8)
        if kind == "reload":
            self._bundles = self._bundles[::-1]
            self.app.reload(self._settings())
        elif kind == "away":
            self._stream.stop()
            time.sleep(seconds)
            self._stream.start()
        else:
            self._stream.mode = kind
            time.sleep(seconds)
            self._stream.mode = stream.HEALTHY
        self.app.wait_for_frame(10, f"frames after {kind}")
        self.faults += 1

    def minute(self) -> dict[str, float]:
        """A minute with two faults; what the process then looks like."""
        self.app.total_ms.clear()
        end = time.monotonic() + SAMPLE_S
        for pause in (10, 10):
            time.sleep(pause)
            self.fault()
        time.sleep(max(0.0, end - time.monotonic()))
        times = list(self.app.total_ms)
        process = Path(f"/proc/{self.app.process.pid}")
        status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
        return {
            "frames": len(times),
            "p50_ms": float(np.percentile(times, 50)),
            "p99_ms": float(np.percentile(times, 99)),
            "rss_mb": int(status["VmRSS"].split()[0]) / 1024,
            "threads": int(status["Threads"]),
            "descriptors": len(list((process / "fd").iterdir())),
            "faults": self.faults,
        }

    def end(self) -> None:
        self.app.end()
        self._stream.stop()

    def _settings(self) -> str:
        return settings(self._stream.url, self._bundles[0])


def verdict(lines: list[dict[str, float]]) -> tuple[str, bool]:
    """What the minutes of one process say, and whether all is within the limits."""
    settled = lines[SETTLED:]
    part = max(1, len(settled) // 6)
    first, last = settled[:part], settled[-part:]

    def median(rows: list[dict[str, float]], key: str) -> float:
        return float(np.median([row[key] for row in rows]))

    growth = median(last, "rss_mb") - median(first, "rss_mb")
    ratio = median(last, "p99_ms") / median(first, "p99_ms")
    same = all(median(last, key) <= median(first, key) for key in ("threads", "descriptors"))
    text = (
        f"{len(lines)} min, {sum(row['frames'] for row in lines):.0f} frames, "
        f"{lines[-1]['faults']:.0f} faults: "
        f"memory {growth:+.1f} MB, p99 {median(first, 'p99_ms'):.2f} → {median(last, 'p99_ms'):.2f} ms "
        f"({ratio:.2f} ×), threads {median(first, 'threads'):.0f} → {median(last, 'threads'):.0f}, "
        f"descriptors {median(first, 'descriptors'):.0f} → {median(last, 'descriptors'):.0f}"
    )
    return text, growth < MOST_GROWTH_MB and ratio <= MOST_P99 and same


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--clip", type=Path, action="append", default=[], metavar="FILE")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    log = args.folder / "soak.jsonl"
    done = [json.loads(line) for line in log.read_text().splitlines()] if log.is_file() else []
    run = max((line["run"] for line in done), default=-1) + 1
    clips = [stream.clip(path) for path in args.clip] or [stream.demo_clip()]
    soak = Soak(args.folder, clips, args.seed + run)
    lines: list[dict[str, float]] = []
    try:
        soak.app.wait_for_frame(30, "first result")
        while len(done) + len(lines) < 60 * args.hours:
            lines.append({"run": run, **soak.minute()})
            with log.open("a") as file:
                file.write(json.dumps(lines[-1]) + "\n")
        soak.end()
    except KeyboardInterrupt:
        print("interrupted; the same command goes on")
    finally:
        soak.app.kill()
    if len(lines) <= SETTLED:
        print(f"{len(lines)} min: too short for a verdict on this run")
        return 0
    text, good = verdict(lines)
    print(text)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
