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
    causes = np.ones((len(seen), 3))
    causes[:, 1], causes[:, 2] = crop.nk[inside], stray[inside]
    kept = np.ones(len(seen), bool)
    share = np.zeros(3)
    for _ in range(FITS):
        share = _least_squares(causes[kept], seen[kept])
        rest = seen - causes @ share
        kept = rest < OUTSTANDING * _spread(rest)
    left_over = np.zeros(crop.tumor.shape, np.float32)
    left_over[inside] = seen - causes @ share
    return left_over, float(share[1])


def _least_squares(causes: Floats, seen: Floats) -> Floats:
    square = causes.T @ causes
    square[np.diag_indices(3)] *= 1 + 1e-6
    return np.asarray(np.linalg.solve(square, causes.T @ seen), np.float64)


def _spread(values: NDArray[np.floating]) -> float:
    """SD of the noise, from the values below the median: bites are all above it."""
    middle = float(np.median(values))
    below = values[values <= middle]
    return float(1.4826 * np.median(middle - below)) + 1e-6


def _smooth(image: Image, zone: Mask, sigma_px: float) -> Image:
    weight = blurred(zone.astype(np.float32), sigma_px)
    return np.asarray(blurred(image, sigma_px) / np.maximum(weight, 0.2), np.float32)
