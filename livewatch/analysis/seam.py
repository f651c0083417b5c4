"""Seams of outlines: where two come nearest, what goes round both, and straight cuts."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.membrane import shape_of
from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ring = NDArray[np.float32]
    Points = NDArray[np.float64]

SEAM_END_UM = 0.5
"""Points of two outlines no further apart than this, and what lies between them at the least, are
their seam: it is a pixel or two wide."""
FEWEST_POINTS = 3
LONG = 1.25
"""A shape this much longer than wide has a longer axis."""


def warm_up() -> None:
    """Compile, or load from the cache, what is compiled: the first seam may come hours in."""
    square = np.array(((0, 0), (2, 0), (2, 2), (0, 2)), np.float32)
    round_both(square, square + np.float32(2.5))
    parts(square, np.array(((0.5, 1.0), (1.5, 1.0))), np.ones(2))
    halves(square, 0, 2)


@compiled
def nearest_points(one: Ring, two: Ring) -> tuple[int, int, float]:
    """The points of two outlines (m, 2), (n, 2) that are nearest, and their distance."""
    best, at, other = np.inf, 0, 0
    for i in range(len(one)):
        for j in range(len(two)):
            dx, dy = one[i, 0] - two[j, 0], one[i, 1] - two[j, 1]
            square = dx * dx + dy * dy
            if square < best:
                best, at, other = square, i, j
    return at, other, np.sqrt(best)


def round_both(one: Ring, two: Ring) -> Ring:
    """The outline of two that lie against each other, without the seam between them.

    It is that of the first where both are so small that nothing but a seam is left.
    """
    reach_um = float(nearest_points(one, two)[2]) + SEAM_END_UM
    ring = np.concatenate((away_from(one, two, reach_um), away_from(two, one, reach_um)))
    return ring if len(ring) >= FEWEST_POINTS else one


def run_of_first(one: Ring, two: Ring) -> int:
    """How many points of the outline round both are those of the first: there their seam ends."""
    return len(away_from(one, two, float(nearest_points(one, two)[2]) + SEAM_END_UM))


@compiled
def away_from(one: Ring, two: Ring, reach_um: float) -> Ring:
    """The longest run of points of a closed outline that are further than that from another's."""
    count = len(one)
    away = np.zeros(count, np.bool_)
    for i in range(count):
        near = False
        for j in range(len(two)):
            near |= (one[i, 0] - two[j, 0]) ** 2 + (one[i, 1] - two[j, 1]) ** 2 <= reach_um**2
        away[i] = not near
    first, longest, run = 0, 0, 0
    for i in range(2 * count):
        run = run + 1 if away[i % count] else 0
        if run > longest and run <= count:
            first, longest = i + 1 - run, run
    kept = np.empty((longest, 2), one.dtype)
    for i in range(longest):
        kept[i] = one[(first + i) % count]
    return kept


def parts(outline: Ring, places: Points, areas: Points) -> tuple[list[Ring], Points]:
    """An outline cut straight into as many as there are `places` (n, 2), which they follow.

    Each has its share of the area by `areas` (n,). The cuts are across the longer axis, or, where
    there is none, across the line on which the places lie. Also (n, 4): area, perimeter, x, y.
    """
    ring = np.asarray(outline, np.float64)
    middle = ring.mean(0)
    ring = ring - middle
    axis = axis_of(ring, places - places.mean(0))
    order = np.argsort((places - middle) @ axis, kind="stable")
    whole = float(shape_of(ring)[0] / areas.sum())
    cuts = [cut_at(ring, axis, share * whole) for share in np.cumsum(areas[order])[:-1]]
    rings: list[Ring] = [outline] * len(places)
    shapes = np.empty((len(places), 4))
    for nth, (low, high) in enumerate(pairwise((-np.inf, *cuts, np.inf))):
        piece = clipped(clipped(ring, axis, high), -axis, -low)
        shapes[order[nth]] = shape_of(piece) + np.array((0.0, 0.0, *middle))
        rings[order[nth]] = (piece + middle).astype(np.float32)
    return rings, shapes


def halves(outline: Ring, first: int, last: int) -> tuple[list[Ring], Points]:
    """An outline cut straight from one of its points to another: from the first on, and the rest.

    Also (2, 4): area, perimeter, x and y of both.
    """
    turned = np.roll(outline, -first, axis=0)
    steps = (last - first) % len(outline)
    rings = [turned[: steps + 1], np.concatenate((turned[steps:], turned[:1]))]
    return rings, np.array([shape_of(ring.astype(np.float64)) for ring in rings])


def axis_of(ring: Points, places: Points) -> Points:
    """The unit vector across which an outline is cut; it and `places` lie around (0, 0)."""
    spread, axes = np.linalg.eigh(ring.T @ ring)
    if spread[1] > LONG**2 * spread[0] or not places.any():
        return np.ascontiguousarray(axes[:, 1])
    return np.ascontiguousarray(np.linalg.eigh(places.T @ places)[1][:, 1])


@compiled
def cut_at(ring: Points, axis: Points, area: float) -> float:
    """The place along `axis` up to which an outline has this area."""
    along = ring[:, 0] * axis[0] + ring[:, 1] * axis[1]
    low, high = along.min(), along.max()
    for _ in range(20):
        cut = (low + high) / 2.0
        if shape_of(clipped(ring, axis, cut))[0] < area:
            low = cut
        else:
            high = cut
    return float((low + high) / 2.0)


@compiled
def clipped(ring: Points, axis: Points, cut: float) -> Points:
    """The part of an outline whose places along `axis` are at most `cut` (Sutherland-Hodgman)."""
    kept = np.empty((2 * len(ring) + 1, 2))
    count = 0
    before = ring[len(ring) - 1]
    off_before = before[0] * axis[0] + before[1] * axis[1] - cut
    for i in range(len(ring)):
        off = ring[i, 0] * axis[0] + ring[i, 1] * axis[1] - cut
        if (off > 0.0) != (off_before > 0.0):
            kept[count] = before + (ring[i] - before) * (off_before / (off_before - off))
            count += 1
        if off <= 0.0:
            kept[count] = ring[i]
            count += 1
        before, off_before = ring[i], off
    return kept[:count].copy()
