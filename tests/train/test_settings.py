"""Settings of a training and their former names."""

import pytest

from edge.core.errors import ConfigError
from tests.train.runs import FORMER
from train.settings import TrainingSettings, with_current_names


def test_overrides():
    settings = TrainingSettings().override(["epochs=3", "hidden=32,16", "learning_rate=1e-4", "truth=votes"])
    assert (settings.epochs, settings.hidden, settings.learning_rate) == (3, (32, 16), 1e-4)
    assert settings.truth == "votes"
    assert settings.batch == TrainingSettings().batch


def test_inputs_by_name():
    assert TrainingSettings().override(["inputs=fine_map,landmarks"]).inputs == ("fine_map", "landmarks")


@pytest.mark.parametrize("assignment", FORMER)
def test_a_former_name_is_understood_and_one_line_has_the_new_one(assignment, capsys):
    name, value = FORMER[assignment]
    assert with_current_names({assignment.partition("=")[0]: value, "seed": 3}) == {name: value, "seed": 3}
    assert getattr(TrainingSettings().override([assignment]), name) == value
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert f"--set {assignment}" in error
    assert f"--set {name}=" in error


def test_current_names_print_nothing(capsys):
    TrainingSettings().override(["ema_decay=0.5", "inputs=landmarks"])
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("text", ["true", "false", "False"])
def test_embedding_of_version_0_5(text):
    expected = TrainingSettings().inputs if text == "true" else ("landmarks",)
    assert TrainingSettings(inputs=("fine_map",)).override([f"embedding={text}"]).inputs == expected


@pytest.mark.parametrize("assignment", ["epoch=3", "epochs", "=3", "", "hidden.0=3", "class_weight=1"])
def test_unknown_keys_are_refused(assignment):
    with pytest.raises(ConfigError, match="expected KEY=VALUE with a KEY of seed, validation"):
        TrainingSettings().override([assignment])


@pytest.mark.parametrize(
    ("assignment", "expected"),
    [
        ("epochs=many", "expected int"),
        ("epochs=1.5", "expected int"),
        ("dropout=", "expected float"),
        ("hidden=a,b", "expected numbers like 256,128"),
        ("inputs=landmark", r"inputs must be different names of landmarks, .*, not 'landmark'"),
        ("inputs=landmarks,landmarks", "inputs must be different names"),
        ("inputs=", "inputs must be different names"),
        ("inputs=landmarks,", "inputs must be different names"),
        ("embedding=0", "expected KEY=VALUE with a KEY of seed"),
        ("epochs=0", "epochs must be 1…"),
        ("dropout=1", "dropout must be 0.0…0.95"),
        ("learning_rate=nan", "learning_rate must be"),
        ("hidden=0", "hidden must be"),
        ("channels=8", "channels must be two numbers"),
        ("labels=5", "labels must be one of 7, 8, 6, 3, not 5"),
        ("truth=vote", "truth must be one of label, votes, not vote"),
        ("balance=all", "balance must be one of none, weights, oversample, undersample, batches, focal"),
    ],
)
def test_wrong_values_are_refused(assignment, expected):
    with pytest.raises(ConfigError, match=expected):
        TrainingSettings().override([assignment])
