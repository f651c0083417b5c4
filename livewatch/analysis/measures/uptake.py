"""Tumor-colored material inside an NK cell, in one frame, as a share of the tumor's dye.

Light in the tumor channel within an NK cell is of four kinds: bleed-through (goes with the NK
dye), stray light of the tumor cells beside it (blurred copies of them), background, and what was
bitten off. The first three are fitted together, leaving out what stands above them; that is the
fourth.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, sqrt
from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.measures.crop import blurred, grown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.analysis.measures.crop import Crop, Mask

    Image = NDArray[np.float32]
    Floats = NDArray[np.float64]

CLEAR_UM = 0.6
"""This close to a tumor cell, its own light outshines any bite."""
STRAY_UM = (0.6, 1.8)
SPOT_UM = 0.4
SPOT_REACH_UM = 0.6
FEWEST_PIXELS = 30
OUTSTANDING = 3.5
SIGNIFICANT = 6.0
FITS = 3
LEAST_CAUSE = np.array((5.0, 0.05, 0.05))
"""Causes (NK counts, stray shares) weaker than this explain nothing."""
LOOSE, STIFF = 1e-3, 0.3
"""How strongly leaks are held to nothing, and to what is known of them."""


@dataclass(frozen=True, slots=True)
class Uptake:
    """What one NK cell holds.

    `fraction` of the tumor's dye is inside the NK cell now; `noise` is the SD of one spot's share.
    `leaks` are the shares of the NK dye's light (bleed-through) and of the blurred tumor cells'
    light that reach the NK cell's pixels.
    """

    fraction: float
    noise: float
    leaks: tuple[float, ...]


def uptake_of(
    crop: Crop, nk_mask: Mask, tumors_mask: Mask, tumor_dye: float, leaks: tuple[float, ...]
) -> Uptake | None:
    """What the NK cell under `nk_mask` holds of a tumor with `tumor_dye` (counts times um2).

    The mask leaves out other NK cells; `tumors_mask` covers every tumor cell. `leaks` are
    those known from before, () if none: once much was bitten off they cannot be seen any more.
    None when too little of the NK cell lies clear of tumor cells, or a channel is missing.
    """
    if crop.tumor is None or crop.nk is None or not tumor_dye > 0:
        return None
    zone = nk_mask & (1 - grown(tumors_mask, CLEAR_UM, crop.pixel_um))
    if np.count_nonzero(zone) < FEWEST_PIXELS:
        return None
    left_over, leaks = _left_over(crop, zone, tumors_mask, leaks)
    smooth = _smooth(left_over, zone, SPOT_UM / crop.pixel_um)
    spots = (smooth > SIGNIFICANT * _smooth_noise(crop)).astype(np.uint8) & zone
    around = grown(spots, SPOT_REACH_UM, crop.pixel_um) & zone
    share = crop.pixel_um**2 / tumor_dye
    fraction = max(float(left_over[around > 0].sum()) * share, 0.0)
    pixels = max((SPOT_REACH_UM / crop.pixel_um) ** 2 * pi, 9.0)
    return Uptake(fraction, crop.tumor_noise * sqrt(pixels) * share, leaks)


def _left_over(
    crop: Crop, zone: Mask, tumors_mask: Mask, leaks: tuple[float, ...]
) -> tuple[Image, tuple[float, ...]]:
    """The tumor channel without bleed-through, stray light and background; and the leaks."""
    assert crop.tumor is not None
    assert crop.nk is not None
    inside = zone > 0
    mask = tumors_mask.astype(np.float32)
    stray = [blurred(mask, reach_um / crop.pixel_um)[inside] for reach_um in STRAY_UM]
    seen = crop.tumor[inside].astype(np.float64) - crop.tumor_background
    causes = np.stack((crop.nk[inside] - crop.nk_background, *stray)).astype(np.float64)
    known = np.array(leaks or (0.0,) * len(causes))
    shares, rest = known, seen - known @ causes
    for _ in range(FITS):
        kept = rest < OUTSTANDING * (crop.tumor_noise if leaks else _spread(rest))
        if np.count_nonzero(kept) >= FEWEST_PIXELS:
            stiff = STIFF if leaks else LOOSE
            shares = known + _least_squares(
                causes[:, kept], seen[kept] - known @ causes[:, kept], stiff
            )
        rest = seen - shares @ causes
    left_over = np.zeros(crop.tumor.shape, np.float32)
    left_over[inside] = rest
    return left_over, tuple(float(share) for share in shares)


def _least_squares(causes: Floats, seen: Floats, stiff: float) -> Floats:
    """The share of each cause (k, n) in what is seen, drawn towards 0 by `stiff`."""
    scale = np.maximum(np.sqrt((causes**2).mean(axis=1)), LEAST_CAUSE)
    scaled = causes / scale[:, None]
    square = scaled @ scaled.T / len(seen) + stiff * np.eye(len(causes))
    return np.asarray(np.linalg.solve(square, scaled @ seen / len(seen)) / scale, np.float64)


def _spread(values: NDArray[np.floating]) -> float:
    """SD of the noise, from the quarter of values below the median: bites are above it."""
    quarter, half = len(values) // 4, len(values) // 2
    ordered = np.partition(values, (quarter, half))
    return 1.4826 * float(ordered[half] - ordered[quarter]) + 1e-6


def _smooth_noise(crop: Crop) -> float:
    """What is left of the noise after smoothing by SPOT_UM."""
    return crop.tumor_noise / max(2 * sqrt(pi) * SPOT_UM / crop.pixel_um, 1.0)


def _smooth(image: Image, zone: Mask, sigma_px: float) -> Image:
    weight = blurred(zone.astype(np.float32), sigma_px)
    return np.asarray(blurred(image, sigma_px) / np.maximum(weight, 0.2), np.float32)
