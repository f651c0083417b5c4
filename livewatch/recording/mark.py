"""A mark: how far a session had come at some moment, in its ledgers and in its counts."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from livewatch.recording.entry import Count


class Mark(BaseModel):
    """A place between two turns: `decisions` were made by then, and `frames` decided on.

    The next event has number `event` and begins at byte `event_at`. What was seen and is not known
    by then begins at byte `observation_at`, or later.
    """

    model_config = ConfigDict(frozen=True)

    event: Count = 0
    event_at: Count = 0
    observation_at: Count = 0
    frames: Count = 0
    decisions: Count = 0


BEGINNING = Mark()
