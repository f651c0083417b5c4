"""What the pictures show: cells, their tracks, contacts and encounters. Pure."""
