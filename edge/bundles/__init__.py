"""Model bundles: their format, what is checked before one runs, and the store of the installed ones."""
