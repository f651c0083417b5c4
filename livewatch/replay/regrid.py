"""An image seen through another view: the very pixels where the grids agree, else resampled."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from livewatch.model import Pixels, View

SAME_SIZE = 1e-6  # pixel sizes that differ by less than this part are the same
SAME_PLACE_PX = 0.1  # so are places nearer than this: no stage stops just where it was sent


def seen_through(view: View, image: Pixels, taken: View, background: float) -> Pixels:
    """`image`, taken at view `taken`, as it looks at `view`; `background` where it does not reach.

    Bit for bit the recorded pixels where `view` lies on the same grid of pixels. Otherwise
    linear between pixels, and averaged over the area of a larger pixel; counts stay those of
    the recording.
    """
    step_px = view.pixel_um / taken.pixel_um
    left_px = (view.left_um - taken.left_um) / taken.pixel_um
    top_px = (view.top_um - taken.top_um) / taken.pixel_um
    whole = max(abs(left_px - round(left_px)), abs(top_px - round(top_px))) < SAME_PLACE_PX
    if abs(step_px - 1) < SAME_SIZE and whole:
        return _cropped(image, round(top_px), round(left_px), view.shape, background)
    return _resampled(image, top_px, left_px, step_px, view.shape, background)


def _cropped(
    image: Pixels, top: int, left: int, shape: tuple[int, int], background: float
) -> Pixels:
    """The part of an image that begins at (top, left), which may lie outside."""
    rows, columns = shape
    found = np.full(shape, round(background), image.dtype)
    part = image[max(top, 0) : max(top + rows, 0), max(left, 0) : max(left + columns, 0)]
    if part.size:
        at_row, at_column = max(-top, 0), max(-left, 0)
        found[at_row : at_row + part.shape[0], at_column : at_column + part.shape[1]] = part
    return found


def _resampled(
    image: Pixels,
    top_px: float,
    left_px: float,
    step_px: float,
    shape: tuple[int, int],
    background: float,
) -> Pixels:
    """An image on a grid of pixels `step_px` times as large, from (top, left) in its pixels."""
    finer = max(ceil(step_px - SAME_SIZE), 1)
    small = step_px / finer
    onto = np.array(
        [[small, 0.0, left_px + small / 2 - 0.5], [0.0, small, top_px + small / 2 - 0.5]]
    )
    fine = cv2.warpAffine(
        image.astype(np.float32),
        onto,
        (shape[1] * finer, shape[0] * finer),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(background,),
    )
    mean = fine.reshape(shape[0], finer, shape[1], finer).mean((1, 3)) if finer > 1 else fine
    return np.rint(mean).astype(image.dtype)
