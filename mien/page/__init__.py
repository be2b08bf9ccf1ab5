"""``mien page``: a page on this machine that shows what Mien sees, in the browser's pictures and in a run."""
