"""The network, its training, and what makes one network of several."""
