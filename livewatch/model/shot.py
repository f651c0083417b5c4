"""What the microscope is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from livewatch.model.view import View


class Purpose(StrEnum):
    """Why a shot is taken; also the mode the microscope is in."""

    SURVEY = "survey"
    WATCH = "watch"
    ENCOUNTER = "encounter"
    BURST = "burst"
    COOLDOWN = "cooldown"


@dataclass(frozen=True, slots=True)
class Plane:
    """One exposure of one channel. `power` is relative to the experiment's full power."""

    channel: str
    exposure_ms: float
    power: float = 1.0

    @property
    def dose(self) -> float:
        """Light given to what is in view: exposure in ms times relative power."""
        return self.exposure_ms * self.power


@dataclass(frozen=True, slots=True)
class Shot:
    """One thing to image: all `planes` at `view`, not before `not_before_s`.

    `not_before_s` infinite waits for the operator. `count` above 1 asks for a streamed burst of
    that many frames. `decision` is the number of the decision that ordered it.
    """

    view: View
    planes: tuple[Plane, ...]
    not_before_s: float
    purpose: Purpose
    count: int = 1
    decision: int = 0

    @property
    def dose(self) -> float:
        """Light one frame of this shot costs."""
        return sum(plane.dose for plane in self.planes)

    def continues(self, before: Shot) -> bool:
        """Whether this is what is left of the burst `before` after one more frame."""
        return (
            before.count > 1
            and self.count == before.count - 1
            and self.view == before.view
            and self.planes == before.planes
            and self.purpose == before.purpose
        )
