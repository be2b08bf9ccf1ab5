"""A convolutional network on the 48×48 picture itself."""
