"""A tumor cell's body unrolled: rings at equal shares of the way to the membrane, by direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from scipy import fft

from livewatch.analysis.measures.outline import DIRECTIONS
from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.analysis.measures.crop import Crop, Window
    from livewatch.analysis.measures.outline import Outline

    Map = NDArray[np.float32]
    Floats = NDArray[np.float64]

RINGS = np.linspace(0.2, 0.92, 12)
FINE_UM = 0.35
"""Blur that takes out noise, and"""
COARSE_UM = 8.5
"""side of the square whose mean is taken off: shading, thickness, stray light are broader."""
CLEAR_UM = 1.2
"""Texture this close to another cell is not looked at: stray light."""
EDGE_UM = 0.5
FEWEST_PIXELS_ACROSS = 14
FEWEST_PIXELS = 30
FAINTEST = 1e-3
ANGLE = np.arange(DIRECTIONS) * (2 * np.pi / DIRECTIONS)
COS, SIN = np.cos(ANGLE), np.sin(ANGLE)


@dataclass(frozen=True, slots=True, eq=False)
class Texture:
    """`rings` (rings, directions) as a share of the body's brightness, `weight` 1 where seen.

    `spectra` (3, rings, frequencies) are along the directions: of value, square and weight.
    """

    rings: Map
    weight: Map
    spectra: NDArray[np.complex64]


def textured(rings: Map, weight: Map) -> Texture:
    """A texture, its spectra taken once: it is compared with each one that comes after it."""
    stacked = np.concatenate((rings, rings * rings, weight)).reshape(3, *rings.shape)
    return Texture(rings, weight, fft.rfft(stacked))


def texture_of(crop: Crop, tumor: Outline) -> tuple[Texture, Map] | str:
    """Unroll the tumor of a crop: its texture and its light; or say why it shows none.

    The light (rings, directions) is in counts, background included, where the texture is seen.
    """
    if crop.tumor is None:
        return "no image of the tumor channel"
    if 2 * tumor.mean_radius_um < FEWEST_PIXELS_ACROSS * crop.pixel_um:
        return f"fewer than {FEWEST_PIXELS_ACROSS} pixels across the cell"
    both, mean = parted(
        crop.tumor, crop.depth_um, crop.from_others_um, crop.body, crop.tumor_background
    )
    if mean <= 0:
        return "covered by other cells"
    column, row = crop.to_pixels(tumor.x_um, tumor.y_um)
    rings, weight, light = unrolled(
        both,
        cv2.GaussianBlur(both, (0, 0), FINE_UM / crop.pixel_um),  # type: ignore[arg-type]
        mean,
        crop.tumor_background,
        round((COARSE_UM / crop.pixel_um - 1) / 2),
        tumor.radius_um / crop.pixel_um,
        column - crop.body[2],
        row - crop.body[0],
    )
    return textured(rings, weight), light


@compiled
def parted(
    image: Map, depth_um: Map, from_others_um: Map, window: Window, background: float
) -> tuple[Map, float]:
    """Where a tumor is seen by itself: (its light or 0, 1 or 0), and its mean (0: nowhere)."""
    top, bottom, left, right = window
    both = np.zeros((bottom - top, right - left, 2), np.float32)
    total, count = 0.0, 0
    for row in range(top, bottom):
        for column in range(left, right):
            if depth_um[row, column] > EDGE_UM and from_others_um[row, column] > CLEAR_UM:
                both[row - top, column - left, 0] = image[row, column] - background
                both[row - top, column - left, 1] = 1.0
                total += both[row - top, column - left, 0]
                count += 1
    return both, max(total / count, FAINTEST) if count >= FEWEST_PIXELS else 0.0


@compiled
def unrolled(
    both: Map,
    fine: Map,
    mean: float,
    background: float,
    reach: int,
    radius: Floats,
    column: float,
    row: float,
) -> tuple[Map, Map, Map]:
    """Structure between FINE_UM and COARSE_UM as a share of `mean`, by ring and direction.

    `both` are light and 1 where it is clear, `fine` is that blurred; the radius (DIRECTIONS,) is in
    pixels. Means are over what is clear, so that nothing beside it shows; a sample counts where the
    four pixels around it are clear. Each ring's own mean is taken off. Beside it come its weight
    and the light itself.
    """
    rings = np.zeros((len(RINGS), DIRECTIONS), np.float32)
    weight = np.zeros((len(RINGS), DIRECTIONS), np.float32)
    light = np.full((len(RINGS), DIRECTIONS), np.float32(background))
    clear, sums = shares(fine), summed(both)
    rows, columns = clear.shape
    for ring in range(len(RINGS)):
        total, count = 0.0, 0
        for i in range(DIRECTIONS):
            x = column + RINGS[ring] * radius[i] * COS[i]
            y = row + RINGS[ring] * radius[i] * SIN[i]
            c, r = int(np.floor(x)), int(np.floor(y))
            if c < 0 or r < 0 or c + 1 >= columns or r + 1 >= rows:
                continue
            if both[r, c, 1] * both[r, c + 1, 1] * both[r + 1, c, 1] * both[r + 1, c + 1, 1] == 0:
                continue
            u, v = x - c, y - r
            near = (1 - v) * ((1 - u) * clear[r, c] + u * clear[r, c + 1]) + v * (
                (1 - u) * clear[r + 1, c] + u * clear[r + 1, c + 1]
            )
            rings[ring, i] = (near - around(sums, int(y + 0.5), int(x + 0.5), reach)) / mean
            weight[ring, i] = 1.0
            light[ring, i] += np.float32(near)
            total += rings[ring, i]
            count += 1
        for i in range(DIRECTIONS):
            rings[ring, i] -= weight[ring, i] * total / max(count, 1)
    return rings, weight, light


@compiled
def shares(fine: Map) -> Floats:
    """A blurred image (h, w) of what is clear about each pixel."""
    clear = np.empty(fine.shape[:2])
    for row in range(fine.shape[0]):
        for column in range(fine.shape[1]):
            clear[row, column] = fine[row, column, 0] / max(fine[row, column, 1], FAINTEST)
    return clear


@compiled
def summed(both: Map) -> Floats:
    """(h + 1, w + 1, 2): the sums over all pixels above and left of each corner."""
    rows, columns = both.shape[:2]
    sums = np.zeros((rows + 1, columns + 1, 2))
    for row in range(rows):
        light, clear = 0.0, 0.0
        for column in range(columns):
            light += both[row, column, 0]
            clear += both[row, column, 1]
            sums[row + 1, column + 1, 0] = sums[row, column + 1, 0] + light
            sums[row + 1, column + 1, 1] = sums[row, column + 1, 1] + clear
    return sums


@compiled
def around(sums: Floats, row: int, column: int, reach: int) -> float:
    """The mean of what is clear in the square about a pixel; the image was `summed`."""
    top, left = max(row - reach, 0), max(column - reach, 0)
    bottom = min(row + reach + 1, sums.shape[0] - 1)
    right = min(column + reach + 1, sums.shape[1] - 1)
    ahead, beyond = sums[bottom, right], sums[top, right]
    beside, before = sums[bottom, left], sums[top, left]
    light = ahead[0] - beyond[0] - beside[0] + before[0]
    return float(light / max(ahead[1] - beyond[1] - beside[1] + before[1], 1.0))


@compiled
def turned_back(rings: Map, weight: Map, steps: float) -> tuple[Map, Map]:
    """A map of the body as it would look had the body not turned by `steps` of DIRECTIONS."""
    whole = int(np.floor(steps))
    part = np.float32(steps - whole)
    back, seen = np.zeros_like(rings), np.zeros_like(weight)
    for ring in range(len(rings)):
        for i in range(DIRECTIONS):
            this = (i + whole) % DIRECTIONS
            following = (this + 1) % DIRECTIONS
            if weight[ring, this] > 0 and weight[ring, following] > 0:
                step = rings[ring, following] - rings[ring, this]
                back[ring, i], seen[ring, i] = rings[ring, this] + part * step, 1.0
    return back, seen
