"""The commands of the device, one module each: ``mien run, check, info, models, setup``."""
