"""``mien train baselines``: every experiment on every label set and protocol, then tables and a page."""

import platform
import shlex
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from edge.core.errors import ConfigError, DataError
from edge.core.files import check_folder, make_folder
from edge.core.runtime import package_version
from evaluation.label_sets import LABEL_SETS
from train.baselines import bundles, report
from train.baselines.damage import Damage
from train.baselines.data import (
    PROTOCOLS,
    BaselineData,
    Problem,
    is_pictures,
    open_data,
    open_problem,
    with_faces,
)
from train.baselines.measure import QUICK, LandmarkNetwork, Limits, MeasurementSetup, measure
from train.baselines.method import CROPS, PICTURES, SEQUENCES
from train.baselines.registry import BUNDLE, Experiment, experiments
from train.baselines.results import Results, name_of, read_results
from train.dataset.find_faces import ExtractionSetup
from train.teacher.answers import check_pictures
from train.versions import training_versions


@dataclass(frozen=True, slots=True)
class Request:
    """The command line."""

    data: Path
    out: Path
    setup: ExtractionSetup
    workers: int
    quick: bool = False
    only: str | None = None
    labels: tuple[int, ...] = (7, 3)
    other: Path | None = None
    pictures: Path | None = None
    mapping: Path | None = None
    export: bool = False
    """Write a run folder of each network that ``mien convert`` can make a bundle of."""
    weights: Path | None = None
    """Folder of pre-trained weights."""

    @property
    def all_pictures(self) -> Path | None:
        """The pictures of ``data``; None: they are not at hand."""
        return self.data if self.pictures is None and is_pictures(self.data) else self.pictures

    def command(self, experiment: str, labels: int) -> str:
        """A command that makes the row of an experiment anew, in a folder of its own."""
        words = ["mien", "train", "baselines", str(self.data), "--out", "again", "--only", experiment]
        words += ["--labels", str(labels)] + ["--quick"] * self.quick
        paths = {"--other": self.other, "--pictures": self.pictures, "--classes": self.mapping}
        paths["--weights"] = self.weights
        return shlex.join(
            [*words, *(word for flag, path in paths.items() if path for word in (flag, str(path)))]
        )


def run(request: Request) -> None:
    """Measure what is not in ``OUT/baselines.json`` yet; write the tables and the page.

    Raises:
        ConfigError: an unknown experiment or number of classes, or no folder of weights.
        DataError: data that cannot be used, pictures of other data, or an ``out`` with other files.
        MienError: the faces of pictures cannot be extracted.
        OSError: a full disk, for instance. The finished rows stay.
    """
    unknown = set(request.labels) - LABEL_SETS.keys()
    if unknown:
        known = ", ".join(map(str, LABEL_SETS))
        raise ConfigError(f"--labels takes numbers of classes among {known}, not {min(unknown)}")
    chosen = [replace(each, weights=request.weights) for each in experiments(request.only, request.quick)]
    if request.weights and not request.weights.is_dir():
        raise ConfigError(f"--weights {request.weights} is no folder: name the one that holds the weights")
    check_folder(request.out)
    make_folder(request.out)
    results = read_results(request.out)
    data, other = _open(request, {need for each in chosen if each.method != BUNDLE for need in each.needs})
    runner = _Runner(request, results, _setup(request, data, other))
    for labels in request.labels:
        for problem in _problems(data, labels, request.quick):
            for experiment in chosen:
                runner.measure(experiment, problem)
    report.write(request.out, results)
    print(f"{len(results.rows)} rows → {results.path}", flush=True)


def _problems(data: BaselineData, labels: int, quick: bool) -> Iterator[Problem]:
    """The data under each protocol. The usual one is the same where no picture is in two splits, and nearly
    the same on the subset of a quick run."""
    removed, usual = PROTOCOLS
    problem = open_problem(data, labels, removed)
    yield problem
    if problem.split.duplicates and not quick:
        yield open_problem(data, labels, usual)


def _open(request: Request, needs: set[str]) -> tuple[BaselineData, BaselineData | None]:
    def opened(path: Path, pictures: Path | None) -> BaselineData:
        folder = open_data(path, request.out / "faces", request.setup, request.workers, request.mapping)
        pictures = pictures if needs & {PICTURES, CROPS} else None
        return with_faces(folder, pictures, request.mapping, CROPS in needs)

    other = request.other
    return (
        opened(request.data, request.all_pictures),
        None if other is None else opened(other, other if is_pictures(other) else None),
    )


def _setup(request: Request, data: BaselineData, other: BaselineData | None) -> MeasurementSetup:
    limits, pictures = QUICK if request.quick else Limits(), request.all_pictures
    models_dir, damage = request.setup.models_dir, None
    landmark_network = LandmarkNetwork(models_dir)
    if pictures is not None:
        check_pictures(pictures, request.mapping, data.folder)
        damage = Damage(data, pictures, request.mapping, models_dir, request.workers, limits.damaged)
        if landmark_network.lacking:
            print(f"no damaged pictures: {landmark_network.lacking}", flush=True)
            damage = None
    return MeasurementSetup(other, damage, limits, landmark_network)


class _Runner:
    """What is the same for all rows of a run."""

    def __init__(self, request: Request, results: Results, setup: MeasurementSetup) -> None:
        self._request, self._results, self._setup = request, results, setup
        self._said: set[tuple[str, str]] = set()

    def measure(self, experiment: Experiment, problem: Problem) -> None:
        """Measure an experiment or a bundle, unless its rows are there."""
        run = self._run_folder(experiment, problem)
        needs: frozenset[str] = frozenset()
        if experiment.method == BUNDLE:
            lacks: Callable[[BaselineData], str] = partial(bundles.lacking, experiment.name)
            measured = partial(bundles.measure_bundle, experiment.name, problem, self._setup)
        else:
            needs = experiment.needs
            lacks = partial(BaselineData.lacking, needs=needs)
            measured = partial(measure, experiment, problem, self._setup, run)
        key, other = self._key(experiment, problem), self._setup.other
        other_sha256 = None if other is None or lacks(other) else other.sha256
        damaged = self._setup.damage is not None and SEQUENCES not in needs
        if run or not self._results.has(key, other_sha256, damaged):
            self._measured(key, problem.data, lacks(problem.data), measured)

    def _run_folder(self, experiment: Experiment, problem: Problem) -> Path | None:
        """The run folder that is to be written; a network that was trained on copies gets none."""
        if not self._request.export or PROTOCOLS[problem.protocol] or not experiment.exports:
            return None
        name = f"{experiment.method}-{experiment.name}-{problem.labels}{'-quick' * self._request.quick}"
        out = self._request.out / "runs" / name
        return None if out.exists() else out

    def _measured(
        self,
        key: dict[str, Any],
        data: BaselineData,
        lacking: str,
        measured: Callable[[], list[dict[str, Any]]],
    ) -> None:
        name = f"{name_of(key)}, {key['labels']} classes, {key['protocol']}"
        start = time.monotonic()
        try:
            rows = [] if lacking else measured()
        except ModuleNotFoundError as error:
            if error.name not in ("keras", "tensorflow"):
                raise
            lacking = f"the package {error.name} is not installed"
        except DataError as error:
            lacking = str(error)
        if lacking or not rows:
            lacking = lacking or "no evaluation rows"
            self._results.skip(key, lacking)
            if (key["method"], lacking) not in self._said:
                print(f"{key['method']}: – ({lacking})", flush=True)
            self._said.add((key["method"], lacking))
            return
        self._results.add(key, [self._completed(key, data.name, row) for row in rows])
        shown = ", ".join(f"{row['split']} {row['accuracy']:.1%}" for row in rows)
        print(f"{name}: {shown} ({time.monotonic() - start:.0f} s)", flush=True)

    def _key(self, experiment: Experiment, problem: Problem) -> dict[str, Any]:
        return {
            "data_sha256": problem.data.sha256,
            "method": experiment.method,
            "experiment": experiment.name,
            "settings": bundles.identity(experiment.name)
            if experiment.method == BUNDLE
            else experiment.settings,
            "labels": problem.labels,
            "protocol": problem.protocol,
            "quick": self._request.quick,
        }

    def _completed(self, key: dict[str, Any], data: str, row: dict[str, Any]) -> dict[str, Any]:
        return (
            key
            | row
            | {
                "data": data,
                "classes": list(LABEL_SETS[key["labels"]].labels),
                "other_sha256": row["other"] and row["other"]["sha256"],
                "command": self._request.command(name_of(key), key["labels"]),
                "machine": platform.machine(),
                "versions": training_versions() | {"scikit-learn": package_version("scikit-learn")},
                "created": datetime.now(UTC).isoformat(timespec="seconds"),
            }
        )
