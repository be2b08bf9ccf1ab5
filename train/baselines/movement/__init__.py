"""The movement of the landmarks from the neutral face to the apex of the expression."""
