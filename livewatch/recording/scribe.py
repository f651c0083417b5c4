"""The scribe writes a session's files, one thing after the other; it knows no queue and no end.

Pixels come before the line that speaks of them, what was seen before the decision it led to: so
whatever was written last, everything written speaks only of what is there.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from livewatch.abreast import Abreast
from livewatch.clock import stopwatch_s, wall_s
from livewatch.model import Frame, Missed, Observation, Request
from livewatch.recording.entry import Entry
from livewatch.recording.layout import (
    CHECKPOINT,
    END,
    EVENTS,
    FRAMES,
    OBSERVATIONS,
    take_path,
)
from livewatch.recording.line import Ledger, encoded
from livewatch.recording.mark import Mark
from livewatch.recording.seen import Seen
from livewatch.recording.sync import sync_file, sync_folder
from livewatch.recording.take import Kind, Take, replace_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from livewatch.model import Pixels, Shot, Step, View
    from livewatch.recording.leftovers import Leftovers


class Scribe:
    """Writes into an existing session folder, after what is `left` in it already.

    One thread at a time; only `note` may be called from any. Everything raises `OSError` where
    there is no room. `frames` counts the frames written.
    """

    def __init__(self, folder: Path, left: Leftovers) -> None:
        self._folder = folder
        self._frames = Ledger(folder / FRAMES)
        self._events = Ledger(folder / EVENTS)
        self._observations = Ledger(folder / OBSERVATIONS)
        self._seen = Seen(self._observations, self.note, left.encounters)
        self._takes: dict[Kind, tuple[str, Take]] = {}
        self._abreast = Abreast("planes")
        self._next_take = left.takes + 1
        self._next_event = left.events
        self._noting = threading.Lock()
        self.frames = left.frames
        self.ledgers = (self._frames, self._observations, self._events)

    def begin(self, shot: Shot, view: View, planes: Sequence[Pixels]) -> None:
        """Write the first images of a frame whose others are still to come.

        The first of a new take wait for the others: what shows its channels best is not known.
        """
        kind = Kind.of(shot, view, planes[0])
        if kind in self._takes:
            self._takes[kind][1].begin(planes)

    def frame(self, frame: Frame) -> list[Path]:
        """Write a frame's pixels, then its line; returns the files of pixels that were written."""
        kind, created = Kind.of(frame.shot, frame.view, frame.planes[0]), []
        if kind not in self._takes:
            self._takes[kind] = self._new_take(kind, frame)
            created = [self._takes[kind][1].path / "zarr.json"]
        name, take = self._takes[kind]
        index = take.length
        written = take.append(frame.planes)
        self._frames.append(Entry.of(frame, name, index))
        self.frames = frame.index + 1
        return created + written

    def _new_take(self, kind: Kind, frame: Frame) -> tuple[str, Take]:
        name = f"{self._next_take:04d}"
        take = Take(self._folder / take_path(name), kind, frame.planes, self._abreast)
        self._next_take += 1
        return name, take

    def step(self, step: Step) -> None:
        """Write what came, what was seen in it, and what was decided."""
        after = self._came(step)
        seen = None
        if step.observation is not None:
            self._seen.write(step.observation)
            seen = step.observation.frame
        told = {"decision": step.decision, "lateness": step.lateness}
        self.note("decision", {"after": after, "observation": seen, **told})

    def _came(self, step: Step) -> dict[str, int]:
        """What the loop was sent: a frame or an observation by its number, or an event."""
        match step.reply:
            case Frame(index=index):
                return {"frame": index}
            case Observation(frame=index):
                return {"observation": index}
            case Missed() as missed:
                return {"event": self.note("missed", {"missed": missed})}
            case Request() as request:
                return {"event": self.note("request", {"request": request})}

    def note(self, kind: str, payload: Mapping[str, Any]) -> int:
        """Append an event; returns its number."""
        with self._noting:
            number = self._next_event
            self._events.append({"event": number, "kind": kind, **payload})
            self._next_event = number + 1
            return number

    @property
    def observation_at(self) -> int:
        """Where in its ledger the next observation will begin, in bytes. Any thread may ask."""
        return self._observations.end

    def mark(self, observation_at: int, frames: int, decisions: int) -> Mark:
        """A mark after the last turn that was written; see there."""
        with self._noting:
            event, event_at = self._next_event, self._events.end
        return Mark(
            event=event,
            event_at=event_at,
            observation_at=observation_at,
            frames=frames,
            decisions=decisions,
        )

    def checkpoint(self, content: bytes) -> None:
        """Write a checkpoint in place of what was there before. Any thread may, one at a time."""
        replace_file(self._folder / CHECKPOINT, content)

    def close(self) -> None:
        """Sync and close the ledgers."""
        self._abreast.leave()
        for ledger in self.ledgers:
            ledger.close()

    def end(self, end: Mapping[str, Any], fault: str | None) -> None:
        """Write how the session ended, and what became of its record."""
        clock = {"wall_s": wall_s(), "monotonic_s": stopwatch_s()}
        recorded = {"frames": self.frames, "fault": fault, **clock}
        replace_file(self._folder / END, encoded({**end, "recording": recorded}))
        sync_file(self._folder / END)
        sync_folder(self._folder)
