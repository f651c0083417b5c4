"""What stands before the lens when there is no real sample."""
