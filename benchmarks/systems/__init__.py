"""What is measured on pictures, how faces reach it, and its answers to labelled pictures."""
