"""Where things are in a session folder."""

from __future__ import annotations

SESSION = "session.json"
END = "end.json"
FRAMES = "frames.jsonl"
EVENTS = "events.jsonl"
OBSERVATIONS = "observations.jsonl"
TAKES = "takes"
TABLES = "tables"
TAKE_SUFFIX = ".ome.zarr"
BALLAST = "ballast"
CHECKPOINT = "checkpoint.json"


def take_path(take: str) -> str:
    """A take's place, relative to the session folder."""
    return f"{TAKES}/{take}{TAKE_SUFFIX}"
