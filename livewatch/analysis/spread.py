"""How the area of a cell is spread around its centre: how long it is, how wide, and which way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from livewatch.compiled import compiled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from livewatch.model import Cell

SPREAD = ("sxx_um2", "sxy_um2", "syy_um2")
"""The columns of the second central moments of an area."""


def spreads_of(cells: Sequence[Cell]) -> NDArray[np.float64]:
    """(n, 3): the second central moments xx, xy, yy of each cell's area, per area, in um^2."""
    if not cells:
        return np.zeros((0, len(SPREAD)))
    rings = [cell.outline_um for cell in cells]
    return spreads(np.concatenate(rings), np.cumsum([0, *map(len, rings)]))


def axis_between(places: NDArray[np.float64], spread: NDArray[np.float64]) -> NDArray[np.float64]:
    """The unit vector across which a straight cut parts two cells best.

    `places` (2, 2) are their centres, `spread` (2, 3) their moments. It is the direction in which
    the centres lie furthest apart beside the spread around them (Fisher 1936, Ann. Eugen. 7, 179).
    """
    x, y = places[1] - places[0]
    xx, xy, yy = spread.sum(0)
    axis = np.array((yy * x - xy * y, xx * y - xy * x))
    length = np.hypot(*axis)
    return axis / length if length > 0 else np.array((1.0, 0.0))


@compiled
def spreads(points: NDArray[np.float32], start: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n, 3): xx, xy, yy of outlines `points[start[k]:start[k + 1]]` (Green's theorem)."""
    spread = np.zeros((len(start) - 1, 3))
    for k in range(len(start) - 1):
        left = np.float64(points[start[k], 0])
        top = np.float64(points[start[k], 1])
        twice = x = y = xx = xy = yy = 0.0
        ax = points[start[k + 1] - 1, 0] - left
        ay = points[start[k + 1] - 1, 1] - top
        for i in range(start[k], start[k + 1]):
            bx, by = points[i, 0] - left, points[i, 1] - top
            cross = ax * by - bx * ay
            twice += cross
            x += (ax + bx) * cross
            y += (ay + by) * cross
            xx += (ax * ax + ax * bx + bx * bx) * cross
            xy += (ax * by + 2.0 * (ax * ay + bx * by) + bx * ay) * cross
            yy += (ay * ay + ay * by + by * by) * cross
            ax, ay = bx, by
        if twice != 0.0:
            x, y = x / (3.0 * twice), y / (3.0 * twice)
            spread[k, 0] = xx / (6.0 * twice) - x * x
            spread[k, 1] = xy / (12.0 * twice) - x * y
            spread[k, 2] = yy / (6.0 * twice) - y * y
    return spread
