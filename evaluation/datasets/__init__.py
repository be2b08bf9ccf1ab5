"""Labelled pictures: the layouts of data sets that are read, and the samples that they give."""
