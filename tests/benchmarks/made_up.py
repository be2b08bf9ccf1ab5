"""Small results of each kind, made up, for the tests of what reads them."""

from typing import Any

LABELS = ["angry", "happy", "neutral"]
ENVIRONMENT = {
    "date": "2026-01-02T03:04:05+00:00",
    "mien": "0.2.0",
    "board": None,
    "cpu": "Cortex-A76",
    "cores": 4,
    "cores_usable": 4,
    "governor": "performance",
    "machine": "aarch64",
    "system": "Debian GNU/Linux 12 (bookworm)",
    "python": "3.11.2",
    "runtime": {"name": "ai-edge-litert", "version": "2.3.0"},
    "numpy": "1.26.4",
    "opencv": "4.11.0",
    "mediapipe": None,
    "load_before": 0.1,
}
BUNDLE = {
    "name": "everyday",
    "labels": LABELS,
    "feature_version": 2,
    "model_sha256": "1" * 64,
    "model_bytes": 1234567,
}
DATA = {"file": "fer2013.csv", "sha256": "2" * 64}


def times(p50: float) -> dict[str, float]:
    """Percentiles of a distribution with a tail."""
    return {"p50": p50, "p90": 1.2 * p50, "p99": 2 * p50, "p99.9": 3 * p50, "max": 9 * p50}


def latency(frame_ms: float = 4.0) -> dict[str, Any]:
    """A result of ``latency``, of a frame that takes so long."""
    return {
        "kind": "latency",
        "schema": 2,
        "source": "demo",
        "landmarks": "litert",
        "n": 1000,
        "warmup": 30,
        "frame_size": [640, 480],
        "frame_ms": times(frame_ms),
        "landmark_invoke_ms": times(2.5),
        "frame_over_invoke_p50": frame_ms / 2.5,
        "p99_over_p50": {"frame": 2.0, "invoke": 2.0, "frame_over_invoke": 1.0},
        "drift_p50": 1.0,
        "stages_ms": {
            "landmarks": times(0.8 * frame_ms),
            "features": times(0.05 * frame_ms),
            "classify": times(0.1 * frame_ms),
            "smooth": times(0.05 * frame_ms),
        },
        "age_ms": times(frame_ms),
        "fps": 1000 / frame_ms,
        "cpu_ms_per_frame": frame_ms,
        "faces": {"frames_with_face": 1000},
        "classifier_alone_ms": times(0.2),
        "source_ms": times(1.0),
        "peak_rss_mb": 103.0,
        "start_rss_mb": 100.0,
        "end_rss_mb": 101.0,
        "rss_growth_kb_per_1000_frames": 2.0,
        "install_mb": {"numpy": 78.0, "total": 310.2},
        "first_result_s": 0.9,
        "first_result_runs_s": [0.9, 0.88, 0.93],
        "against": None,
        "warnings": [],
        "bundle": BUNDLE,
        "environment": {**ENVIRONMENT, "threads": 1, "delegate": "XNNPACK", "temperature_c": None},
        "command": "mien benchmark latency --json latency.json",
    }


def matrix(ratio: float = 2.0) -> dict[str, Any]:
    """A result of ``matrix``: two kinds of frame, the second one so much slower, and one that cannot run."""

    def line(threads: int | None, landmarks: str, **more: Any) -> dict[str, Any]:
        facts = {"environment": 0, "kind": "frame", "landmarks": landmarks, "bundle": "everyday"}
        return {**facts, **dict.fromkeys(("file", "precision", "reason")), "threads": threads, **more}

    configurations = [
        line(1, "litert", ms=times(4.0), against=0, ratio={"p50": 1.0, "p10": 1.0, "p90": 1.0}),
        line(2, "litert", ms=times(8.0), against=0, ratio={"p50": ratio, "p10": ratio, "p90": 1.02 * ratio}),
        line(None, "mediapipe", reason="not installed", ms=None, against=None, ratio=None),
    ]
    return {
        "kind": "matrix",
        "schema": 1,
        "rounds": 20,
        "frames": 50,
        "configurations": configurations,
        "warnings": [],
        "bundles": {"everyday": BUNDLE},
        "environments": [{"executable": "python", "error": None, **ENVIRONMENT, "delegate": "XNNPACK"}],
        "temperature_c": None,
        "throttled": None,
        "command": "mien benchmark matrix",
    }


def accuracy(right: int = 700) -> dict[str, Any]:
    """A result of ``accuracy``: of 1,000 of a class so many are right, the rest neutral or missed."""
    wrong = 990 - right
    counts = [[right, 0, wrong, 10], [0, right, wrong, 10], [0, 0, 990, 10]]
    share = (2 * right + 990) / 3000
    return {
        "kind": "accuracy",
        "schema": 1,
        "data": DATA,
        "split": "PublicTest",
        "landmarks": "litert",
        "truth": "label",
        "labels": LABELS,
        "n": 3000,
        "coverage": 0.99,
        "accuracy": share,
        "accuracy_found": share / 0.99,
        "macro_f1": share,
        "ece": 0.02,
        "aurc": 0.15,
        "selective": {"0.8": min(share + 0.05, 1.0), "0.6": min(share + 0.1, 1.0)},
        "per_class": {
            name: {"precision": 0.8, "recall": row[place] / 1000, "f1": 0.7, "n": 1000, "coverage": 0.99}
            for place, (name, row) in enumerate(zip(LABELS, counts, strict=True))
        },
        "confusion": {"rows": LABELS, "columns": [*LABELS, "missed"], "counts": counts},
        "reliability": [
            {"low": 0.0, "high": 0.5, "n": 0, "confidence": None, "accuracy": None},
            {"low": 0.5, "high": 1.0, "n": 2970, "confidence": 0.75, "accuracy": 0.73},
        ],
        "left_out": 0,
        "skipped": 0,
        "preparation": {"scale": 1.0, "padding": 0.3},
        "assume_face": False,
        "warnings": [],
        "bundle": BUNDLE,
        "environment": {**ENVIRONMENT, "threads": 1},
        "command": "mien benchmark accuracy --data fer2013.csv",
    }


def robustness(under_noise: float = 0.5) -> dict[str, Any]:
    """A result of ``robustness`` with two corruptions."""

    def scores(share: float) -> dict[str, Any]:
        found = {"accuracy_found": share, "ece": 0.1, "abstentions": 0.2}
        return {"n": 500, "coverage": 0.98, "accuracy": share, **found}

    return {
        "kind": "robustness",
        "schema": 1,
        "protocol": {"version": 1, "side": 224, "padding": 0.3, "seed": 0},
        "data": DATA,
        "split": "PublicTest",
        "pictures": 500,
        "truth": "label",
        "labels": LABELS,
        "n": 500,
        "clean": scores(0.65),
        "corruptions": {
            "gaussian_noise": {str(number): scores(under_noise) for number in range(1, 6)},
            "jitter": {str(number): scores(0.6) for number in range(1, 6)},
        },
        "mean_accuracy": under_noise,
        "system": "mien everyday",
        "landmarks": "litert",
        "bundle": BUNDLE,
        "reference": "fer",
        "mce": 81.5,
        "relative_mce": None,
        "ce": {"gaussian_noise": 81.5},
        "relative_ce": {"gaussian_noise": None},
        "warnings": [],
        "environment": {**ENVIRONMENT, "threads": 1},
        "command": "mien benchmark robustness --data fer2013.csv --pictures 500",
    }


def change_environment(result: dict[str, Any], facts: dict[str, Any]) -> None:
    """Put other facts about the machine into a result."""
    if "environments" in result:
        result["environments"] = [result["environments"][0] | facts]
    else:
        result["environment"] = result["environment"] | facts


ALL = {"latency": latency, "matrix": matrix, "accuracy": accuracy, "robustness": robustness}
"""Kind → what makes one."""
