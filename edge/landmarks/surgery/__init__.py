"""Changes to MediaPipe's TFLite models while they are loaded: further outputs, and pixels as input."""
