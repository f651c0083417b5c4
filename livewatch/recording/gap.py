"""Gaps in time: nothing was done for too long, or a clock jumped.

A machine that slept, a program that was stopped, a device that took its time: slots were dropped,
and the record has to say so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from livewatch.clock import stopwatch_s, wall_s
from livewatch.model import Frame, Observation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from livewatch.model import Reply

CLOCK_JUMP_S = 2.0
"""Wall time that jumps by more, against time that only counts, is written down."""


class Gaps:
    """Watches the times of one session. A gap is longer than `interval_s`, the survey's."""

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._last_s = 0.0
        self._offset_s = wall_s() - stopwatch_s()

    def after(self, reply: Reply) -> None:
        """The loop has been sent this."""
        if not isinstance(reply, Observation):
            self._last_s = reply.end_s if isinstance(reply, Frame) else reply.time_s

    def before(self, frame: Frame) -> Mapping[str, float] | None:
        """The gap that ended with `frame`, or in it; as it is written down, None if there is none.

        A machine may also fall asleep while the camera exposes.
        """
        offset_s = wall_s() - stopwatch_s()
        jump_s = offset_s - self._offset_s
        due_s = max(frame.shot.not_before_s, self._last_s)
        exposing_s = sum(each.exposure_ms for each in frame.exposures) / 1e3
        idle_s = frame.end_s - frame.time_s - exposing_s
        over_s = frame.end_s if idle_s > self._interval_s else frame.time_s
        if abs(jump_s) <= CLOCK_JUMP_S and over_s - due_s <= self._interval_s:
            return None
        self._offset_s = offset_s
        return {"from_s": due_s, "to_s": over_s, "wall_jump_s": jump_s}
