"""The command ``mien benchmark``."""
