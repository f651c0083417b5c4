"""Each cell's own texture: a dark nucleus off centre, granules, coarse mottling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from livewatch.specimen.paint import GRAIN, TEXTURE_SIDE

if TYPE_CHECKING:
    from numpy.typing import NDArray


def texture_of(pattern: int) -> NDArray[np.int8]:
    """(TEXTURE_SIDE, TEXTURE_SIDE) relative brightness about 0, the same for the same number.

    In steps of GRAIN. It covers the square round the cell, outline included.
    """
    rng = np.random.default_rng([pattern, 0x7E47])
    side = TEXTURE_SIDE
    coarse = cv2.GaussianBlur(rng.standard_normal((side, side)).astype(np.float32), (0, 0), 7.0)
    fine = cv2.GaussianBlur(rng.standard_normal((side, side)).astype(np.float32), (0, 0), 2.2)
    mottle = 0.22 * coarse / coarse.std() + 0.12 * fine / fine.std()
    rows, columns = np.mgrid[:side, :side].astype(np.float32)
    bearing, off = rng.uniform(-np.pi, np.pi), rng.uniform(5.0, 9.0)
    x, y = side / 2 + off * np.cos(bearing), side / 2 + off * np.sin(bearing)
    nucleus = 1.0 / (1.0 + np.exp((np.hypot(columns - x, rows - y) - rng.uniform(9, 11)) / 1.2))
    texture = mottle - 0.38 * nucleus
    for _ in range(rng.integers(4, 9)):
        away, turn = side / 2 * rng.uniform(0.35, 0.85), rng.uniform(-np.pi, np.pi)
        gx, gy = side / 2 + away * np.cos(turn), side / 2 + away * np.sin(turn)
        spread = rng.uniform(1.8, 3.2)
        texture += rng.uniform(0.3, 0.8) * np.exp(
            -((columns - gx) ** 2 + (rows - gy) ** 2) / (2 * spread**2)
        )
    return np.asarray(np.clip(np.round(texture / GRAIN), -127, 127), np.int8)
