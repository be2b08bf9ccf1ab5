"""Changes to MediaPipe's TFLite models as they are loaded: further outputs, and pixels as input."""
