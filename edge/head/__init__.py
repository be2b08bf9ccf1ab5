"""Face → probabilities: what the network takes of it, the network, smoothing over time."""
