"""The part of a frame around one tumor cell, at one working resolution, with its masks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from livewatch.model import Cell, Pixels, View

    Image = NDArray[np.float32]
    Mask = NDArray[np.uint8]

MARGIN_UM = 3.0
FINEST_UM = 0.3
"""Finer images are averaged down to about this: no measure here needs more."""
FEWEST_PIXELS = 8
FEWEST_CLEAR = 20
STRAY_UM = 1.5
FILL_SHIFT = 4


@dataclass(frozen=True, slots=True, eq=False)
class Images:
    """One frame's channels as the camera gave them, None where it has no such channel."""

    tumor: Pixels | None
    nk: Pixels | None
    death: Pixels | None


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """A tumor cell and the NK cells at it: images (h, w) float32 in counts, None as in `Images`.

    `*_background` and `tumor_noise` are median and SD of a pixel where there is no cell. Masks
    are 0 / 1; `others_mask` covers every cell but the tumor. Pixel (row, column) is centred
    on left_um + (column + 0.5) * pixel_um, top_um + (row + 0.5) * pixel_um.
    """

    left_um: float
    top_um: float
    pixel_um: float
    tumor: Image | None
    nk: Image | None
    death: Image | None
    tumor_mask: Mask
    others_mask: Mask
    tumor_background: float = 0.0
    tumor_noise: float = 0.0
    nk_background: float = 0.0

    def to_pixels(self, points_um: NDArray[np.floating]) -> NDArray[np.float64]:
        """Stage um (n, 2) as pixel coordinates (column, row), whole numbers at pixel centres."""
        corner_um = np.array((self.left_um, self.top_um))
        return np.asarray((points_um - corner_um) / self.pixel_um - 0.5, np.float64)

    def mask(self, *outlines_um: NDArray[np.floating]) -> Mask:
        """The area within outlines (n, 2), as a mask of this crop."""
        filled = np.zeros(self.tumor_mask.shape, np.uint8)
        for outline in outlines_um:
            corners = np.round(self.to_pixels(outline) * 2**FILL_SHIFT).astype(np.int32)
            cv2.fillPoly(filled, [corners], (1,), lineType=cv2.LINE_8, shift=FILL_SHIFT)
        return filled


def crop_of(
    view: View,
    images: Images,
    tumor_um: NDArray[np.floating],
    partners: Sequence[Cell],
    others: Iterable[Cell],
) -> Crop | None:
    """Cut a tumor cell and its NK `partners` out of a frame; None if they are out of view.

    `tumor_um` is the tumor's outline, `others` are the other cells around, to be masked.
    """
    corners = np.vstack([tumor_um, *(cell.outline_um for cell in partners)])
    low_um, high_um = corners.min(axis=0) - MARGIN_UM, corners.max(axis=0) + MARGIN_UM
    corner_um = np.array((view.left_um, view.top_um))
    first = np.maximum(np.floor((low_um - corner_um) / view.pixel_um), 0).astype(int)
    last = np.minimum(np.ceil((high_um - corner_um) / view.pixel_um), view.shape[::-1])
    shrink = max(int(FINEST_UM / view.pixel_um), 1)
    size = (last.astype(int) - first) // shrink
    if (size < FEWEST_PIXELS).any():
        return None
    last = first + size * shrink
    window = np.s_[first[1] : last[1], first[0] : last[0]]
    left_um, top_um = corner_um + first * view.pixel_um
    empty = np.zeros((int(size[1]), int(size[0])), np.uint8)
    tumor_shown, nk_shown, death_shown = (
        _shrunk(image, window, shrink) for image in (images.tumor, images.nk, images.death)
    )
    blank = Crop(
        float(left_um),
        float(top_um),
        view.pixel_um * shrink,
        tumor_shown,
        nk_shown,
        death_shown,
        tumor_mask=empty,
        others_mask=empty,
    )
    tumor_mask = blank.mask(tumor_um)
    others_mask = blank.mask(*(cell.outline_um for cell in others))
    clear = grown((tumor_mask | others_mask)[::2, ::2], STRAY_UM, 2 * blank.pixel_um) == 0
    background, noise = _background(tumor_shown, clear)
    return replace(
        blank,
        tumor_mask=tumor_mask,
        others_mask=others_mask,
        tumor_background=background,
        tumor_noise=noise,
        nk_background=_background(nk_shown, clear)[0],
    )


def grown(mask: Mask, by_um: float, pixel_um: float) -> Mask:
    """A mask with a rim of `by_um` added; taken off, if that is negative."""
    side = 2 * round(abs(by_um) / pixel_um) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    changed = cv2.dilate(mask, disc) if by_um > 0 else cv2.erode(mask, disc)
    return np.asarray(changed, np.uint8)


def blurred(image: Image, sigma_px: float) -> Image:
    """A Gaussian blur."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma_px), np.float32)


def _shrunk(image: Pixels | None, window: tuple[slice, slice], by: int) -> Image | None:
    if image is None:
        return None
    as_float = image[window].astype(np.float32)
    if by == 1:
        return as_float
    size = as_float.shape[1] // by, as_float.shape[0] // by
    return np.asarray(cv2.resize(as_float, size, interpolation=cv2.INTER_AREA), np.float32)


def _background(image: Image | None, clear: NDArray[np.bool_]) -> tuple[float, float]:
    """Median and SD of every other pixel of an image, where `clear` of cells."""
    if image is None:
        return 0.0, 0.0
    outside = image[::2, ::2][clear]
    if outside.size < FEWEST_CLEAR:
        outside = image[::2, ::2].ravel()
    quarter, half = outside.size // 4, outside.size // 2
    ordered = np.partition(outside, (quarter, half))
    return float(ordered[half]), 1.4826 * float(ordered[half] - ordered[quarter]) + 1e-6
