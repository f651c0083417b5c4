"""The part of a frame around one tumor cell, at one working resolution, with who is where."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from math import ceil, sqrt
from typing import TYPE_CHECKING

import cv2
import numpy as np

from livewatch.analysis.measures.raster import claimed, reach_of
from livewatch.compiled import compiled
from livewatch.model import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from livewatch.model import Cell, Pixels, View

    Image = NDArray[np.float32]
    Mask = NDArray[np.uint8]
    Window = tuple[slice, slice]

MARGIN_UM = 3.0
FINEST_UM = 0.3
"""Finer images are averaged down to about this: no measure here needs more."""
FEWEST_PIXELS = 8
ASIDE_UM = 1.5
"""Around a body: a little more than the blur of its texture reaches."""
FAR_PX = np.float32(1e4)
FEWEST_CLEAR = 20
STRAY_UM = 2.0
BULGE_UM = 6.0
"""Where the tumor's outline juts out narrower than twice this into an NK cell, it went round what
was bitten off."""
OUTSTANDING = 2.5
"""Pixels this many SD off are no background."""
FEW = 400
"""Pixels, at least, that tell what that is."""


@dataclass(frozen=True, slots=True, eq=False)
class Images:
    """One frame's channels as the camera gave them, None where it has no such channel."""

    tumor: Pixels | None
    nk: Pixels | None
    death: Pixels | None


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """A tumor cell and the NK cells at it: images (h, w) float32 in counts, None as in `Images`.

    Masks are 0 / 1: of the tumor cell, of every cell but it. `body` is the window of the tumor cell
    and ASIDE_UM around it, as far as there is. `nks` is the place in `nk_ids`,
    plus 1, of the one NK cell that covers a pixel. `from_tumors_um`, `from_others_um` are
    distances to the nearest such pixel (any tumor cell, any cell but the tumor), `depth_um` the
    distance out of the tumor, 0 outside it. `*_background` and `tumor_noise` are mean and SD of a
    pixel where there is no cell. Pixel (row, column) is centred on
    left_um + (column + 0.5) * pixel_um, top_um + (row + 0.5) * pixel_um.
    """

    left_um: float
    top_um: float
    pixel_um: float
    tumor: Image | None
    nk: Image | None
    death: Image | None
    body: Window
    tumor_mask: Mask
    others_mask: Mask
    nks: NDArray[np.int16]
    nk_ids: tuple[int, ...]
    from_tumors_um: Image
    from_others_um: Image
    depth_um: Image
    tumor_background: float
    tumor_noise: float
    nk_background: float

    def to_pixels(self, x_um: float, y_um: float) -> tuple[float, float]:
        """A place in the sample as (column, row), whole numbers at pixel centres."""
        return (
            (x_um - self.left_um) / self.pixel_um - 0.5,
            (y_um - self.top_um) / self.pixel_um - 0.5,
        )


def crop_of(
    view: View,
    images: Images,
    tumor_um: NDArray[np.floating],
    partners: Sequence[Cell],
    others: Sequence[Cell],
) -> Crop | None:
    """Cut a tumor cell and its NK `partners` out of a frame; None if they are out of view.

    `tumor_um` is the tumor's outline, `others` are the other cells around, to be masked.
    """
    corners = np.concatenate([tumor_um, *(cell.outline_um for cell in partners)])
    left, top, right, bottom = reach_of(corners)
    shrink = max(int(FINEST_UM / view.pixel_um), 1)
    columns, rows = (
        _span(low - MARGIN_UM - origin, high + MARGIN_UM - origin, view.pixel_um, length, shrink)
        for low, high, origin, length in zip(
            (left, top),
            (right, bottom),
            (view.left_um, view.top_um),
            view.shape[::-1],
            strict=True,
        )
    )
    if min(len(columns), len(rows)) < FEWEST_PIXELS:
        return None
    window = np.s_[rows.start : rows.stop, columns.start : columns.stop]
    tumor, nk, death = (
        _shrunk(image, window, shrink) for image in (images.tumor, images.nk, images.death)
    )
    left_um = view.left_um + columns.start * view.pixel_um
    top_um = view.top_um + rows.start * view.pixel_um
    pixel_um = view.pixel_um * shrink
    others = [cell for cell in others if cell.kind is Kind.NK] + [
        cell for cell in others if cell.kind is not Kind.NK
    ]
    outlines = [tumor_um, *(cell.outline_um for cell in others)]
    starts = np.array([0, *accumulate(map(len, outlines))], np.int64)
    joined = (np.concatenate(outlines, dtype=np.float64) - (left_um, top_um)) / pixel_um - 0.5
    tumor_mask, others_mask, tumors_mask, nks = claimed(
        (len(rows), len(columns)),
        joined,
        starts,
        np.array([True, *(cell.kind is not Kind.NK for cell in others)], np.uint8),
    )
    body = _body(joined[: len(tumor_um)], tumor_mask.shape, pixel_um)
    depth_um = _depth_um(tumor_mask, body, pixel_um)
    bulge = _bulge(tumor_mask[body], depth_um[body], nks[body], pixel_um)
    if bulge.any():
        tumor_mask[body][bulge] = tumors_mask[body][bulge] = 0
        depth_um = _depth_um(tumor_mask, body, pixel_um)
    from_tumors_um = distance_um(1 - tumors_mask, pixel_um)
    from_others_um = distance_um(1 - others_mask, pixel_um)
    places = clear_places(from_tumors_um, from_others_um)
    background, noise = _level(tumor, places)
    return Crop(
        left_um,
        top_um,
        pixel_um,
        tumor,
        nk,
        death,
        body,
        tumor_mask,
        others_mask,
        nks,
        tuple(cell.id for cell in others if cell.kind is Kind.NK),
        from_tumors_um,
        from_others_um,
        depth_um,
        background,
        noise,
        _level(nk, places)[0],
    )


def _body(tumor_px: NDArray[np.float64], shape: tuple[int, ...], pixel_um: float) -> Window:
    """Where in a crop of that shape the tumor cell lies, its outline given in pixels."""
    left, top, right, bottom = reach_of(tumor_px)
    aside = ceil(ASIDE_UM / pixel_um) + 1
    return (
        slice(max(int(top) - aside, 0), min(int(bottom) + aside + 1, shape[0])),
        slice(max(int(left) - aside, 0), min(int(right) + aside + 1, shape[1])),
    )


def _depth_um(tumor_mask: Mask, body: Window, pixel_um: float) -> Image:
    """How far each of the tumor cell's pixels is from what is outside it."""
    depth_um = np.zeros(tumor_mask.shape, np.float32)
    depth_um[body] = distance_um(tumor_mask[body], pixel_um)
    return depth_um


def _bulge(
    tumor_mask: Mask, depth_um: Image, nks: NDArray[np.int16], pixel_um: float
) -> NDArray[np.bool_]:
    """What of a tumor's mask belongs to an NK cell: narrow, and covered by one (an opening)."""
    shared: NDArray[np.bool_] = (tumor_mask > 0) & (nks != 0)
    if not shared.any() or not (depth_um > BULGE_UM).any():
        return np.zeros_like(shared)
    # no core further off than this matters; distances here are up to 5 % short
    reach = ceil(1.1 * BULGE_UM / pixel_um) + 3
    rows, columns = (np.flatnonzero(shared.any(axis=axis)) for axis in (1, 0))
    about = np.s_[
        max(rows[0] - reach, 0) : rows[-1] + reach + 1,
        max(columns[0] - reach, 0) : columns[-1] + reach + 1,
    ]
    shared[about] &= narrow(depth_um[about], BULGE_UM, pixel_um)
    return shared


def narrow(depth_um: Image, half_um: float, pixel_um: float) -> NDArray[np.bool_]:
    """What is further than `half_um` from where a mask is as deep: an opening takes it away."""
    outside = np.asarray(depth_um <= half_um, np.uint8)
    return np.asarray(distance_um(outside, pixel_um) > half_um + pixel_um)


def _span(low_um: float, high_um: float, pixel_um: float, length: int, shrink: int) -> range:
    """The pixels from one place to another, as far as there are any, in steps of `shrink`."""
    first = max(int(low_um // pixel_um), 0)
    last = min(int(-(-high_um // pixel_um)), length)
    return range(first, first + max(last - first, 0) // shrink * shrink, shrink)


def _shrunk(image: Pixels | None, window: Window, by: int) -> Image | None:
    if image is None:
        return None
    part = image[window]
    if by == 1:
        return part.astype(np.float32)
    return averaged(part, by)


@compiled
def averaged(image: Pixels, by: int) -> Image:
    """An image whose pixels are means of `by` x `by`."""
    rows, columns = image.shape[0] // by, image.shape[1] // by
    mean = np.zeros((rows, columns), np.float32)
    for row in range(rows * by):
        for column in range(columns * by):
            mean[row // by, column // by] += np.float32(image[row, column])
    mean /= np.float32(by * by)
    return mean


def distance_um(outside: Mask, pixel_um: float) -> Image:
    """How far each pixel marked 1 is from the nearest one marked 0; far, where there is none."""
    if outside.all():
        return np.full(outside.shape, FAR_PX * np.float32(pixel_um), np.float32)
    distance = cv2.distanceTransform(outside, cv2.DIST_L2, 3)
    return np.asarray(np.multiply(distance, np.float32(pixel_um), out=distance))


@compiled
def clear_places(from_tumors_um: Image, from_others_um: Image) -> NDArray[np.int64]:
    """The flat places of pixels clear of cells, one in two; of all pixels, where too few are."""
    rows, columns = from_tumors_um.shape
    places, count = np.empty(rows * (columns // 2 + 1), np.int64), 0
    for everywhere in (False, True):
        if count >= FEWEST_CLEAR:
            break
        count = 0
        for row in range(rows):
            for column in range(row % 2, columns, 2):
                far = min(from_tumors_um[row, column], from_others_um[row, column]) > STRAY_UM
                places[count] = row * columns + column
                count += everywhere or far
    return places[:count]


def _level(image: Image | None, places: NDArray[np.int64]) -> tuple[float, float]:
    return (0.0, 0.0) if image is None else level(image, places)


@compiled
def level(image: Image, places: NDArray[np.int64]) -> tuple[float, float]:
    """Mean and SD of the image at some places.

    A mean, because cameras count in whole numbers: a median would jump by one of them. Pixels
    that stand out (debris, cells not found) are left out.
    """
    outside = image.ravel()[places]
    some = outside[:: max(len(outside) // FEW, 1)]
    quarter, half = len(some) // 4, len(some) // 2
    ordered = np.partition(some, half)
    middle = ordered[half]
    spread = 1.4826 * (middle - np.partition(ordered[: half + 1], quarter)[quarter]) + 0.5
    total, square, kept = 0.0, 0.0, 0
    for value in outside:
        if abs(value - middle) <= OUTSTANDING * spread:
            total += value - middle
            square += (value - middle) ** 2
            kept += 1
    mean = total / kept
    return float(middle) + mean, sqrt(max(square / kept - mean * mean, 0.0)) + 1e-6
