"""What the watchdog remembers of a session from turn to turn.

Pure. Times named `real_s` are real seconds from an arbitrary start: a device that hangs does so
in real time, whatever the session's clock does.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import isinf
from typing import TYPE_CHECKING, TypeVar

from livewatch.model import Frame, Missed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from livewatch.model import Observation, Shot, Step

Each = TypeVar("Each")
FAILED = "analysis failed"
"""How the problem of an observation begins that analysis could not make."""


@dataclass(frozen=True, slots=True)
class Due:
    """A frame of a position that should be there by `real_s`; `time_s` on the session's clock."""

    position: str
    real_s: float
    time_s: float


@dataclass(frozen=True, slots=True)
class Lapse:
    """A position that has missed its slots since `since`, the last time for `reason`."""

    since: Due
    reason: str


@dataclass(frozen=True, slots=True)
class Bad:
    """Frames in a row that are of no use, and why the last one is."""

    frames: int
    why: str


@dataclass(frozen=True, slots=True)
class Vigil:
    """The session as far as the watchdog has seen it.

    `due` is the frame that is waited for, None while none is (on hold, over). `lapses`,
    `unfocused` and `unusable` are by position; `failed` says why analysis failed, if it failed
    for the last frame it was given.
    """

    due: Due | None = None
    lapses: Mapping[str, Lapse] = field(default_factory=dict)
    unfocused: Mapping[str, Bad] = field(default_factory=dict)
    unusable: Mapping[str, Bad] = field(default_factory=dict)
    failed: str = ""

    def awaiting(self, due: Due | None) -> Vigil:
        """The vigil with another frame to wait for, if any."""
        return replace(self, due=due)

    def held(self) -> Vigil:
        """The vigil while the operator holds the microscope: no frame can be missing."""
        return replace(self, due=None, lapses={})

    def after(self, step: Step, real_s: float) -> Vigil:
        """The vigil after one turn of the loop, at `real_s`."""
        vigil = self
        if isinstance(step.reply, Missed):
            vigil = vigil._missed(step.reply, real_s)
        if isinstance(step.reply, Frame):
            vigil = vigil._got(step.reply)
        if step.observation is not None:
            vigil = vigil._saw(step.observation)
        return vigil

    def _missed(self, missed: Missed, real_s: float) -> Vigil:
        position = missed.shot.view.position
        lapse = self.lapses.get(position)
        since = lapse.since if lapse else self.due or Due(position, real_s, missed.time_s)
        return replace(self, lapses={**self.lapses, position: Lapse(since, missed.reason)})

    def _got(self, frame: Frame) -> Vigil:
        position = frame.view.position
        return replace(
            self,
            lapses=without(self.lapses, position),
            unfocused=counted(self.unfocused, position, frame.remark),
        )

    def _saw(self, seen: Observation) -> Vigil:
        problem = seen.problem or ""
        if problem.startswith(FAILED):
            return replace(self, failed=problem)
        unusable = counted(self.unusable, seen.view.position, problem)
        return replace(self, unusable=unusable, failed="")


def counted(bad: Mapping[str, Bad], position: str, why: str) -> Mapping[str, Bad]:
    """The counts after one more frame of a position, which is good if `why` is empty."""
    if not why:
        return without(bad, position)
    before = bad[position].frames if position in bad else 0
    return {**bad, position: Bad(before + 1, why)}


def without(some: Mapping[str, Each], position: str) -> Mapping[str, Each]:
    """All but one position's."""
    return {name: each for name, each in some.items() if name != position}


def due_of(shot: Shot | None, real_s: float, patience_s: float) -> Due | None:
    """When a shot's frame should be there; None where there is no shot.

    `patience_s` are the real seconds until the shot's time, inf where waiting takes none.
    """
    if shot is None:
        return None
    exposing_s = sum(plane.exposure_ms for plane in shot.planes) / 1e3
    wait_s = 0.0 if isinf(patience_s) else patience_s
    return Due(shot.view.position, real_s + wait_s + exposing_s, shot.not_before_s)
