"""The settings of short trainings, and what the tests read from their run folders."""

import json

QUICK = (
    "epochs=5",
    "hidden=16",
    "inputs=landmarks,coarse_map,fine_map,texture",
    "channels=4,4",
    "texture_channels=4,4",
    "bottleneck=8",
    "batch=64",
    "learning_rate=1e-2",
    "ema_decay=0.5",
    "dropout=0",
)
"""Settings of a training of seconds."""

FORMER = {
    "jitter=0.1": ("feature_noise", 0.1),
    "shake=0.01": ("landmark_jitter", 0.01),
    "lost=0.2": ("landmark_dropout", 0.2),
    "averaging=0.5": ("ema_decay", 0.5),
    "plain=0.4": ("unaugmented", 0.4),
    "adjustment=0": ("logit_adjustment", 0.0),
    "odds=1,1,1,1,1,1,2": ("class_odds", (1, 1, 1, 1, 1, 1, 2)),
    "votes=0": ("votes_weight", 0.0),
    "teacher=0.6": ("teacher_weight", 0.6),
    "narrow=8": ("bottleneck", 8),
}
"""Assignment by a name of version 0.7 → name and value of the setting now."""


def info(run):
    """Content of ``run.json``."""
    return json.loads((run / "run.json").read_text())


def scores(run):
    """Split → its scores."""
    return {entry["name"]: entry for entry in json.loads((run / "report.json").read_text())["splits"]}


def weights(run):
    """Weights of the deployed network."""
    import keras

    return keras.saving.load_model(run / "model.keras", compile=False).get_weights()


def first_loss(run):
    """Training loss of the first epoch."""
    return float((run / "history.csv").read_text().splitlines()[1].split(",")[1])
