"""Frame → Faces: the direct TFLite mesh (default), MediaPipe's FaceMesh graph, MediaPipe Tasks."""
