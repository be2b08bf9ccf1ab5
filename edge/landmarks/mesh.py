"""Lines on MediaPipe's face mesh, by the indices of its landmarks, for drawing a face."""

_Line = tuple[tuple[int, ...], bool]
"""Indices of landmarks along a line, and whether the last one is joined to the first."""


def _line(indices: str, closed: bool = True) -> _Line:
    return tuple(map(int, indices.split())), closed


CONTOURS: tuple[_Line, ...] = (
    # face
    _line(
        "10 338 297 332 284 251 389 356 454 323 361 288 397 365 379 378 400 377 152 148 176 149 150 136 172 "
        "58 132 93 234 127 162 21 54 103 67 109"
    ),
    # eyes
    _line("33 7 163 144 145 153 154 155 133 173 157 158 159 160 161 246"),
    _line("263 249 390 373 374 380 381 382 362 398 384 385 386 387 388 466"),
    # brows
    _line("46 53 52 65 55 107 66 105 63 70"),
    _line("276 283 282 295 285 336 296 334 293 300"),
    # nose
    _line("168 6 197 195 5 4 1", closed=False),
    _line("98 97 2 326 327", closed=False),
    # lips
    _line("61 146 91 181 84 17 314 405 321 375 291 409 270 269 267 0 37 39 40 185"),
    _line("78 95 88 178 87 14 317 402 318 324 308 415 310 311 312 13 82 81 80 191"),
)
"""The lines of face, eyes, brows, nose and lips."""
