"""One cell inside the other, as in entosis and cell cannibalism: since when, by its outline.

An NK cell that sinks in lies in a cup first, which may stall half closed; it is inside once nearly
all of its outline lies within the tumor's. The wall round it is thin, and seen off and on; until it
has left the cup there is no place on the membrane where it lies.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot, inf, isfinite, nan
from typing import TYPE_CHECKING

from livewatch.analysis.measures.outline import share_within, share_within_hull

if TYPE_CHECKING:
    from livewatch.analysis.measures.outline import Outline
    from livewatch.analysis.measures.patch import Patch
    from livewatch.model import Cell

SHUT_SHARE = 0.88
"""Of one cell's outline lies in, or on, the other: one is inside the other."""
LINED_UM = 0.5
"""An outline lies on another that is no further off: the wall of a vacuole is not in the mask."""
CUP_SHARE = 0.8
"""A cell is still in the cup if so much of its outline lies within the tumor's convex hull."""
WAVERS_S = 10.0
"""What is seen open for less than this, or once only, is still shut: outlines waver."""


@dataclass(frozen=True, slots=True)
class Vacuole:
    """Whether one cell is inside the other: `since_s`, NaN if not.

    It was seen to be open from `open_s` on, inf if it was not. `holds` says whether one was
    inside, and has not left the cup since.
    """

    since_s: float = nan
    open_s: float = inf
    holds: bool = False

    def seen(self, shut: bool, holds: bool, time_s: float) -> Vacuole:
        """The same after one more look, in which it was shut or not, and held the cell or not."""
        is_known = isfinite(self.since_s)
        if shut:
            return Vacuole(self.since_s if is_known else time_s, holds=True)
        if is_known and time_s - self.open_s < WAVERS_S:
            return Vacuole(self.since_s, min(self.open_s, time_s), holds)
        return Vacuole(holds=holds)


NO_VACUOLE = Vacuole()


def looked_at(
    vacuole: Vacuole, nk: Cell, tumor: Outline, patch: Patch | None, time_s: float
) -> Vacuole:
    """What is known after a look at both cells; `patch` is where the NK cell touches the tumor."""
    shut = looks_shut(nk, tumor, patch)
    holds = shut or (vacuole.holds and share_within_hull(nk.outline_um, tumor) > CUP_SHARE)
    return vacuole.seen(shut, holds, time_s)


def looks_shut(nk: Cell, tumor: Outline, patch: Patch | None) -> bool:
    """Whether one cell now lies within the other."""
    if patch is not None and patch.fraction > SHUT_SHARE:
        return True
    apart_um = hypot(nk.x_um - tumor.x_um, nk.y_um - tumor.y_um)
    if apart_um >= tumor.farthest_um:
        return False
    return share_within(nk.outline_um, tumor, LINED_UM) > SHUT_SHARE
