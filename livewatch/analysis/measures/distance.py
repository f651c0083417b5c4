"""How far the pixels of a crop are from a cell, or from where it ends.

Distances are sums of steps along rows, columns and diagonals (Borgefors 1986), up to 5 % off. They
are counted in whole numbers, so that they are the same to the bit on every machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Image = NDArray[np.float32]
    Steps = NDArray[np.int32]

PARTS = 2**16
"""of a pixel: what distances are counted in."""
STRAIGHT, DIAGONAL = np.int32(round(0.955 * PARTS)), np.int32(round(1.3693 * PARTS))
FAR = np.int32(10_000 * PARTS)


@compiled
def distance_um(outside: NDArray[np.bool_], pixel_um: float) -> Image:
    """How far each marked pixel is from the nearest one not marked; 1e4 px, where there is none."""
    rows, columns = outside.shape
    away = np.full((rows + 2, columns + 2), FAR)
    for row in range(rows):
        for column in range(columns):
            if not outside[row, column]:
                away[row + 1, column + 1] = 0
    for row in range(1, rows + 1):
        approach(away[row], away[row - 1])
        along(away[row])
    for row in range(rows, 0, -1):
        approach(away[row], away[row + 1])
        along(away[row, ::-1])
    distance, part_um = np.empty((rows, columns), np.float32), np.float32(1 / PARTS)
    for row in range(rows):
        for column in range(columns):
            pixels = np.float32(min(away[row + 1, column + 1], FAR)) * part_um
            distance[row, column] = pixels * np.float32(pixel_um)
    return distance


@compiled
def approach(here: Steps, beside: Steps) -> None:
    """Shorten the distances of a row by ways that come from the row beside it."""
    for column in range(len(here) - 2):
        aslant = min(beside[column], beside[column + 2]) + DIAGONAL
        nearest = min(aslant, beside[column + 1] + STRAIGHT)
        here[column + 1] = min(here[column + 1], nearest)


@compiled
def along(here: Steps) -> None:
    """Shorten the distances of a row by ways that come along it, from its beginning."""
    last = FAR
    for column in range(1, len(here) - 1):
        last = min(here[column], last + STRAIGHT)
        here[column] = last


@compiled
def narrow(depth_um: Image, half_um: float, pixel_um: float) -> NDArray[np.bool_]:
    """What is further than `half_um` from where a mask is as deep: an opening takes it away."""
    return distance_um(depth_um <= half_um, pixel_um) > half_um + pixel_um
