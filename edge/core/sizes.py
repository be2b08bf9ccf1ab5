"""Sizes of pictures, px."""


def scaled_size(height: int, width: int, factor: float) -> tuple[int, int]:
    """Width and height (OpenCV's order) of a picture that is scaled by ``factor``; at least 1 px each."""
    return max(1, round(width * factor)), max(1, round(height * factor))
