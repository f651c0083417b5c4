"""The neck of an outline: the straight cut that parts it best into two cells.

A good cut is short, ends where the outline turns inward, leaves each cell as large as it was, and
puts it where it should be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from livewatch.analysis.gap import is_inside
from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points = NDArray[np.float64]

SIZE_SD = 0.18
"""By how much the log area of a cell changes from frame to frame."""
LENGTH = 2.3
"""What speaks, in log odds, against a cut as long as the root of the lesser cell's area."""
INWARD = 3.7
"""What speaks, in log odds, for a cut for each radian by which the outline turns inward at its
ends. Fitted, as `LENGTH` is, to specimens of seeds that no score is reported on."""
NOTCHED = 0.2
"""Where the outline turns inward by less at both ends together, there is no neck."""
TURN_UM = 2.0
"""How an outline turns at a point is told by the points so far along it on both sides."""
CENTRE_SD_UM = 1.0
"""How far, along each axis, the way from one cell's centre to the other's changes by their shape
alone."""
CHECKED = 8
"""A cut must not leave the outline between its ends: it is looked at between so many places."""
TWICE, X, Y = range(3)
"""Columns of sums along an outline: twice the area, and six times its first moments."""


class Two(NamedTuple):
    """Two cells as they should be.

    The way from the first one's centre to the other's (2,), the variance of that along each axis,
    and the areas (2,): in um.
    """

    way: Points
    var: float
    areas: Points


def warm_up() -> None:
    """Compile, or load from the cache, what is compiled: two cells may touch hours in."""
    square = np.array(((0, 0), (2, 0), (2, 2), (0, 2)), np.float64)
    two = Two(np.array((1.0, 0.0)), 1.0, np.ones(2))
    neck(square, two)
    inward(square)
    against(two, 1.0, 0.0, 1.0, 0.0, 0.0)


@compiled
def neck(ring: Points, two: Two) -> tuple[int, int, float]:
    """The two points of an outline (m, 2) between which it is best cut in two.

    What lies from the first of them on to the second is the first cell, the rest the other one.
    Also what speaks against the cut; both points are 0 and that is infinite where there is none.
    """
    count, sums, turn = len(ring), sums_of(ring), inward(ring)
    whole, root, most = sums[count], np.sqrt(two.areas.min()), turn.max()
    best, first, last = np.inf, 0, 0
    for i in range(count):
        if turn[i] + most < NOTCHED:
            continue
        for j in range(i + 2, min(count, i + count - 1)):
            turned = turn[i] + turn[j]
            if turned < NOTCHED:
                continue
            length = np.hypot(ring[j, 0] - ring[i, 0], ring[j, 1] - ring[i, 1])
            if LENGTH * length / root - INWARD * turned >= best:
                continue
            own = sums[j] - sums[i] + edge(ring, j, i)
            rest = whole - own
            if own[TWICE] * rest[TWICE] <= 0.0:
                continue
            x = (rest[X] / rest[TWICE] - own[X] / own[TWICE]) / 3
            y = (rest[Y] / rest[TWICE] - own[Y] / own[TWICE]) / 3
            ratio = np.log(own[TWICE] / rest[TWICE])
            for sign in (1, -1):
                odds = against(two, length, turned, sign * x, sign * y, sign * ratio)
                if odds < best and is_within(ring, i, j):
                    best = odds
                    first, last = (i, j) if sign > 0 else (j, i)
    return first, last, best


@compiled
def against(two: Two, length: float, turned: float, x: float, y: float, ratio: float) -> float:
    """What speaks, in log odds, against cutting two cells so.

    The cut is `length` long, and the outline turns inward by `turned` at its ends together; it
    puts the other cell's centre at `x`, `y` from the first one's, and the log of the first one's
    area over the other's is `ratio`.
    """
    off_um2 = (x - two.way[0]) ** 2 + (y - two.way[1]) ** 2
    unlike = ratio - np.log(two.areas[0] / two.areas[1])
    narrow = LENGTH * length / np.sqrt(two.areas.min()) - INWARD * turned
    return float(narrow + off_um2 / (2 * two.var) + unlike**2 / (4 * SIZE_SD**2))


@compiled
def inward(ring: Points) -> Points:
    """By how much a closed outline (m, 2) turns inward at each point (m,), in radians."""
    count, turn = len(ring), np.empty(len(ring))
    area = sums_of(ring)[count, TWICE]
    for i in range(count):
        ahead, behind = along(ring, i, 1), along(ring, i, -1)
        ax, ay = ahead[0] - ring[i, 0], ahead[1] - ring[i, 1]
        bx, by = ring[i, 0] - behind[0], ring[i, 1] - behind[1]
        turn[i] = np.arctan2(bx * ay - by * ax, bx * ax + by * ay)
    return -turn if area > 0 else turn


@compiled
def along(ring: Points, i: int, step: int) -> tuple[float, float]:
    """The point `TURN_UM` along an outline from one of its points, on (1) or back (-1)."""
    count, left, at = len(ring), TURN_UM, i
    for _ in range(count):
        then = (at + step) % count
        x, y = ring[then, 0] - ring[at, 0], ring[then, 1] - ring[at, 1]
        length = np.hypot(x, y)
        if length >= left:
            return ring[at, 0] + x * left / length, ring[at, 1] + y * left / length
        left -= length
        at = then
    return ring[i, 0], ring[i, 1]


@compiled
def sums_of(ring: Points) -> Points:
    """(m + 1, 3): what the edges up to each point of a closed outline (m, 2) add up to."""
    sums = np.zeros((len(ring) + 1, 3))
    for i in range(len(ring)):
        sums[i + 1] = sums[i] + edge(ring, i, (i + 1) % len(ring))
    return sums


@compiled
def edge(ring: Points, i: int, j: int) -> Points:
    """What an edge from one point to another adds to twice the area, and to its moments."""
    ax, ay, bx, by = ring[i, 0], ring[i, 1], ring[j, 0], ring[j, 1]
    cross = ax * by - bx * ay
    return np.array((cross, (ax + bx) * cross, (ay + by) * cross))


@compiled
def is_within(ring: Points, i: int, j: int) -> bool:
    """Whether the straight line between two points of an outline lies within it."""
    for step in range(1, CHECKED):
        x = ring[i, 0] + (ring[j, 0] - ring[i, 0]) * step / CHECKED
        y = ring[i, 1] + (ring[j, 1] - ring[i, 1]) * step / CHECKED
        if not is_inside(x, y, ring, 0, len(ring)):
            return False
    return True
