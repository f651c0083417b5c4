"""The camera's sensor: uneven light, photon noise, read noise, offset, saturation."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from livewatch.specimen.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.specimen.scene import Look

DICE = 1 << 14
_normal = NormalDist()
GAUSS = np.array([_normal.inv_cdf((roll + 0.5) / DICE) for roll in range(DICE)], np.float32)
"""A normal deviate for each of `DICE` equally likely rolls."""


@compiled
def rolled(key: np.uint32, place: np.uint32) -> np.uint32:
    """A well-mixed number for one pixel of one exposure (lowbias32 constants, Wellons 2018)."""
    mixed = np.uint32(place) * np.uint32(0x9E3779B1) + np.uint32(key)
    mixed = (mixed ^ (mixed >> np.uint32(16))) * np.uint32(0x7FEB352D)
    mixed = (mixed ^ (mixed >> np.uint32(15))) * np.uint32(0x846CA68B)
    return np.uint32(mixed ^ (mixed >> np.uint32(16)))


@compiled
def vignette(x: float, y: float, unevenness: float) -> float:
    """Lamp light at a place of the sensor (-1 to 1 across the whole of it), 1 at its brightest."""
    dx, dy = x + 0.15, y - 0.1
    return 1.0 - unevenness * (dx * dx + dy * dy)


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
    for row in range(rows):
        hy = haze_at[0] + row * haze_at[2]
        ry = int(hy)
        fy = np.float32(hy - ry)
        y = where[1] + row * where[3]
        for column in range(columns):
            hx = haze_at[1] + column * haze_at[2]
            rx = int(hx)
            fx = np.float32(hx - rx)
            over = haze[ry, rx] * (1 - fx) + haze[ry, rx + 1] * fx
            under = haze[ry + 1, rx] * (1 - fx) + haze[ry + 1, rx + 1] * fx
            lit = light[row, column] + over * (1 - fy) + under * fy + background
            mean = lit * electrons * vignette(where[0] + column * where[2], y, look.unevenness)
            roll = rolled(key, np.uint32(row * columns + column))
            shot = GAUSS[roll & np.uint32(DICE - 1)]
            read = GAUSS[(roll >> np.uint32(16)) & np.uint32(DICE - 1)]
            # (sqrt(mean) + g/2)^2 has a Poisson's mean (+ 1/4), variance and skew
            root = math.sqrt(max(mean, 0.0)) + 0.5 * shot
            caught = root * root - 0.25 if mean > 0.0 else 0.0
            count = look.offset + (caught + read_noise * read) * look.counts_per_electron
            counts[row, column] = np.uint16(min(max(count + 0.5, 0.0), look.saturation))
