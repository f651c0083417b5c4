"""What a crop shows where there is no cell: the background, and its noise."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Image = NDArray[np.float32]

FEWEST_CLEAR = 20
STRAY_UM = 2.0
OUTSTANDING = 2.5
"""Pixels this many SD off are no background."""
FEW = 400
"""Pixels, at least, that tell what that is."""


@compiled
def clear_places(from_tumors_um: Image, from_others_um: Image) -> NDArray[np.int64]:
    """The flat places of pixels clear of cells, one in two; of all pixels, where too few are."""
    rows, columns = from_tumors_um.shape
    places, count = np.empty(rows * (columns // 2 + 1), np.int64), 0
    for everywhere in (False, True):
        if count >= FEWEST_CLEAR:
            break
        count = 0
        for row in range(rows):
            for column in range(row % 2, columns, 2):
                far = min(from_tumors_um[row, column], from_others_um[row, column]) > STRAY_UM
                places[count] = row * columns + column
                count += everywhere or far
    return places[:count]


@compiled
def level(image: Image, places: NDArray[np.int64]) -> tuple[float, float]:
    """Mean and SD of the image at some places.

    A mean, because cameras count in whole numbers: a median would jump by one of them. Pixels
    that stand out (debris, cells not found) are left out.
    """
    outside = image.ravel()[places]
    some = outside[:: max(len(outside) // FEW, 1)]
    quarter, half = len(some) // 4, len(some) // 2
    ordered = np.partition(some, half)
    middle = ordered[half]
    spread = 1.4826 * (middle - np.partition(ordered[: half + 1], quarter)[quarter]) + 0.5
    total, square, kept = 0.0, 0.0, 0
    for value in outside:
        if abs(value - middle) <= OUTSTANDING * spread:
            total += value - middle
            square += (value - middle) ** 2
            kept += 1
    mean = total / kept
    return float(middle) + mean, sqrt(max(square / kept - mean * mean, 0.0)) + 1e-6
