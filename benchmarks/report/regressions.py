"""Comparison of results with older ones of the same configuration: what got worse by more than noise.

Figures over pictures: ``benchmarks.accuracy.chance``. Times and memory: the tolerances below, and more where
a result itself shows that it scatters more (``drift_p50``, ``first_result_runs_s``, the spread of a ratio).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from benchmarks.accuracy import chance
from benchmarks.matrix.matrix import FACTS
from benchmarks.report.result_files import Result, complete, configuration_name, describe

P50_TOLERANCE, P99_TOLERANCE = 0.10, 0.25
FIRST_RESULT_TOLERANCE = 0.25
MEMORY_TOLERANCE = 0.10
GROWTH_TOLERANCE_KB = 50.0
"""Of memory, for 1,000 frames."""
RATIO_TOLERANCE = 0.05
"""Of a ratio in a matrix, in addition to its spread over the rounds."""
FEW_FRAMES = 1000
"""With fewer frames, fewer than ten decide p99, and it is not compared."""

METHOD = (
    "Changes that noise explains are allowed. Figures over pictures: a one-sided test of two proportions, "
    f"{100 * chance.ALPHA:g} % false alarms for all metrics of a result together (Bonferroni). Times and "
    f"memory: {100 * P50_TOLERANCE:g} % of p50, {100 * P99_TOLERANCE:g} % of p99, "
    f"{100 * FIRST_RESULT_TOLERANCE:g} % of the first result, {100 * MEMORY_TOLERANCE:g} % of memory, "
    f"{GROWTH_TOLERANCE_KB:g} kB of growth, {100 * RATIO_TOLERANCE:g} % of a ratio in a matrix; more where "
    "the runs themselves scatter more."
)

_ROUNDING = 1e-9
_MACHINE = (
    *("board", "cpu", "cores", "cores_usable", "governor", "machine", "system"),
    *("python", "runtime", "numpy", "opencv", "mediapipe", "delegate"),
)
_SAME: dict[str, tuple[str, ...]] = {
    "latency": ("frame_size",),
    "accuracy": ("data", "labels", "landmarks", "assume_face"),
    "robustness": ("protocol", "data", "labels", "pictures"),
}
"""Keys in which two results must agree to be compared, by kind."""


class Row(NamedTuple):
    """One figure, before and now."""

    configuration: str
    figure: str
    before: str
    now: str
    worse_by: str
    allowed: str
    regressed: bool

    def cells(self) -> list[str]:
        """The cells of a table row, without the configuration."""
        return [*self[1:-1], "REGRESSION" if self.regressed else "in order"]

    def sentence(self) -> str:
        """The change as an entry of a list of regressions."""
        change = f"{self.before} → {self.now}, worse by {self.worse_by}, allowed: {self.allowed}"
        return f"{self.configuration}: {self.figure}: {change}"


@dataclass(slots=True)
class Comparison:
    """The result of a comparison."""

    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What was not compared, with the reasons."""

    @property
    def regressions(self) -> list[Row]:
        """The figures that got worse by more than noise."""
        return [row for row in self.rows if row.regressed]


def compare(results: Sequence[Result], older: Sequence[Result]) -> Comparison:
    """Compare each result with the first older one of the same kind and configuration.

    Raises:
        DataError: a result is not complete.
    """
    found = Comparison()
    for result in results:
        name = f"{result.kind}, {result.title}"
        if result.kind not in _COMPARERS:
            why = "it is a comparison itself; latency and matrix find what got slower"
            found.notes.append(f"{name}: not compared, {why}")
            continue
        old = next((each for each in older if _configuration(each) == _configuration(result)), None)
        if old is None:
            found.notes.append(f"{name}: not compared, there is no older result of this configuration")
            continue
        with complete(result), complete(old):
            _COMPARERS[result.kind](name, old.content, result.content, found)
    return found


def _configuration(result: Result) -> tuple[str, ...]:
    """What two results must have in common to be compared, besides the machine."""
    with complete(result):
        keys = _SAME.get(result.kind, ())
        return result.kind, describe(result.content), *(str(result.content[key]) for key in keys)


def _latency(name: str, old: dict[str, Any], new: dict[str, Any], found: Comparison) -> None:
    if not _same_machine(name, [old["environment"]], [new["environment"]], found):
        return
    drift = sum(abs((content["drift_p50"] or 1.0) - 1.0) for content in (old, new))
    p50 = P50_TOLERANCE + drift

    def row(figure: str, unit: str, key: str, tolerance: float, part: str | None = None) -> None:
        before, now = (content[key][part] if part else content[key] for content in (old, new))
        if before and now:
            found.rows.append(_relative(name, figure, unit, before, now, tolerance))

    # Other load slows the bare network as much as the frame, and takes no memory of this process.
    row("frame over the bare network, p50", "×", "frame_over_invoke_p50", p50)
    row("peak memory", "MB", "peak_rss_mb", MEMORY_TOLERANCE)
    found.rows += _growth(name, old["rss_growth_kb_per_1000_frames"], new["rss_growth_kb_per_1000_frames"])
    if not _reliable(name, old, new, found):
        return
    row("frame, p50", "ms", "frame_ms", p50, "p50")
    if min(old["n"], new["n"]) >= FEW_FRAMES:
        row("frame, p99", "ms", "frame_ms", P99_TOLERANCE + drift, "p99")
    else:
        found.notes.append(f"{name}: p99 is not compared, it needs {FEW_FRAMES} frames")
    row("CPU for a frame", "ms", "cpu_ms_per_frame", p50)
    runs = old["first_result_runs_s"], new["first_result_runs_s"]
    scatter = max(max(seconds) / min(seconds) - 1 for seconds in runs)
    row("first result", "s", "first_result_s", max(FIRST_RESULT_TOLERANCE, scatter))


def _growth(name: str, before: float | None, now: float | None) -> list[Row]:
    if before is None or now is None:
        return []
    worse = now - max(before, 0.0)
    words = (f"{before:.1f} kB", f"{now:.1f} kB", f"{worse:+.1f} kB", f"{GROWTH_TOLERANCE_KB:g} kB")
    return [Row(name, "memory growth for 1,000 frames", *words, worse > GROWTH_TOLERANCE_KB)]


def _matrix(name: str, old: dict[str, Any], new: dict[str, Any], found: Comparison) -> None:
    if not _same_machine(name, old["environments"], new["environments"], found):
        return
    reliable = _reliable(name, old, new, found)
    lines, older = new["configurations"], {_facts(line): line for line in old["configurations"]}
    for place, line in enumerate(lines):
        then = older.get(_facts(line))
        if then is None or then["reason"] is not None:
            continue
        what = f"{line['kind']} {configuration_name(line, new)}"
        if line["reason"] is not None:
            found.rows.append(Row(name, f"{what}, runs", "yes", "no", line["reason"], "nothing", True))
        elif line["against"] == place:  # the ratios of its kind are over this line
            if reliable:
                found.rows.append(
                    _relative(name, f"{what}, p50", "ms", then["ms"]["p50"], line["ms"]["p50"], P50_TOLERANCE)
                )
        elif _facts(lines[line["against"]]) == _facts(old["configurations"][then["against"]]):
            before, now = then["ratio"], line["ratio"]
            spread = (before["p90"] - before["p50"]) / before["p50"] + (now["p50"] - now["p10"]) / now["p50"]
            row = _relative(name, f"{what}, ratio", "×", before["p50"], now["p50"], RATIO_TOLERANCE + spread)
            found.rows.append(row)


def _facts(line: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(line[key] for key in ("kind", "environment", *FACTS))


def _over_pictures(name: str, old: dict[str, Any], new: dict[str, Any], found: Comparison) -> None:
    changes = chance.of_accuracy if new["kind"] == "accuracy" else chance.of_robustness
    for change, allowed in chance.judged(changes(old, new)):
        worse = change.worse_by + 0.0  # no −0
        figures = f"{change.before:.4f}", f"{change.now:.4f}", f"{worse:.4f}", f"{allowed:.4f}"
        found.rows.append(Row(name, change.figure, *figures, worse > allowed + _ROUNDING))


_COMPARERS: dict[str, Callable[[str, dict[str, Any], dict[str, Any], Comparison], None]] = {
    "latency": _latency,
    "matrix": _matrix,
    "accuracy": _over_pictures,
    "robustness": _over_pictures,
}


def _relative(name: str, figure: str, unit: str, before: float, now: float, tolerance: float) -> Row:
    worse = now / before - 1
    words = (f"{before:.3g} {unit}", f"{now:.3g} {unit}", f"{100 * worse:+.1f} %", f"{100 * tolerance:.0f} %")
    return Row(name, figure, *words, worse > tolerance)


def _same_machine(
    name: str, old: Sequence[dict[str, Any]], new: Sequence[dict[str, Any]], found: Comparison
) -> bool:
    pairs = zip(old, new, strict=False)
    different = {key for before, now in pairs for key in _MACHINE if before.get(key) != now.get(key)}
    if len(old) != len(new):
        different.add("number of environments")
    if different:
        reason = f"another machine or environment ({', '.join(sorted(different))})"
        found.notes.append(f"{name}: not compared, {reason}")
    return not different


def _reliable(name: str, old: dict[str, Any], new: dict[str, Any], found: Comparison) -> bool:
    if old["warnings"] or new["warnings"]:
        found.notes.append(f"{name}: absolute times are not compared, a run has warnings")
        return False
    return True
