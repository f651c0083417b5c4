"""What is kept: the session folder, written and read."""
