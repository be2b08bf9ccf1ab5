"""How often the label is right: any bundle on any labelled pictures, from picture to label."""

import os
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.accuracy import answers, recalibration
from benchmarks.accuracy.classes import choose_classes
from benchmarks.accuracy.scores import summarize
from benchmarks.accuracy.subset import PictureReader, PictureSelection
from benchmarks.machine.environment import bundle_facts, describe
from benchmarks.report.kinds import head
from benchmarks.systems.evaluator import EvaluationSetup, Evaluator
from benchmarks.systems.face_finders import (
    FaceFinder,
    check_regions,
    find_or_assume,
    find_single,
    find_tracked,
)
from benchmarks.systems.system import PipelineSystem
from edge.build import load_bundle
from edge.settings import Settings
from evaluation import Preparation, prepare


@dataclass(frozen=True, slots=True)
class AccuracyProtocol:
    """Everything beside the data that a figure depends on."""

    settings: Settings
    preparation: Preparation
    assume_face: bool = False
    """Take the middle of the picture for a face where the detector finds none."""
    tracked: bool = False
    """Answer as for a frame of a camera: from one pass over the tracking region."""

    def setup(self) -> EvaluationSetup:
        """The app's pipeline and the preparation of its pictures."""
        find_faces: FaceFinder = find_tracked if self.tracked else find_single
        if self.assume_face:
            find_faces = partial(find_or_assume, padding=self.preparation.padding)
        prepared = partial(prepare, scale=self.preparation.scale, padding=self.preparation.padding)
        return EvaluationSetup(partial(PipelineSystem, self.settings, find_faces), prepare=prepared)


def make_protocol(
    settings: Settings,
    scale: float | None,
    padding: float | None,
    assume_face: bool = False,
    tracked: bool = False,
) -> AccuracyProtocol:
    """The protocol of these flags; a scale or padding of None is the one that the bundle was trained with.

    Raises:
        ConfigError: a value out of range; ``assume_face`` or ``tracked`` with a backend that takes no region.
        BundleError: there is no such bundle, or it is damaged.
    """
    if assume_face or tracked:
        check_regions(settings.landmarks, "--assume-face" if assume_face else "--tracked")
    own_scale, own_padding = load_bundle(settings.bundle).preparation
    preparation = Preparation(
        own_scale if scale is None else scale, own_padding if padding is None else padding
    )
    return AccuracyProtocol(settings, preparation, assume_face, tracked)


def benchmark(
    pictures: PictureSelection, protocol: AccuracyProtocol, answers_file: Path | None = None
) -> dict[str, Any]:
    """Score the pictures of a data set.

    ``answers_file`` gets the answer to each picture; see ``benchmarks.accuracy.answers``.

    Raises:
        MienError: a model or a bundle is missing, the bundle's labels do not fit the label set, or the data
            has no usable picture.
        OSError: ``answers_file`` cannot be written.
    """
    load_before = os.getloadavg()[0]
    bundle = load_bundle(protocol.settings.bundle)
    classes = choose_classes(bundle.labels, pictures.label_set)
    reader = PictureReader(pictures, classes)
    outcomes = reader.outcomes(partial(Evaluator, protocol.setup()))
    if answers_file is not None:
        answers.write(answers_file, outcomes, classes)
    scores, warnings = summarize(
        [outcome.true for outcome in outcomes], [outcome.answer for outcome in outcomes], classes
    )
    answers_true = ((outcome.answer, classes.true(outcome.true)) for outcome in outcomes)
    faces = [(answer, true) for answer, true in answers_true if answer and true in classes.names]
    return {
        **head("accuracy"),
        **reader.facts(),
        "landmarks": protocol.settings.landmarks.backend,
        **scores,
        "recalibrated": recalibration.recalibrate(
            [classes.probabilities(answer.probabilities) for answer, _ in faces],
            [classes.names.index(true) for _, true in faces],
        ),
        "preparation": asdict(protocol.preparation),
        "assume_face": protocol.assume_face,
        "tracked": protocol.tracked,
        "warnings": warnings,
        "bundle": bundle_facts(bundle),
        "environment": describe(protocol.settings.landmarks, load_before),
    }
