"""How fast a tumor cell moves by itself, and whether it has stopped.

A living cell creeps, slowly and with rests; a dead one does not. How fast is usual differs from
cell to cell, so each is compared with its own past; what all cells of a frame share is the stage's
doing, and taken off.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, hypot, isfinite, nan
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from livewatch.replaced import replaced

if TYPE_CHECKING:
    from collections.abc import Iterable

    from livewatch.model import Cell

NEAR_S, FAR_S = 20.0, 80.0
"""Over so long two means of a cell's place run: one lags behind the other as far as it goes."""
SETTLED_S = 120.0
"""A speed means something after this."""
USUAL_S = 300.0
"""What is usual is learnt over so long, and"""
MOST_LEAP, RESTS, HELD = 3.0, 0.5, 0.1
"""a speed counts for no more than so many times it: outlines leap where cells are parted anew.
Below this share of it the cell rests, and what is usual is learnt that much slower."""
LEAST_UM_PER_S = 0.002
"""A cell that was never faster (a tenth of um a minute) cannot be seen to stop."""
FEWEST_FELLOWS = 6
"""Of so many cells the median is the stage's drift; of fewer it might be one cell's own way."""


class Drift(NamedTuple):
    """What all cells of a frame share, um per s."""

    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True, slots=True)
class Roam:
    """A cell's way: two running means of its place in um, the `near` one of lately.

    `speed_um_per_s` is how fast it is now, drift taken off, `usual_um_per_s` how fast it is while
    it lives; NaN until they are known.
    """

    since_s: float
    near_x_um: float
    near_y_um: float
    far_x_um: float
    far_y_um: float
    speed_um_per_s: float = nan
    usual_um_per_s: float = nan

    @property
    def pace(self) -> Drift:
        """How fast it moves along x and y, drift included."""
        lag_s = FAR_S - NEAR_S
        return Drift(
            (self.near_x_um - self.far_x_um) / lag_s, (self.near_y_um - self.far_y_um) / lag_s
        )

    @property
    def left(self) -> float:
        """The share of its usual speed that is left; NaN where that means nothing."""
        if not self.usual_um_per_s >= LEAST_UM_PER_S:
            return nan
        return self.speed_um_per_s / self.usual_um_per_s

    def moved(self, cell: Cell, before_s: float, time_s: float, drift: Drift) -> Roam:
        """One frame later."""
        since_s = max(time_s - before_s, 0.0)
        near, far = 1 - exp(-since_s / NEAR_S), 1 - exp(-since_s / FAR_S)
        after = replaced(
            self,
            near_x_um=self.near_x_um + near * (cell.x_um - self.near_x_um),
            near_y_um=self.near_y_um + near * (cell.y_um - self.near_y_um),
            far_x_um=self.far_x_um + far * (cell.x_um - self.far_x_um),
            far_y_um=self.far_y_um + far * (cell.y_um - self.far_y_um),
            speed_um_per_s=nan,
        )
        if not time_s - self.since_s >= SETTLED_S:
            return after
        speed = hypot(after.pace.x - drift.x, after.pace.y - drift.y)
        usual = _learnt(self.usual_um_per_s, speed, since_s)
        return replaced(after, speed_um_per_s=speed, usual_um_per_s=usual)


NOWHERE = Roam(nan, nan, nan, nan, nan)


def set_out(cell: Cell, time_s: float) -> Roam:
    """Begin to follow a cell's way."""
    return Roam(time_s, cell.x_um, cell.y_um, cell.x_um, cell.y_um)


def drift_of(roams: Iterable[Roam]) -> Drift:
    """What the cells of a frame share: the median of their ways, 0 where too few are known."""
    paces = [roam.pace for roam in roams]
    if len(paces) < FEWEST_FELLOWS:
        return Drift()
    x, y = np.median(np.array(paces), axis=0).tolist()
    return Drift(x, y)


def _learnt(usual: float, speed: float, since_s: float) -> float:
    if not isfinite(usual):
        return speed
    pace = HELD if speed < RESTS * usual else 1.0
    share = 1 - exp(-pace * since_s / USUAL_S)
    return usual + share * (min(speed, MOST_LEAP * usual) - usual)
