"""The camera's sensor: uneven light, photon noise, read noise, offset, saturation."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.specimen.scene import Look

DICE = 1 << 14
_normal = NormalDist()
GAUSS = np.array([_normal.inv_cdf((roll + 0.5) / DICE) for roll in range(DICE)], np.float32)
"""A normal deviate for each of `DICE` equally likely rolls."""
LOW_BITS, HIGH = np.uint32(DICE - 1), np.uint32(16)
HALF, QUARTER = np.float32(0.5), np.float32(0.25)
OFF_X, OFF_Y = -0.15, 0.1


@compiled
def rolled(key: np.uint32, place: np.uint32) -> np.uint32:
    """A well-mixed number for one pixel of one exposure (lowbias32 constants, Wellons 2018)."""
    mixed = np.uint32(place) * np.uint32(0x9E3779B1) + np.uint32(key)
    mixed = (mixed ^ (mixed >> np.uint32(16))) * np.uint32(0x7FEB352D)
    mixed = (mixed ^ (mixed >> np.uint32(15))) * np.uint32(0x846CA68B)
    return np.uint32(mixed ^ (mixed >> np.uint32(16)))


@compiled
def off_axis(place: float, middle: float, unevenness: float) -> float:
    """Lamp light lost along one axis of the sensor (-1 to 1); brightest at `middle`."""
    away = place - middle
    return unevenness * away * away


@compiled
def read_out(
    light: NDArray[np.float32],
    haze: NDArray[np.float32],
    haze_at: NDArray[np.float64],
    background: float,
    electrons: float,
    where: NDArray[np.float64],
    look: Look,
    read_noise: float,
    key: np.uint32,
    counts: NDArray[np.uint16],
) -> None:
    """Turn light per um2 into camera counts.

    `haze` is a coarse lattice of out-of-focus light; `haze_at` its (row, column) under the
    first pixel and its cells per pixel. `electrons` is photoelectrons per unit of light.
    `where` is the first pixel's place on the sensor (x, y, -1 to 1) and the step per pixel.
    """
    rows, columns = counts.shape
    over = np.empty(columns, np.float32)
    dx2 = np.empty(columns, np.float32)
    for column in range(columns):
        dx2[column] = off_axis(where[0] + column * where[2], OFF_X, look.unevenness)
    for row in range(rows):
        haze_row(haze, haze_at, row, over)
        level = np.float32(background)
        dim = np.float32(1.0 - off_axis(where[1] + row * where[3], OFF_Y, look.unevenness))
        first = np.uint32(row * columns)
        for column in range(columns):
            mean = (light[row, column] + over[column] + level) * (dim - dx2[column])
            mean = max(mean * np.float32(electrons), np.float32(0.0))
            roll = rolled(key, first + np.uint32(column))
            shot = GAUSS[roll & LOW_BITS]
            read = GAUSS[(roll >> HIGH) & LOW_BITS]
            # (sqrt(mean) + g/2)^2 - 1/4 has a Poisson's mean, variance and skew
            root = np.sqrt(mean) + HALF * shot
            caught = root * root - QUARTER + np.float32(read_noise) * read
            count = np.float32(look.offset) + caught * np.float32(look.counts_per_electron)
            count = min(max(count + HALF, np.float32(0.0)), np.float32(look.saturation))
            counts[row, column] = np.uint16(count)


@compiled
def haze_row(
    haze: NDArray[np.float32], haze_at: NDArray[np.float64], row: int, out: NDArray[np.float32]
) -> None:
    """Fill `out` with the haze along one row of pixels, interpolated from its lattice."""
    down = haze_at[0] + row * haze_at[2]
    high = int(down)
    part = np.float32(down - high)
    for column in range(len(out)):
        across = haze_at[1] + column * haze_at[2]
        low = int(across)
        along = np.float32(across - low)
        above = haze[high, low] + along * (haze[high, low + 1] - haze[high, low])
        below = haze[high + 1, low] + along * (haze[high + 1, low + 1] - haze[high + 1, low])
        out[column] = above + part * (below - above)
