"""Recorded sessions and time-lapses, served again."""
