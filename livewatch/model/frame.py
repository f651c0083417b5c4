"""What the camera saw, or why there is nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from livewatch.model.nan import NAN
from livewatch.model.pixels import Pixels
from livewatch.model.shot import Shot
from livewatch.model.view import View


@dataclass(frozen=True, slots=True)
class Exposure:
    """When one plane of a frame was exposed, on the session's clock."""

    channel: str
    start_s: float
    end_s: float
    exposure_ms: float


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """Real seconds from an arbitrary start: for latencies, whatever the session's clock does.

    `asked_s` is when the devices were first asked to get ready for the frame; NaN in a stream.
    """

    begun_s: float = 0.0
    exposed_s: float = 0.0
    in_hand_s: float = 0.0
    asked_s: float = NAN


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """What the camera saw: one image per plane of the shot, at a view that was confirmed.

    `planes` are arrays (rows, columns) in the order of `shot.planes`. `index` counts the
    session's frames from 0. `time_s` is the start of the first exposure. `source` is the
    recorded time point shown, in a replay. `remark` says what is wrong with it nevertheless (out
    of focus), '' when nothing is.
    """

    index: int
    shot: Shot
    view: View
    planes: tuple[Pixels, ...]
    exposures: tuple[Exposure, ...]
    time_s: float
    source: int | None = None
    stopwatch: Stopwatch = Stopwatch()
    remark: str = ""

    @property
    def end_s(self) -> float:
        """End of the last exposure."""
        return self.exposures[-1].end_s

    @property
    def number(self) -> int:
        """The number a table names this frame by: in a replay, the recorded time point."""
        return self.index if self.source is None else self.source

    def plane(self, channel: str) -> Pixels | None:
        """The image of one channel, or None if this frame has none."""
        for plane, pixels in zip(self.shot.planes, self.planes, strict=True):
            if plane.channel == channel:
                return pixels
        return None


@dataclass(frozen=True, slots=True)
class Missed:
    """A slot for which there is no frame, and why.

    `lit` is how many frames' light the sample may have had for nothing: none where the shot was
    refused, several where streamed images were lost.
    """

    shot: Shot
    reason: str
    time_s: float
    lit: int = 1


@dataclass(frozen=True, slots=True)
class Exposed:
    """That a frame was taken, before anything is known of what it shows."""

    frame: int
    shot: Shot
    time_s: float
    end_s: float


Taken: TypeAlias = Frame | Missed
