"""What a session amounts to so far: steps folded into one frozen value.

A face that cannot draw every step draws the newest tally and has missed nothing: encounters
that closed, frames that were lost and light that was given are counted for every step.

This module knows nothing of devices, files, threads or windows.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import isinf, isnan
from typing import TYPE_CHECKING

from livewatch.model import (
    NAN,
    Ask,
    Decision,
    Encounter,
    Frame,
    Lateness,
    Missed,
    Observation,
    Purpose,
    Request,
    Step,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from livewatch.alarm import Alarm


@dataclass(frozen=True, slots=True)
class Status:
    """What a session knows of itself beyond its steps, at a moment.

    `time_s` is session time. `ended` says in a few words how the session ended; empty while
    it goes on. `failed` says that it ended by a fault. `alarms` are all so
    far, the newest last.
    """

    time_s: float
    free_bytes: int
    folder: str
    ended: str = ""
    failed: bool = False
    alarms: tuple[Alarm, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """A session after some steps. `begin` with `Tally()`; then `tally.after(step)`.

    `interval_s` is the time between the last two frames. `frame`, `observation`, `decision` and
    `lateness` are the newest there were. `light_ms` is, for each position, exposure in ms times
    relative power. `cells` counts a cell in every frame it was seen in. `reaction_s` is the last
    reaction there was. `trouble` says why the last slot gave no frame; empty when it gave one.
    """

    steps: int = 0
    frames: int = 0
    missed: int = 0
    observed: int = 0
    cells: int = 0
    marks: int = 0
    time_s: float = 0.0
    interval_s: float = NAN
    frame: Frame | None = None
    observation: Observation | None = None
    decision: Decision | None = None
    reaction_s: float = NAN
    lateness: Lateness = field(default_factory=Lateness)
    encounters: Mapping[int, Encounter] = field(default_factory=dict)
    light_ms: Mapping[str, float] = field(default_factory=dict)
    trouble: str = ""

    @property
    def unseen(self) -> int:
        """Frames without an observation so far."""
        return self.frames - self.observed

    @property
    def mode(self) -> Purpose | None:
        """What the microscope is at: the purpose of the shot decided on last."""
        shot = self.decision.shot if self.decision else None
        return shot.purpose if shot else None

    @property
    def is_held(self) -> bool:
        """Whether the microscope waits for the operator."""
        shot = self.decision.shot if self.decision else None
        return shot is not None and isinf(shot.not_before_s)

    @property
    def open_encounters(self) -> tuple[Encounter, ...]:
        """Encounters that go on, oldest first."""
        return tuple(each for each in self.encounters.values() if each.is_open)

    def clock_s(self, status: Status) -> float:
        """Session time: none has passed before the first step, while all is still prepared."""
        return status.time_s if self.steps else 0.0

    def after(self, step: Step) -> Tally:
        """The tally with one more step in it."""
        told = replace(self, steps=self.steps + 1, decision=step.decision)
        told = told._replied(step)
        return told if step.observation is None else told._saw(step.observation)

    def _replied(self, step: Step) -> Tally:
        """Count what the loop was sent."""
        reply = step.reply
        if isinstance(reply, Request):
            return replace(self, marks=self.marks + (reply.ask is Ask.MARK), time_s=reply.time_s)
        if isinstance(reply, Observation):
            return self
        if isinstance(reply, Missed):
            return replace(self, missed=self.missed + 1, trouble=reply.reason, time_s=reply.time_s)
        position = reply.view.position
        spent_ms = self.light_ms.get(position, 0.0) + reply.shot.dose
        return replace(
            self,
            frames=self.frames + 1,
            interval_s=reply.time_s - self.frame.time_s if self.frame else NAN,
            time_s=reply.time_s,
            frame=reply,
            lateness=step.lateness,
            reaction_s=self.reaction_s if isnan(step.lateness.react_s) else step.lateness.react_s,
            light_ms={**self.light_ms, position: spent_ms},
            trouble="",
        )

    def _saw(self, seen: Observation) -> Tally:
        """Take over what a frame showed."""
        encounters = self.encounters
        if seen.encounters:
            encounters = {**encounters, **{each.id: each for each in seen.encounters}}
        return replace(
            self,
            observed=self.observed + 1,
            cells=self.cells + len(seen.cells),
            observation=seen,
            encounters=encounters,
        )
