"""A recording as a specimen: what stood before the lens then, served by time.

The camera may look elsewhere, closer or at other moments than it did when the recording was
made. It is shown the newest recorded time point that covers what it looks at best, and nothing
from later than now.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from livewatch.replay.regrid import seen_through
from livewatch.specimen.specimen import Picture

if TYPE_CHECKING:
    from livewatch.model import View
    from livewatch.replay.recording import Recording

AS_GOOD = 0.9  # a newer time point with this part of the best one's cover is preferred
LOOK_BACK = 4096  # time points searched for a better one
BACKGROUND_PERCENT = 5.0


class RecordedSpecimen:
    """Implements `Specimen`. Light costs a recording nothing; without light it is dark."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._times_s = recording.times_s
        views = [recording.view(time) for time in range(len(self._times_s))]
        self._edges_um = np.array(
            [
                (view.left_um, view.top_um, view.left_um + view.width_um,
                 view.top_um + view.height_um)
                for view in views
            ]
        )  # fmt: skip
        self._shows = {
            channel: np.array(
                [
                    any(plane.channel == channel for plane in recording.planes(time))
                    for time in range(len(views))
                ]
            )
            for channel in recording.channels
        }
        self._background = lru_cache(64)(self._background_of)

    def expose(
        self, view: View, channel: str, exposure_ms: float, power: float, time_s: float
    ) -> Picture:
        """What was recorded of `view` in `channel`, last before `time_s`.

        An exposure that begins up to half its length before a time point shows that one. A
        channel that was never recorded is dark. Raises `BadInput` if the recording is damaged.
        """
        time = self._time_for(view, channel, time_s + exposure_ms / 2000)
        if time is None:
            return Picture(np.zeros(view.shape, np.uint16))
        background = self._background(time, channel)
        if power <= 0:
            return Picture(np.full(view.shape, round(background), np.uint16), time)
        image = self._recording.read(time, channel)
        return Picture(seen_through(view, image, self._recording.view(time), background), time)

    def _time_for(self, view: View, channel: str, until_s: float) -> int | None:
        """The newest time point, not after `until_s`, that covers the view best."""
        if channel not in self._shows:
            return None
        end = max(int(np.searchsorted(self._times_s, until_s, side="right")), 1)
        begin = max(end - LOOK_BACK, 0)
        shown = np.flatnonzero(self._shows[channel][begin:end]) + begin
        if not shown.size:
            shown = np.flatnonzero(self._shows[channel])[:1]
        covered = self._covered(view, shown)
        good = np.flatnonzero(covered >= AS_GOOD * covered.max())
        return int(shown[good[-1]])

    def _covered(self, view: View, times: np.ndarray) -> np.ndarray:
        """Which part of a view each of these time points covers, 0 to 1."""
        left, top, right, bottom = self._edges_um[times].T
        width = np.minimum(right, view.left_um + view.width_um) - np.maximum(left, view.left_um)
        height = np.minimum(bottom, view.top_um + view.height_um) - np.maximum(top, view.top_um)
        area = np.maximum(width, 0) * np.maximum(height, 0)
        return np.asarray(area / (view.width_um * view.height_um))

    def _background_of(self, time: int, channel: str) -> float:
        """The level of what lies between the cells."""
        return float(
            np.percentile(self._recording.read(time, channel)[::4, ::4], BACKGROUND_PERCENT)
        )
