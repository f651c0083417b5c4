"""Tumor-colored material inside an NK cell, in one frame, as a share of the tumor's dye.

Light in the tumor channel within an NK cell is of four kinds: bleed-through (goes with the NK
dye), stray light of the tumor cells beside it (a blurred copy of them), background, and what was
bitten off. The first three are fitted together, leaving out what stands above them; that is the
fourth.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.measures.crop import blurred, grown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.analysis.measures.crop import Crop, Mask

    Image = NDArray[np.float32]
    Floats = NDArray[np.float64]

CLEAR_UM = 0.9
"""This close to a tumor cell, its own light outshines any bite."""
STRAY_UM = 1.5
SPOT_UM = 0.4
SPOT_REACH_UM = 0.6
FEWEST_PIXELS = 30
OUTSTANDING = 2.5
SIGNIFICANT = 4.5
FITS = 3
RIDGE = 1e-4


@dataclass(frozen=True, slots=True)
class Uptake:
    """`fraction` of the tumor's dye that is inside the NK cell now; `noise` is its SD.

    `bleed` is the share of the NK dye's light that reaches the tumor channel, as fitted.
    """

    fraction: float
    noise: float
    bleed: float


def uptake_of(crop: Crop, nk_mask: Mask, tumors_mask: Mask, tumor_dye: float) -> Uptake | None:
    """What the NK cell under `nk_mask` holds of a tumor with `tumor_dye` (counts times um2).

    `tumors_mask` covers every tumor cell. None when too little of the NK cell lies clear of
    them, or a channel is missing.
    """
    if crop.tumor is None or crop.nk is None or not tumor_dye > 0:
        return None
    zone = nk_mask & (1 - grown(tumors_mask, CLEAR_UM, crop.pixel_um))
    if np.count_nonzero(zone) < FEWEST_PIXELS:
        return None
    left_over, bleed = _left_over(crop, zone, tumors_mask)
    smooth = _smooth(left_over, zone, SPOT_UM / crop.pixel_um)
    spread = _spread(smooth[zone > 0])
    spots = (smooth > SIGNIFICANT * spread).astype(np.uint8) & zone
    spots = grown(spots, SPOT_REACH_UM, crop.pixel_um) & zone
    area_um2 = crop.pixel_um**2
    flux = float(left_over[spots > 0].sum()) * area_um2
    pixel_noise = _spread(left_over[zone > 0])
    noise = pixel_noise * sqrt(max(int(np.count_nonzero(spots)), 9)) * area_um2
    return Uptake(max(flux, 0.0) / tumor_dye, noise / tumor_dye, bleed)


def _left_over(crop: Crop, zone: Mask, tumors_mask: Mask) -> tuple[Image, float]:
    """The tumor channel without bleed-through, stray light and background; and the bleed."""
    assert crop.tumor is not None
    assert crop.nk is not None
    stray = blurred(tumors_mask.astype(np.float32), STRAY_UM / crop.pixel_um)
    inside = zone > 0
    seen = crop.tumor[inside].astype(np.float64)
    causes = np.stack((crop.nk[inside], stray[inside])).astype(np.float64)
    kept = np.ones(len(seen), bool)
    bleed, rest = 0.0, seen
    for _ in range(FITS):
        even, bleed, leak = _plane(causes[:, kept], seen[kept])
        rest = seen - even - bleed * causes[0] - leak * causes[1]
        kept = rest < OUTSTANDING * _spread(rest)
    left_over = np.zeros(crop.tumor.shape, np.float32)
    left_over[inside] = rest
    return left_over, bleed


def _plane(causes: Floats, seen: Floats) -> tuple[float, float, float]:
    """Least squares: even light, and the share of each of two causes (2, n).

    A cause that hardly varies gets next to nothing.
    """
    means, mean = causes.mean(axis=1), float(seen.mean())
    first, second = causes - means[:, None]
    away = seen - mean
    aa, bb, ab = float(first @ first), float(second @ second), float(first @ second)
    aa, bb = aa + RIDGE * len(seen), bb + RIDGE * len(seen)
    at, bt = float(first @ away), float(second @ away)
    whole = aa * bb - ab * ab
    one, two = (at * bb - bt * ab) / whole, (bt * aa - at * ab) / whole
    return mean - one * float(means[0]) - two * float(means[1]), one, two


def _spread(values: NDArray[np.floating]) -> float:
    """SD of the noise, from the quarter of values below the median: bites are above it."""
    quarter, half = len(values) // 4, len(values) // 2
    ordered = np.partition(values, (quarter, half))
    return 1.4826 * float(ordered[half] - ordered[quarter]) + 1e-6


def _smooth(image: Image, zone: Mask, sigma_px: float) -> Image:
    weight = blurred(zone.astype(np.float32), sigma_px)
    return np.asarray(blurred(image, sigma_px) / np.maximum(weight, 0.2), np.float32)
