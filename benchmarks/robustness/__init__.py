"""What is left of the accuracy when pictures are damaged and landmarks are off."""
