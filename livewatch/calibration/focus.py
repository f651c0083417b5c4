"""The focus of a sweep: where edges are sharpest, between the planes that were taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.softness import energy, noise_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livewatch.model import Pixels

BLUR_UM = 0.5
"""Edges are looked for at this scale: finer than what is out of focus, coarser than noise."""
NEAR = 0.35
"""Planes with less than this part of the sharpest one's energy say nothing of where it is."""
FEWEST = 5
LEAST_CHANGE = 1.3
"""Where the sharpest plane has not so many times the energy of the softest, nothing is there."""


@dataclass(frozen=True, slots=True)
class Focus:
    """Where the sample is sharp, in um of the focus drive, and the standard error of that."""

    z_um: float
    sd_um: float


def sharpness(image: Pixels, pixel_um: float) -> float:
    """How much energy the edges in an image have, per squared mean light; noise is taken off."""
    pixels = image.astype(np.float32)
    blur_px = max(BLUR_UM / pixel_um, 0.7)
    noise = noise_of(pixels) ** 2 / (4 * np.pi * blur_px**4)
    return max(energy(pixels, blur_px) - noise, 1e-3 * noise)


def sharpest(z_um: Sequence[float], energies: Sequence[float]) -> Focus | None:
    """The focus of a sweep; None if it lies beyond the planes that were taken.

    The gradient energy of an edge goes with 1 / sqrt(blur^2), and blur^2 is a parabola of the
    distance from focus: so 1 / energy^2 is one, whose vertex is sought around the sharpest plane.
    """
    z, inverse = np.asarray(z_um, float), np.asarray(energies, float) ** -2
    order = np.argsort(z)
    z, inverse = z[order], np.asarray(inverse[order] / np.min(inverse), np.float64)
    best = int(inverse.argmin())
    if inverse.max() < LEAST_CHANGE**2 or min(energies) <= 0:
        return None
    if best in (0, len(z) - 1):
        return None
    near = inverse <= NEAR**-2
    if np.count_nonzero(near) < FEWEST:
        near = np.zeros(len(z), bool)
        near[np.argsort(np.abs(z - z[best]), kind="stable")[:FEWEST]] = True
    weight = 1 / inverse[near]
    middle = z[best]
    curve, covariance = np.polyfit(z[near] - middle, inverse[near], 2, w=weight, cov="unscaled")
    a, b = float(curve[0]), float(curve[1])
    if a <= 0:
        return None
    vertex = -b / (2 * a)
    rest = inverse[near] - np.polyval(curve, z[near] - middle)
    freedom = max(int(np.count_nonzero(near)) - 3, 1)
    scale = float((weight * rest) @ (weight * rest)) / freedom
    slopes = np.array((b / (2 * a * a), -1 / (2 * a), 0.0))
    error = float(np.sqrt(max(slopes @ covariance @ slopes * scale, 0.0)))
    z_best = float(middle + vertex)
    return Focus(z_best, error) if z[0] <= z_best <= z[-1] else None
