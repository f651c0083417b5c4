"""How far a tumor cell goes off by itself once an NK cell has let go of it, or it got away.

A tumor cell that twists itself out of a grip makes off; one that is let go stays where it was, and
it is the NK cell that leaves. That is all that can be seen of it when the cell is round and
uniform. Validated on synthetic cells only.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot, nan
from typing import TYPE_CHECKING

from livewatch.replaced import replaced

if TYPE_CHECKING:
    from livewatch.analysis.measures.roam import Drift
    from livewatch.model import Cell

LONGEST_S, SHORTEST_S = 60.0, 30.0
"""So long after contact a cell is watched, and at least."""


@dataclass(frozen=True, slots=True)
class Flight:
    """Where a tumor cell was at the last contact, and how far it has gone from there.

    `away_x`, `away_y` is the direction away from the NK cell, of length 1. `gone_um` is how far it
    had gone that way `after_s` after the contact.
    """

    time_s: float = nan
    x_um: float = nan
    y_um: float = nan
    away_x: float = nan
    away_y: float = nan
    gone_um: float = 0.0
    after_s: float = 0.0

    @property
    def speed_um_per_s(self) -> float:
        """How fast it went off; NaN while it was not watched for long enough."""
        return self.gone_um / self.after_s if self.after_s >= SHORTEST_S else nan


AT_REST = Flight()


def begun(nk: Cell, tumor: Cell, time_s: float) -> Flight:
    """A flight that begins from where the two are in contact."""
    x_um, y_um = tumor.x_um - nk.x_um, tumor.y_um - nk.y_um
    apart_um = max(hypot(x_um, y_um), 1e-6)
    return Flight(time_s, tumor.x_um, tumor.y_um, x_um / apart_um, y_um / apart_um)


def flown(flight: Flight, tumor: Cell, time_s: float, drift: Drift) -> Flight:
    """The flight with where the tumor cell is now; what all cells drift is not its own way."""
    after_s = time_s - flight.time_s
    if not after_s <= LONGEST_S:
        return flight
    x_um = tumor.x_um - flight.x_um - drift.x * after_s
    y_um = tumor.y_um - flight.y_um - drift.y * after_s
    gone_um = x_um * flight.away_x + y_um * flight.away_y
    return replaced(flight, gone_um=gone_um, after_s=after_s)
