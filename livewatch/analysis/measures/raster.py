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
    shape: tuple[int, int], polygons: Floats, starts: NDArray[np.int64], is_tumor: Mask
) -> tuple[Mask, Mask, Mask, NDArray[np.int16]]:
    """(tumor, others, tumors, nks) of polygons in pixel coordinates, the first being the tumor.

    Masks are 0 / 1 of `shape`: the first polygon, all others, all tumor cells. `nks` is each
    pixel's polygon number where one NK cell covers it, SEVERAL where more do, else 0. A pixel is
    covered when its centre is.
    """
    tumor, others = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    tumors, nks = np.zeros(shape, np.uint8), np.zeros(shape, np.int16)
    crossings = np.empty(256)
    for number in range(len(starts) - 1):
        polygon = polygons[starts[number] : starts[number + 1]]
        top = max(ceil(polygon[:, 1].min()), 0)
        bottom = min(int(polygon[:, 1].max()), shape[0] - 1)
        for row in range(top, bottom + 1):
            count = crossed(polygon, row, crossings)
            for pair in range(0, count - 1, 2):
                begin = max(ceil(crossings[pair]), 0)
                end = min(int(np.floor(crossings[pair + 1])), shape[1] - 1)
                for column in range(begin, end + 1):
                    if number == 0:
                        tumor[row, column] = tumors[row, column] = 1
                        continue
                    others[row, column] = 1
                    if is_tumor[number]:
                        tumors[row, column] = 1
                    else:
                        nks[row, column] = number if nks[row, column] == 0 else SEVERAL
    return tumor, others, tumors, nks


@compiled
def crossed(polygon: Floats, row: int, crossings: Floats) -> int:
    """Where a polygon's edges cross a row, in order, into `crossings`; how many there are."""
    count = 0
    x0, y0 = polygon[-1, 0], polygon[-1, 1]
    for i in range(len(polygon)):
        x1, y1 = polygon[i, 0], polygon[i, 1]
        if (y0 > row) != (y1 > row) and count < len(crossings):
            x = x0 + (row - y0) / (y1 - y0) * (x1 - x0)
            place = count
            while place > 0 and crossings[place - 1] > x:
                crossings[place] = crossings[place - 1]
                place -= 1
            crossings[place] = x
            count += 1
        x0, y0 = x1, y1
    return count


@compiled
def reach_of(points: Floats) -> tuple[float, float, float, float]:
    """(least x, least y, greatest x, greatest y) of points (n, 2)."""
    left = right = points[0, 0]
    top = bottom = points[0, 1]
    for i in range(1, len(points)):
        left, right = min(left, points[i, 0]), max(right, points[i, 0])
        top, bottom = min(top, points[i, 1]), max(bottom, points[i, 1])
    return left, top, right, bottom
