"""Part regions that are several cells.

A region is cut into its bodies (`basins`, `heap`), too many rather than too few; then bodies that
are more likely one cell than two are put together again, the likeliest first. What speaks for one
cell is weighed by a logistic regression: the size of both together, how wide they meet, how
near an ellipse they are together, and how alike in brightness. A cell with a waist is not cut,
since half a cell would be too small; two cells that touch along a broad front are, since
together they are too large.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.segmentation.basins import basins_of
from livewatch.analysis.segmentation.ellipse import AREA, ROUND, add, ellipticity, ellipticity_of
from livewatch.analysis.segmentation.heap import HEAP, shared
from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float32]
    Table = NDArray[np.float64]

NECK = 0.97
"""A body's neck is narrower than this share of its depth."""
BODY = 0.08
"""Least half-width of a body, in diameters."""
LONE = 0.3
"""What is smaller than this in typical cells is one cell."""
SIZE, FRONT, NARROW, ELLIPSE, UNLIKE, CONSTANT = -3.3, 1.6, 0.25, 0.7, -3.4, 1.5
"""Log odds that two bodies are one cell, per unit of each `likeness`.

Fitted to pairs in still scenes and specimens of seeds that no score is reported on; on the
scenes alone, `tests/scoring/bodies.py` fits them again.
"""
LIGHT, PEAK = range(6, 8)
"""Columns of a table of bodies, after the sums of `ellipse`: their light, their greatest depth."""
SADDLE, LENGTH = range(2)
"""What is kept of the wall between two bodies: the greatest depth on it, and its length."""


@compiled
def split(
    labels: Ints,
    area: Ints,
    boxes: Ints,
    smooth: Floats,
    noise: float,
    across_px: float,
    heaps: bool,
) -> tuple[Ints, Ints]:
    """Cut regions of several cells, in place; boxes of all labels (n + those that are new).

    `area` and `boxes` are those of `regions`; `across_px` is the width of a typical cell, `heaps`
    says whether what has no neck is shared out as well.
    """
    typical_px = np.pi / 4 * across_px**2
    highest = len(area)
    homes = np.empty(len(area), np.int32)
    for number in range(len(area)):
        box, label = boxes[number], number + 1
        if area[number] < LONE * typical_px or ellipticity_of(labels, label, box) >= ROUND:
            continue
        depth, basin, heads = basins_of(labels, label, box, smooth, NECK, BODY * across_px)
        if heaps and area[number] >= HEAP * typical_px:
            heads = shared(basin, heads, typical_px)
        if heads < 2:
            continue
        home = united(*bodies_of(basin, heads, depth, box, smooth), typical_px, noise)
        parts = home.max()
        for row in range(box[0], box[2]):
            for column in range(box[1], box[3]):
                one = basin[row - box[0] + 2, column - box[1] + 2]
                if one > 0 and home[one - 1] > 0:
                    labels[row, column] = highest + home[one - 1]
        while highest + parts > len(homes):
            homes = np.concatenate((homes, np.empty_like(homes)))
        homes[highest : highest + parts] = number
        highest += parts
    wider = np.empty((highest, 4), np.int32)
    wider[: len(area)] = boxes
    for new in range(len(area), highest):
        wider[new] = boxes[homes[new]]
    return labels, wider


@compiled
def bodies_of(
    basin: Ints, heads: int, depth: Ints, box: Ints, smooth: Floats
) -> tuple[Table, Table]:
    """A table of the bodies (heads, 8), and of the walls between any two (heads, heads, 2)."""
    bodies, walls = np.zeros((heads, 8)), np.zeros((heads, heads, 2))
    for row in range(2, basin.shape[0] - 2):
        for column in range(2, basin.shape[1] - 2):
            one = basin[row, column] - 1
            if one < 0:
                continue
            body = bodies[one]
            add(body, column, row)
            body[LIGHT] += smooth[row - 2 + box[0], column - 2 + box[1]]
            body[PEAK] = max(body[PEAK], depth[row, column])
            for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
                other = basin[row + down, column + right] - 1
                if other < 0 or other == one:
                    continue
                wall = walls[min(one, other), max(one, other)]
                over = min(depth[row, column], depth[row + down, column + right])
                wall[SADDLE] = max(wall[SADDLE], over)
                if down == 0 or right == 0:
                    wall[LENGTH] += 1
    return bodies, walls


@compiled
def united(bodies: Table, walls: Table, typical_px: float, noise: float) -> Ints:
    """Which cell each body belongs to, counted from 0."""
    count = len(bodies)
    home = np.arange(count)
    while True:
        best, one, other = 0.0, -1, -1
        for low in range(count):
            for high in range(low + 1, count):
                if home[low] == low and home[high] == high and walls[low, high, LENGTH] > 0:
                    odds = oneness(bodies[low], bodies[high], walls[low, high], typical_px, noise)
                    if odds > best:
                        best, one, other = odds, low, high
        if one < 0:
            break
        unite(bodies, walls, home, one, other)
    number, cells = np.zeros(count, np.int32), 0
    for body in range(count):
        if home[body] == body:
            number[body] = cells
            cells += 1
    for body in range(count):
        number[body] = number[home[body]]
    return number


@compiled
def unite(bodies: Table, walls: Table, home: NDArray[np.int64], one: int, other: int) -> None:
    """Make body `other` part of body `one`, with its walls."""
    peak = max(bodies[one, PEAK], bodies[other, PEAK])
    bodies[one] += bodies[other]
    bodies[one, PEAK] = peak
    for body in range(len(home)):
        if home[body] == other:
            home[body] = one
        if body not in (one, other):
            gone = walls[min(body, other), max(body, other)]
            wall = walls[min(body, one), max(body, one)]
            wall[SADDLE] = max(wall[SADDLE], gone[SADDLE])
            wall[LENGTH] += gone[LENGTH]


@compiled
def likeness(one: Table, other: Table, wall: Table, typical_px: float, noise: float) -> Table:
    """What tells whether two bodies are one cell (5), all 0 for a typical cell cut in two halves.

    Logarithms of: both areas in typical cells; the wall's length to the square root of the
    lesser area; its depth to the lesser body's; the ellipticity of both together; and, without
    its sign, the ratio of their brightness.
    """
    told = np.empty(5)
    both = one + other
    lesser = min(one[AREA], other[AREA])
    bright = max(one[LIGHT] / one[AREA], noise), max(other[LIGHT] / other[AREA], noise)
    told[0] = np.log(both[AREA] / typical_px)
    told[1] = np.log(wall[LENGTH] / np.sqrt(lesser))
    told[2] = np.log(max(wall[SADDLE], 1.0) / min(one[PEAK], other[PEAK]))
    told[3] = np.log(min(ellipticity(both), 1.0))
    told[4] = abs(np.log(bright[0] / bright[1]))
    return told


@compiled
def oneness(one: Table, other: Table, wall: Table, typical_px: float, noise: float) -> float:
    """Log odds that two bodies are one cell."""
    told = likeness(one, other, wall, typical_px, noise)
    return float(
        CONSTANT
        + SIZE * told[0]
        + FRONT * told[1]
        + NARROW * told[2]
        + ELLIPSE * told[3]
        + UNLIKE * told[4]
    )
