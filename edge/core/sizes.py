"""Sizes of pictures, px."""


def scaled_size(height: int, width: int, factor: float) -> tuple[int, int]:
    """Width and height, as OpenCV takes them, of a picture that is scaled by ``factor``; a thin one keeps a
    pixel."""
    return max(1, round(width * factor)), max(1, round(height * factor))
