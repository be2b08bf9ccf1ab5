"""``mien annotate``: boxes, meshes and labels drawn on the user's own pictures and videos."""
