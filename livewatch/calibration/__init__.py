"""Measuring where one objective looks relative to another, from images."""
