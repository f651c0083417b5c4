"""What to image next, and why. Pure."""
