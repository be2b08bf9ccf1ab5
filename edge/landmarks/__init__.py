"""Landmark backends, frame → faces: MediaPipe's models on the TFLite runtime (default), its FaceMesh graph,
and MediaPipe Tasks.
"""
