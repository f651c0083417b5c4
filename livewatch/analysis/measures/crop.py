"""The part of a frame around one tumor cell, at one working resolution, with who is where."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.measures.background import clear_places, level
from livewatch.analysis.measures.bulge import unbulged
from livewatch.analysis.measures.distance import distance_um
from livewatch.analysis.measures.outline import strung
from livewatch.analysis.measures.raster import claimed, reach_of
from livewatch.compiled import compiled
from livewatch.model import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from livewatch.model import Cell, Pixels, View

    Image = NDArray[np.float32]
    Mask = NDArray[np.uint8]
    Window = tuple[int, int, int, int]
    """First row, the row after the last, first column, the column after the last."""

MARGIN_UM = 3.0
FINEST_UM = 0.3
"""Finer images are averaged down to about this: no measure here needs more."""
FEWEST_PIXELS = 8
ASIDE_UM = 1.5
"""Around a body: a little more than the blur of its texture reaches."""


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
    others = sorted(others, key=lambda cell: cell.kind is not Kind.NK)
    nk_ids = tuple(cell.id for cell in others if cell.kind is Kind.NK)
    body, tumor_mask, others_mask, nks, from_tumors_um, from_others_um, depth_um = laid_out(
        (len(rows), len(columns)),
        *strung([tumor_um, *(cell.outline_um for cell in others)]),
        len(nk_ids),
        (left_um, top_um),
        pixel_um,
    )
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
        nk_ids,
        from_tumors_um,
        from_others_um,
        depth_um,
        background,
        noise,
        _level(nk, places)[0],
    )


@compiled
def laid_out(
    shape: tuple[int, int],
    outlines_um: NDArray[np.float64],
    starts: NDArray[np.int64],
    nk_count: int,
    corner_um: tuple[float, float],
    pixel_um: float,
) -> tuple[Window, Mask, Mask, NDArray[np.int16], Image, Image, Image]:
    """Who is where in a crop: `body` to `depth_um` of a `Crop`, without identities.

    Outlines stand one after the other, each from its start on: of the tumor cell, of `nk_count` NK
    cells, of other tumor cells.
    """
    outlines = np.empty_like(outlines_um)
    for i in range(len(outlines)):
        for axis in range(2):
            outlines[i, axis] = (outlines_um[i, axis] - corner_um[axis]) / pixel_um - 0.5
    tumor, others, tumors, nks = claimed(shape, outlines, starts, nk_count)
    body = around(outlines[: starts[1]], shape, ceil(ASIDE_UM / pixel_um) + 1)
    depth_um = deep(tumor, body, pixel_um)
    if unbulged(tumor, tumors, depth_um, nks, pixel_um):
        depth_um = deep(tumor, body, pixel_um)
    return (
        body,
        tumor,
        others,
        nks,
        distance_um(tumors == 0, pixel_um),
        distance_um(others == 0, pixel_um),
        depth_um,
    )


@compiled
def around(points: NDArray[np.float64], shape: tuple[int, int], aside: int) -> Window:
    """The window of some points (n, 2) and so many pixels around them, as far as there are any."""
    left, top, right, bottom = reach_of(points)
    return (
        max(int(top) - aside, 0),
        min(int(bottom) + aside + 1, shape[0]),
        max(int(left) - aside, 0),
        min(int(right) + aside + 1, shape[1]),
    )


@compiled
def deep(mask: Mask, window: Window, pixel_um: float) -> Image:
    """How far each pixel of a mask is from what is outside it; it lies within the window."""
    depth_um = np.zeros(mask.shape, np.float32)
    top, bottom, left, right = window
    inside = mask[top:bottom, left:right] > 0
    depth_um[top:bottom, left:right] = distance_um(inside, pixel_um)
    return depth_um


def _span(low_um: float, high_um: float, pixel_um: float, length: int, shrink: int) -> range:
    """The pixels from one place to another, as far as there are any, in steps of `shrink`."""
    first = max(int(low_um // pixel_um), 0)
    last = min(int(-(-high_um // pixel_um)), length)
    return range(first, first + max(last - first, 0) // shrink * shrink, shrink)


def _shrunk(image: Pixels | None, window: tuple[slice, slice], by: int) -> Image | None:
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


def _level(image: Image | None, places: NDArray[np.int64]) -> tuple[float, float]:
    return (0.0, 0.0) if image is None else level(image, places)
