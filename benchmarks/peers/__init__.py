"""The app beside other packages, each in an environment of its own."""
