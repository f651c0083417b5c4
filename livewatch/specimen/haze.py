"""Out-of-focus light: a wide glow round every cell, on a coarse lattice fixed to the sample."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from livewatch.compiled import compiled
from livewatch.specimen.outline import wrapped

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.model import View

LATTICE_UM = 5.0
SPREAD_UM = 16.0


def haze_over(
    view: View, cells: NDArray[Any], light: NDArray[np.float64], side_um: float
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Haze per um2 on a lattice covering the view, and where the view lies on it.

    The second is the lattice's (row, column) under the first pixel, and steps per pixel.
    """
    half_um = view.pixel_um / 2
    first_column = math.floor((view.left_um + half_um) / LATTICE_UM)
    first_row = math.floor((view.top_um + half_um) / LATTICE_UM)
    columns = math.ceil(view.width_um / LATTICE_UM) + 3
    rows = math.ceil(view.height_um / LATTICE_UM) + 3
    lattice = np.zeros((rows, columns), np.float32)
    glow(lattice, first_row, first_column, cells, light, side_um)
    at = np.array(
        [
            (view.top_um + half_um) / LATTICE_UM - first_row,
            (view.left_um + half_um) / LATTICE_UM - first_column,
            view.pixel_um / LATTICE_UM,
        ]
    )
    return lattice, at


@compiled
def glow(
    lattice: NDArray[np.float32],
    first_row: int,
    first_column: int,
    cells: NDArray[Any],
    light: NDArray[np.float64],
    side_um: float,
) -> None:
    """Add each cell's glow: as much light as falls on its area, spread over a wide Gaussian."""
    rows, columns = lattice.shape
    left, top = first_column * LATTICE_UM, first_row * LATTICE_UM
    middle_x = left + 0.5 * columns * LATTICE_UM
    middle_y = top + 0.5 * rows * LATTICE_UM
    reach = 3.5 * SPREAD_UM
    for slot in range(len(cells)):
        if light[slot] <= 0.0:
            continue
        size = cells[slot].size
        peak = light[slot] * size * size / (2.0 * SPREAD_UM * SPREAD_UM)
        near_x = middle_x + wrapped(cells[slot].x - middle_x, side_um)
        near_y = middle_y + wrapped(cells[slot].y - middle_y, side_um)
        copies_x = math.ceil((0.5 * columns * LATTICE_UM + reach) / side_um)
        copies_y = math.ceil((0.5 * rows * LATTICE_UM + reach) / side_um)
        for across in range(-copies_x, copies_x + 1):
            x = near_x + across * side_um - left
            begin = max(math.ceil((x - reach) / LATTICE_UM), 0)
            end = min(math.floor((x + reach) / LATTICE_UM) + 1, columns)
            if begin >= end:
                continue
            for down in range(-copies_y, copies_y + 1):
                y = near_y + down * side_um - top
                low = max(math.ceil((y - reach) / LATTICE_UM), 0)
                high = min(math.floor((y + reach) / LATTICE_UM) + 1, rows)
                for row in range(low, high):
                    dy = row * LATTICE_UM - y
                    for column in range(begin, end):
                        dx = column * LATTICE_UM - x
                        lattice[row, column] += np.float32(
                            peak * math.exp(-0.5 * (dx * dx + dy * dy) / (SPREAD_UM * SPREAD_UM))
                        )
