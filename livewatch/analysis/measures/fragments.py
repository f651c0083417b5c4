"""Tumor-colored material in pieces around a tumor cell, in one frame, as a share of its dye.

A cell that dies by apoptosis blebs and falls into bodies of a few um. What lies on NK cells is
their bite, and what is nearer to another cell is that one's; stray light of the cell itself, which
falls off with the distance, is fitted and taken off, as it is for bites (see `uptake`).
"""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.measures.distance import narrow
from livewatch.analysis.measures.uptake import (
    CAUSES,
    CLEAR_UM,
    FEWEST_PIXELS,
    left_over,
    spots_light,
    strayed,
)
from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.analysis.measures.crop import Crop

    Image = NDArray[np.float32]

REACH_UM = 3.0
"""Pieces are looked for so far from the cell: as far as every crop goes."""
NARROW_UM = 2.0
"""What juts out of the cell and is narrower than twice this is a piece that still touches it."""


def shed_of(crop: Crop, tumor_dye: float) -> float:
    """What of a tumor with `tumor_dye` (counts times um2) lies in pieces around it, as a share.

    NaN where too little around it is free of other cells, or without an image of it.
    """
    if crop.tumor is None or not tumor_dye > 0:
        return nan
    apart = pieces_light(
        crop.tumor,
        crop.from_tumors_um,
        crop.from_others_um,
        crop.pixel_um,
        crop.tumor_background,
        crop.tumor_noise,
    )
    touching = crop.tumor[jutting(crop)] - np.float32(crop.tumor_background)
    light = max(apart, 0.0) + max(float(touching.sum(dtype=np.float64)), 0.0)
    return light * crop.pixel_um**2 / tumor_dye if apart == apart else nan


def jutting(crop: Crop) -> NDArray[np.bool_]:
    """What juts out of the tumor cell's mask: an opening takes it away."""
    return narrow(crop.depth_um, NARROW_UM, crop.pixel_um) & (crop.tumor_mask > 0)


@compiled
def pieces_light(
    tumor: Image,
    from_tumors_um: Image,
    from_others_um: Image,
    pixel_um: float,
    background: float,
    noise: float,
) -> float:
    """Light (counts) of what stands out around the tumor cell; NaN if that cannot be seen."""
    free = (from_tumors_um > CLEAR_UM) & (from_tumors_um <= REACH_UM)
    rows, columns = np.nonzero(free & (from_others_um > from_tumors_um))
    count = len(rows)
    if count < FEWEST_PIXELS:
        return nan
    seen, causes = np.empty(count), strayed(rows, columns, from_tumors_um, pixel_um)
    for i in range(count):
        seen[i] = tumor[rows[i], columns[i]] - background
    rest = left_over(seen, causes, np.full(CAUSES, nan), noise, np.empty(CAUSES))
    return spots_light(rest, rows, columns, noise, pixel_um)
