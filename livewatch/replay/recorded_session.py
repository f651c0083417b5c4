"""A livewatch session as a recording: each acknowledged frame is a time point."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from livewatch.errors import BadInput
from livewatch.model import Kind
from livewatch.recording.folder import SessionFolder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from livewatch.model import Pixels, Plane, View
    from livewatch.recording.entry import Entry

KEPT_ENTRIES, KEPT_IMAGES = 1024, 8


class RecordedSession:
    """A `Recording` out of a session folder; `BadInput` if there is nothing in it to show.

    A frame's time is when it was due, if the microscope was free by then: so a replay that is
    quicker than the microscope was is shown the frame that the same shot gave.
    """

    def __init__(self, path: Path) -> None:
        self._folder = SessionFolder.open(path)
        self.name = str(path)
        if not len(self._folder):
            raise BadInput(f"{path}: no frame was recorded in this session")
        times_s: list[float] = []
        before_s = float("-inf")
        channels: dict[str, None] = {}
        self.pixel_um: dict[str, float] = {}
        for entry in self._folder.entries():
            times_s.append(_shown_from_s(entry, before_s))
            before_s = entry.exposures[-1].end_s
            channels |= dict.fromkeys(entry.channels)
            unbinned_um = entry.view.pixel_um / entry.view.binning
            self.pixel_um.setdefault(entry.view.objective, unbinned_um)
        self.times_s = np.array(times_s)
        self.channels = tuple(channels)
        if not (np.diff(self.times_s) >= 0).all():
            raise BadInput(f"{path}: its frames are not in the order of time")
        for kind in Kind:
            if kind not in self.channels:
                raise BadInput(f"{path}: no frame of this session shows channel {kind.value!r}")
        self._entry = lru_cache(KEPT_ENTRIES)(self._folder.entry)
        self._image = lru_cache(KEPT_IMAGES)(self._read)

    @property
    def experiment(self) -> Mapping[str, Any] | None:
        """The experiment the session was run with."""
        experiment = self._folder.header.get("experiment")
        return experiment if isinstance(experiment, dict) else None

    def entry(self, time: int) -> Entry:
        """All that was written down of a frame."""
        return self._entry(time)

    def view(self, time: int) -> View:
        """Where the camera looked at a frame, and how."""
        return self._entry(time).view

    def planes(self, time: int) -> tuple[Plane, ...]:
        """Channels and exposures of a frame."""
        return self._entry(time).planes

    def read(self, time: int, channel: str) -> Pixels:
        """One image (rows, columns); `BadInput` if it is damaged."""
        return self._image(time, channel)

    def _read(self, time: int, channel: str) -> Pixels:
        entry = self._entry(time)
        if channel not in entry.channels:
            raise KeyError(channel)
        return self._folder.plane_of(entry, entry.channels.index(channel))


def _shown_from_s(entry: Entry, before_s: float) -> float:
    """When a frame was due, or the one before over, whichever was later; at most its own time."""
    return min(max(entry.due_s, before_s), entry.time_s)
