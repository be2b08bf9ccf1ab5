"""Face → probabilities: the inputs of the network, the network, smoothing over time, reasons for doubt."""
