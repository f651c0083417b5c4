"""A tumor cell's body unrolled: rings at equal shares of the way to the membrane, by direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from livewatch.analysis.measures.crop import grown
from livewatch.analysis.measures.outline import DIRECTIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.analysis.measures.crop import Crop, Mask
    from livewatch.analysis.measures.outline import Outline

    Map = NDArray[np.float32]

RINGS = np.linspace(0.2, 0.92, 12)
FINE_UM = 0.35
"""Blur that takes out noise, and"""
COARSE_UM = 2.5
"""blur whose result is taken off: shading, thickness and stray light are broader than this."""
CLEAR_UM = 1.2
"""Texture this close to another cell is not looked at: stray light."""
EDGE_UM = 0.5
FEWEST_PIXELS_ACROSS = 14


@dataclass(frozen=True, slots=True, eq=False)
class Texture:
    """`rings` (rings, directions) as a share of the body's brightness, `weight` 1 where seen."""

    rings: Map
    weight: Map


def texture_of(crop: Crop, tumor: Outline) -> Texture | str:
    """Unroll the tumor of a crop; or say why it shows no texture."""
    if crop.tumor is None:
        return "no image of the tumor channel"
    if 2 * tumor.mean_radius_um < FEWEST_PIXELS_ACROSS * crop.pixel_um:
        return f"fewer than {FEWEST_PIXELS_ACROSS} pixels across the cell"
    clear = _clear(crop)
    if not clear.any():
        return "covered by other cells"
    columns, rows = _where(crop, tumor)
    structure = np.dstack((_structure(crop.tumor - crop.tumor_background, clear, crop), clear))
    unrolled = cv2.remap(structure, columns, rows, cv2.INTER_LINEAR)
    weight = np.asarray(unrolled[..., 1] > 0.99, np.float32)
    rings = unrolled[..., 0] * weight
    seen = np.maximum(weight.sum(axis=1, keepdims=True), 1)
    rings -= rings.sum(axis=1, keepdims=True) / seen
    return Texture(np.asarray(rings * weight, np.float32), weight)


def _clear(crop: Crop) -> Map:
    """Where the tumor is seen by itself: 1, else 0."""
    covered = grown(crop.others_mask, CLEAR_UM, crop.pixel_um)
    alone: Mask = grown(crop.tumor_mask, -EDGE_UM, crop.pixel_um) & (1 - covered)
    return alone.astype(np.float32)


def _structure(image: Map, clear: Map, crop: Crop) -> Map:
    """Structure between FINE_UM and COARSE_UM, as a share of the cell's mean brightness.

    Means are over the pixels that are clear, so that nothing beside them shows.
    """
    both = np.dstack((image * clear, clear))
    fine = cv2.GaussianBlur(both, (0, 0), FINE_UM / crop.pixel_um)
    coarse = cv2.stackBlur(both, 2 * (_stack_side(COARSE_UM / crop.pixel_um),))
    least = np.float32(1e-3)
    structure = fine[..., 0] / np.maximum(fine[..., 1], least)
    structure -= coarse[..., 0] / np.maximum(coarse[..., 1], least)
    mean = max(float(both[..., 0].sum() / clear.sum()), 1e-3)
    return np.asarray(structure * (clear / np.float32(mean)), np.float32)


def _stack_side(sigma_px: float) -> int:
    """Side of a stack blur (triangular) with the standard deviation of a Gaussian."""
    return 2 * round(6**0.5 * sigma_px) - 1


def _where(crop: Crop, tumor: Outline) -> tuple[Map, Map]:
    """Pixel columns and rows of the unrolled body's samples."""
    radius = RINGS[:, None] * (tumor.radius_um / crop.pixel_um)
    column, row = crop.to_pixels(np.array([[tumor.x_um, tumor.y_um]]))[0]
    columns, rows = column + radius * COS, row + radius * SIN
    return columns.astype(np.float32), rows.astype(np.float32)


ANGLE = np.arange(DIRECTIONS) * (2 * np.pi / DIRECTIONS)
COS, SIN = np.cos(ANGLE), np.sin(ANGLE)
