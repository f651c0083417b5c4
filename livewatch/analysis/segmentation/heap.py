"""Heaps: a body as large as several cells, whose outline has no neck, is shared out among them.

Cells that lie around another leave no neck in the outline of all, and its depth is greatest in the
middle of them. What is left to tell them apart is that each is compact and about as large as cells
are: so pixels are gathered around as many middles as there is room for (k-means; Lloyd 1982, IEEE
Trans. Inf. Theory 28, 129). That is done once halos are off, which fill the room between cells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.segmentation.ellipse import AREA, ROUND, add, ellipticity
from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Places = NDArray[np.int64]
    Points = NDArray[np.float64]

HEAP = 3.0
"""From so many typical cells on a body is a heap, if it is no ellipse: one cell can be as large as
two, and spread ones are."""
ROUNDS = 12
"""After so many, middles hardly move any more."""


@compiled
def shared(basin: Ints, heads: int, typical_px: float) -> int:
    """Share out, in place, each body of `basin` that is a heap; how many bodies there are then.

    `basin` (h, w) is that of `basins_of`, `typical_px` the area of a typical cell.
    """
    sums = sums_of(basin, heads)
    room = sums[:, AREA] / typical_px
    heaps = np.zeros(heads, np.bool_)
    for body in range(heads):
        heaps[body] = room[body] >= HEAP and ellipticity(sums[body]) < ROUND
    if not heaps.any():
        return heads
    sizes = np.where(heaps, sums[:, AREA], 0.0).astype(np.int64)
    start = np.cumsum(sizes) - sizes
    places = places_of(basin, heaps, start.copy(), sizes.sum())
    found = heads
    for heap in np.flatnonzero(heaps):
        own = places[start[heap] : start[heap] + sizes[heap]]
        around = gathered(own, int(np.round(room[heap])))
        for nth in range(len(own)):
            if around[nth] > 0:  # those around the first keep its number
                basin[own[nth, 0], own[nth, 1]] = found + around[nth]
        found += int(around.max())
    return found


@compiled
def sums_of(basin: Ints, heads: int) -> Points:
    """The sums of `ellipse` over each body (heads, 6)."""
    sums = np.zeros((heads, 6))
    for row in range(basin.shape[0]):
        for column in range(basin.shape[1]):
            if basin[row, column] > 0:
                add(sums[basin[row, column] - 1], column, row)
    return sums


@compiled
def places_of(
    basin: Ints, wanted: NDArray[np.bool_], free: NDArray[np.int64], count: int
) -> Places:
    """Row and column (count, 2) of the pixels of bodies, those of each from its `free` place on."""
    places = np.empty((count, 2), np.int64)
    for row in range(basin.shape[0]):
        for column in range(basin.shape[1]):
            body = basin[row, column] - 1
            if body >= 0 and wanted[body]:
                places[free[body], 0], places[free[body], 1] = row, column
                free[body] += 1
    return places


@compiled
def gathered(places: Places, count: int) -> Ints:
    """Around which of `count` middles, from 0, each place (n, 2) is."""
    middles = scattered(places, count)
    nearest = np.zeros(len(places), np.int32)
    for _ in range(ROUNDS):
        sums, members = np.zeros((count, 2)), np.zeros(count)
        for nth in range(len(places)):
            least = np.inf
            for one in range(count):
                away = square(places[nth], middles[one])
                if away < least:
                    least, nearest[nth] = away, one
            sums[nearest[nth]] += places[nth]
            members[nearest[nth]] += 1
        for one in range(count):
            if members[one] > 0:
                middles[one] = sums[one] / members[one]
    return nearest


@compiled
def scattered(places: Places, count: int) -> Points:
    """Places (count, 2) to begin with, each of them that which is farthest from all before.

    The first is that farthest from the middle.
    """
    middles = np.empty((count, 2))
    centre = np.array([places[:, 0].mean(), places[:, 1].mean()])
    off = np.array([square(place, centre) for place in places])
    for one in range(count):
        middles[one] = places[off.argmax()]
        for nth in range(len(places)):
            away = square(places[nth], middles[one])
            off[nth] = away if one == 0 else min(off[nth], away)
    return middles


@compiled
def square(one: Places, other: Points) -> float:
    """The squared distance of two places."""
    return float((one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2)
