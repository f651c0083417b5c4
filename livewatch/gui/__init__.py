"""The window. It draws steps and passes on requests; it decides nothing."""
