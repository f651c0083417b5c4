"""One cell inside the other, as in entosis and cell cannibalism: since when, by its outline.

An NK cell that sinks in lies in a cup first, which may stall half closed; it is inside once nearly
all of its outline lies within the tumor's.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot, isfinite, nan
from typing import TYPE_CHECKING

from livewatch.analysis.measures.outline import share_within

if TYPE_CHECKING:
    from livewatch.analysis.measures.outline import Outline
    from livewatch.analysis.measures.patch import Patch
    from livewatch.model import Cell

SHUT_SHARE = 0.88
"""Of one cell's outline lies in, or on, the other: one is inside the other."""
LINED_UM = 0.5
"""An outline lies on another that is no further off: the wall of a vacuole is not in the mask."""
WAVERS_S = 10.0
"""What is seen open for less than this, or once only, is still shut: outlines waver."""


@dataclass(frozen=True, slots=True)
class Vacuole:
    """Whether one cell is inside the other: `since_s`, NaN if not; seen open from `open_s`."""

    since_s: float = nan
    open_s: float = nan

    @property
    def is_shut(self) -> bool:
        """Whether one cell is inside the other."""
        return isfinite(self.since_s)

    def seen(self, shut: bool, time_s: float) -> Vacuole:
        """The same after one more look, in which it was shut or not."""
        if shut:
            return Vacuole(self.since_s if self.is_shut else time_s)
        if not self.is_shut:
            return NO_VACUOLE
        if not isfinite(self.open_s):
            return Vacuole(self.since_s, time_s)
        return NO_VACUOLE if time_s - self.open_s >= WAVERS_S else self


NO_VACUOLE = Vacuole()


def looks_shut(nk: Cell, tumor: Outline, patch: Patch | None) -> bool:
    """Whether one cell lies within the other; `patch` is where the NK cell touches the tumor."""
    if patch is not None and patch.fraction > SHUT_SHARE:
        return True
    apart_um = hypot(nk.x_um - tumor.x_um, nk.y_um - tumor.y_um)
    if apart_um >= tumor.farthest_um:
        return False
    return share_within(nk.outline_um, tumor, LINED_UM) > SHUT_SHARE
