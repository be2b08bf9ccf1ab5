"""The commands of the device: ``mien run, check, info, models, setup, watch, pause, resume``."""
