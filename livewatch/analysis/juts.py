"""Tumor-colored material that an NK cell holds does not make the tumor cell beside it longer.

What was bitten off shines in the NK cell, against the tumor cell it came from, and is seen as one
with it. Where a tumor cell's outline juts out into an NK cell, it is therefore closed over the foot
of the jut, as round as the cell is. Without this a second NK cell, behind the first, seems to
touch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.boxes import boxes_of, neighbours, square_to_box
from livewatch.analysis.contact import joined
from livewatch.analysis.gap import is_inside
from livewatch.analysis.membrane import shape_of
from livewatch.analysis.reshaped import reshaped
from livewatch.compiled import compiled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from livewatch.model import Cell

    Points = NDArray[np.float32]
    Starts = NDArray[np.int32]

FURTHER_UM = 1.0
"""A jut reaches this much further out than a round cell would: an NK cell that lies over a tumor
cell's edge takes nothing of it."""
FLARE = 0.35
"""A foot that is wider by 1 um is no better unless the jut then reaches further out by more than so
many um: that much a rounded corner of the cell adds."""
PART, MORSEL = 1 / 3, 0.08
"""Of the way round a cell, or of its area, is more than a jut: then the NK cell lies over the cell
itself."""


def without_juts(tumors: Sequence[Cell], nks: Sequence[Cell]) -> tuple[Cell, ...]:
    """The tumor cells, each without what of it juts out into NK cells."""
    points, start = joined(tumors)
    shapes, shorter = closed(points, start, *joined(nks))
    cells = list(tumors)
    for at in np.flatnonzero(shorter).tolist():
        cells[at] = reshaped(cells[at], points[start[at] : start[at + 1]].copy(), shapes[at])
    return tuple(cells)


@compiled
def closed(
    tumor: Points, tumor_start: Starts, nk: Points, nk_start: Starts
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Close, in place, the tumor outlines that jut out into NK outlines.

    (n, 4) area, perimeter, x and y, and (n,) whether there was a jut: else they are not known.
    """
    shapes, shorter = np.empty((len(tumor_start) - 1, 4)), np.zeros(len(tumor_start) - 1, np.bool_)
    covered = under(tumor, tumor_start, nk, nk_start)
    for at in range(len(shapes)):
        begin, end = tumor_start[at], tumor_start[at + 1]
        ring, hidden = tumor[begin:end], covered[begin:end]
        first, steps = jut(ring, hidden)
        while steps > 0:
            close(ring, hidden, first, steps)
            shorter[at] = True
            first, steps = jut(ring, hidden)
        if shorter[at]:
            shapes[at] = shape_of(ring.astype(np.float64))
    return shapes, shorter


@compiled
def under(tumor: Points, tumor_start: Starts, nk: Points, nk_start: Starts) -> NDArray[np.bool_]:
    """Which points of the tumor outlines lie in an NK outline (m,)."""
    covered = np.zeros(len(tumor), np.bool_)
    boxes = boxes_of(nk, nk_start)
    pairs = neighbours(boxes_of(tumor, tumor_start), boxes, 0.0)
    for pair in range(len(pairs)):
        at, by = pairs[pair]
        for i in range(tumor_start[at], tumor_start[at + 1]):
            x, y = float(tumor[i, 0]), float(tumor[i, 1])
            if not covered[i] and square_to_box(x, y, boxes[by]) == 0.0:
                covered[i] = is_inside(x, y, nk, nk_start[by], nk_start[by + 1])
    return covered


@compiled
def jut(ring: Points, covered: NDArray[np.bool_]) -> tuple[int, int]:
    """Where the foot of an outline's covered jut begins, and how many steps on it ends; 0: none.

    It is where the jut reaches furthest beyond the arc of a circle on the same foot, for its width.
    """
    count = len(ring)
    if not covered.any():
        return 0, 0
    area, length, x_um, y_um = shape_of(ring.astype(np.float64))
    square = area / np.pi
    first, most, best = 0, 0, -np.inf
    for i in range(count):
        way, steps = 0.0, 0
        while covered[i] and covered[(i + steps + 1) % count] and way < PART * length:
            before, end = ring[(i + steps) % count], ring[(i + steps + 1) % count]
            way += np.hypot(end[0] - before[0], end[1] - before[1])
            steps += 1
            foot = np.hypot(end[0] - ring[i, 0], end[1] - ring[i, 1])
            if way / 2 < FURTHER_UM or foot == 0.0:
                continue
            arc_um = arc(square, 0.0) - arc(square, foot / 2)
            further = height(ring, i, steps, x_um, y_um) - arc_um
            worth = further - FLARE * foot
            if further > FURTHER_UM and worth > best and bulk(ring, i, steps) < MORSEL * area:
                first, most, best = i, steps, worth
    return first, most


@compiled
def height(ring: Points, first: int, steps: int, x: float, y: float) -> float:
    """How far so many steps of an outline reach beyond the line between their ends.

    Seen from a place within the outline; less than 0 where they turn inwards.
    """
    count = len(ring)
    begin, end = ring[first], ring[(first + steps) % count]
    along_x, along_y = float(end[0] - begin[0]), float(end[1] - begin[1])
    foot = np.hypot(along_x, along_y)
    inwards = along_x * (y - begin[1]) - along_y * (x - begin[0])
    reach = -np.inf
    for step in range(1, steps):
        point = ring[(first + step) % count]
        off = along_x * (point[1] - begin[1]) - along_y * (point[0] - begin[0])
        reach = max(reach, (-off if inwards > 0.0 else off) / foot)
    return reach


@compiled
def bulk(ring: Points, first: int, steps: int) -> float:
    """The area between so many steps of an outline and the line between their ends."""
    part = np.empty((steps + 1, 2))
    for step in range(steps + 1):
        part[step] = ring[(first + step) % len(ring)]
    return float(shape_of(part)[0])


@compiled
def close(ring: Points, covered: NDArray[np.bool_], first: int, steps: int) -> None:
    """Put, in place, so many steps of an outline on the arc of a round cell between their ends.

    They are no jut any more, nor part of one: closed again and again, an outline would be worn
    down to where no NK cell lies over it.
    """
    count = len(ring)
    area, _, x, y = shape_of(ring.astype(np.float64))
    square = area / np.pi
    begin, end = ring[first].astype(np.float64), ring[(first + steps) % count].astype(np.float64)
    way = end - begin
    foot = np.hypot(way[0], way[1])
    outward = np.array((way[1], -way[0])) / foot
    if outward[0] * (x - begin[0]) + outward[1] * (y - begin[1]) > 0.0:
        outward = -outward
    for step in range(steps + 1):
        at, along = (first + step) % count, step / steps
        covered[at] = False
        up = arc(square, (along - 0.5) * foot) - arc(square, foot / 2)
        ring[at] = (begin + along * way + up * outward).astype(np.float32)


@compiled
def arc(square: float, aside: float) -> float:
    """How far a circle of a squared radius reaches up, so far beside its middle."""
    return float(np.sqrt(max(square - aside * aside, 0.0)))
