"""Model bundles: their format, the checks before one runs, and the store of the installed ones."""
