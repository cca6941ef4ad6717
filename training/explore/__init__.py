"""What is in the data: one self-contained page."""
