"""The package ``fer`` with MTCNN, the better of its face detectors, as ``pip install fer`` gives it."""

from benchmarks.peers.recognizers import fer

NAME = "fer 25.10.3 (MTCNN)"
PYTHONS = fer.PYTHONS
REQUIREMENTS = (
    "fer==25.10.3",
    "facenet-pytorch==2.6.0",
    "tensorflow==2.21.0",
    "opencv-contrib-python==4.11.0.86",
    "setuptools==80.9.0",  # fer imports pkg_resources, and does not say so
)
TRAINED_ON = fer.TRAINED_ON
LABELS = fer.LABELS


class Recognizer(fer.Recognizer):
    def __init__(self) -> None:
        super().__init__(mtcnn=True)
