"""Which pixels of a crop belong to which cell: outlines filled, compiled."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.uint8]

SEVERAL = -1
"""Label of pixels that more than one NK cell claims."""


@compiled
def claimed(
    shape: tuple[int, int], polygons: Floats, starts: NDArray[np.int64], nk_count: int
) -> tuple[Mask, Mask, Mask, NDArray[np.int16]]:
    """(tumor, others, tumors, nks) of polygons in pixel coordinates.

    The first polygon is the tumor cell, the next `nk_count` are NK cells, the rest tumor cells.
    Masks are 0 / 1 of `shape`: the first polygon, all others, all tumor cells. `nks` is each
    pixel's polygon number where one NK cell covers it, SEVERAL where more do, else 0. A pixel is
    covered when its centre is.
    """
    tumor, others = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    tumors, nks = np.zeros(shape, np.uint8), np.zeros(shape, np.int16)
    crossed = np.zeros(shape, np.bool_)
    for number in range(len(starts) - 1):
        polygon = polygons[starts[number] : starts[number + 1]]
        left, top, right, bottom = reach_of(polygon)
        cross(polygon, crossed)
        for row in range(max(ceil(top), 0), min(int(bottom) + 1, shape[0])):
            inside = False
            for column in range(max(int(left), 0), min(int(right) + 3, shape[1])):
                inside ^= crossed[row, column]
                crossed[row, column] = False
                if not inside:
                    continue
                if number == 0:
                    tumor[row, column] = tumors[row, column] = 1
                    continue
                others[row, column] = 1
                if number > nk_count:
                    tumors[row, column] = 1
                else:
                    nks[row, column] = number if nks[row, column] == 0 else SEVERAL
    return tumor, others, tumors, nks


@compiled
def cross(polygon: Floats, crossed: NDArray[np.bool_]) -> None:
    """Turn round the marks of pixels that are the first in their row beyond an edge."""
    x0, y0 = polygon[-1, 0], polygon[-1, 1]
    for i in range(len(polygon)):
        x1, y1 = polygon[i, 0], polygon[i, 1]
        first, last = max(ceil(min(y0, y1)), 0), min(ceil(max(y0, y1)), crossed.shape[0])
        for row in range(first, last):
            column = max(ceil(x0 + (row - y0) / (y1 - y0) * (x1 - x0)), 0)
            if column < crossed.shape[1]:
                crossed[row, column] ^= True
        x0, y0 = x1, y1


@compiled
def reach_of(points: Floats) -> tuple[float, float, float, float]:
    """(least x, least y, greatest x, greatest y) of points (n, 2)."""
    left = right = points[0, 0]
    top = bottom = points[0, 1]
    for i in range(1, len(points)):
        left, right = min(left, points[i, 0]), max(right, points[i, 0])
        top, bottom = min(top, points[i, 1]), max(bottom, points[i, 1])
    return left, top, right, bottom
