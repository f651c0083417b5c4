"""By how much two images through different objectives are displaced against each other.

The finer image is brought to the coarser one's pixels, the smaller field is searched in the larger
one, and the place is refined to a fraction of a pixel by the cross-correlation of both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np
from skimage.registration import phase_cross_correlation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.model import Pixels

    Image = NDArray[np.float32]

LARGEST_SHARE = 0.6
"""The template is no larger than this share of the field, so that it can be displaced in it."""
UPSAMPLE = 50
COARSE_UM = 1.0
GROUND_UM = 25.0
"""What is wider than this is the lamp's uneven light, not the sample."""


class Shift(NamedTuple):
    """Where the middle of the second image lies in the first: from its middle, in um.

    `likeness` is their correlation there, 1 at best; `pixel_um` what was compared.
    """

    x_um: float
    y_um: float
    likeness: float
    pixel_um: float


def shift_between(first: Pixels, first_um: float, second: Pixels, second_um: float) -> Shift:
    """The shift between two images of the same sample with pixels of these sizes."""
    if first.shape[1] * first_um < second.shape[1] * second_um:
        back = shift_between(second, second_um, first, first_um)
        return back._replace(x_um=-back.x_um, y_um=-back.y_um)
    pixel_um = max(first_um, second_um)
    field, found = scaled(first, first_um, pixel_um), scaled(second, second_um, pixel_um)
    template, corner = middle_of(found, field.shape)
    scores = cv2.matchTemplate(field, template, cv2.TM_CCOEFF_NORMED)
    _, likeness, _, (left, top) = cv2.minMaxLoc(scores)
    rows, columns = template.shape
    there = field[top : top + rows, left : left + columns]
    window = np.outer(np.hanning(rows), np.hanning(columns))
    (down, right), _, _ = phase_cross_correlation(  # type: ignore[no-untyped-call]
        (there - there.mean()) * window,
        (template - template.mean()) * window,
        upsample_factor=UPSAMPLE,
        normalization=None,
    )
    # the template's corner in the field, and its middle as the second image's middle
    x_px = left + right - corner[1] + found.shape[1] / 2 - field.shape[1] / 2
    y_px = top + down - corner[0] + found.shape[0] / 2 - field.shape[0] / 2
    return Shift(x_px * pixel_um, y_px * pixel_um, float(likeness), pixel_um)


def liveliest(
    image: Pixels, pixel_um: float, width_um: float, height_um: float
) -> tuple[float, float]:
    """Where a field of this size, whole within the image, shows most: from the middle, in um."""
    pixels = scaled(image, pixel_um, max(pixel_um, COARSE_UM))
    step_um = image.shape[1] * pixel_um / pixels.shape[1]
    columns, rows = (max(int(side / step_um), 1) for side in (width_um, height_um))
    bright = np.abs(cv2.GaussianBlur(pixels, (0, 0), 2.0))
    sums = cv2.integral(np.minimum(bright, np.percentile(bright, 98)).astype(np.float32))
    held = sums[rows:, columns:] - sums[:-rows, columns:] - sums[rows:, :-columns]
    held += sums[:-rows, :-columns]
    top, left = np.unravel_index(int(held.argmax()), held.shape)
    x_um = (float(left) + columns / 2 - pixels.shape[1] / 2) * step_um
    return x_um, (float(top) + rows / 2 - pixels.shape[0] / 2) * step_um


def scaled(image: Pixels, from_um: float, to_um: float) -> Image:
    """The image with pixels of another size, its uneven background taken off."""
    pixels = image.astype(np.float32)
    if to_um > from_um * 1.001:
        size = round(image.shape[1] * from_um / to_um), round(image.shape[0] * from_um / to_um)
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.float32)
    return np.asarray(pixels - cv2.GaussianBlur(pixels, (0, 0), GROUND_UM / to_um), np.float32)


def middle_of(image: Image, field: tuple[int, ...]) -> tuple[Image, tuple[int, int]]:
    """As much of the image's middle as may be displaced in a field, and its (row, column)."""
    rows, columns = (
        min(side, int(LARGEST_SHARE * whole))
        for side, whole in zip(image.shape, field, strict=True)
    )
    top, left = (image.shape[0] - rows) // 2, (image.shape[1] - columns) // 2
    return image[top : top + rows, left : left + columns], (top, left)
