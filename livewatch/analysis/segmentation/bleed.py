"""Bleed-through: how much of one dye is seen in the other channel, and taking it off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from livewatch.analysis.segmentation.ground import COARSE
from livewatch.analysis.segmentation.middles import medians

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.analysis.segmentation.ground import Ground

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float32]

FEWEST = 4
"""Cells needed to tell a coefficient."""
SHARE = 0.4
"""The quantile over cells that is taken: cells that overlap one of the other kind tell too much."""
SURE = 3.0
"""A coefficient fewer standard errors from 0 than this is none."""
LEAST, MOST = 0.002, 0.9


def onto(signal: Floats, pixel_um: float, shape: tuple[int, int], to_um: float) -> Floats:
    """An image resampled to another pixel size; both have the same top-left corner."""
    if signal.shape == shape and pixel_um == to_um:
        return signal
    height = max(1, round(signal.shape[0] * pixel_um / to_um))
    width = max(1, round(signal.shape[1] * pixel_um / to_um))
    way = cv2.INTER_AREA if pixel_um < to_um else cv2.INTER_LINEAR
    other = cv2.resize(signal, (width, height), interpolation=way)[: shape[0], : shape[1]]
    below, right = shape[0] - other.shape[0], shape[1] - other.shape[1]
    if below or right:
        other = cv2.copyMakeBorder(other, 0, below, 0, right, cv2.BORDER_REPLICATE)
    return np.ascontiguousarray(other, np.float32)


def without(seen: Ground, other: Ground, share: float) -> Ground:
    """What was seen in one channel, minus `share` of what was seen in the other."""
    if share <= 0:
        return seen
    leak = onto(other.signal, other.pixel_um, seen.signal.shape, seen.pixel_um)
    to_um = seen.pixel_um * COARSE
    coarse = onto(other.coarse, other.pixel_um * COARSE, seen.coarse.shape, to_um)
    return seen.minus(leak * np.float32(share), coarse * np.float32(share))


def coefficient(labels: Ints, boxes: Ints, source: Ground, seen: Ground) -> float | None:
    """The share of `source`'s light that `seen` shows, from the cells in `source`.

    `labels` (in `boxes`) are at the resolution of `source`; both without any correction.
    None where there are too few cells to tell; 0 where it is not clearly above 0.
    """
    other = onto(seen.smooth, seen.pixel_um, source.signal.shape, source.pixel_um)
    own, leaked = medians(labels, boxes, source.smooth), medians(labels, boxes, other)
    told = own > 5 * source.noise
    if told.sum() < FEWEST:
        return None
    ratio = leaked[told] / own[told]
    share = float(np.quantile(ratio, SHARE))
    below = share - ratio[ratio < share]
    spread = 1.5 * float(np.median(below)) if len(below) else 0.0
    error = spread * 1.25 / np.sqrt(len(ratio))
    return share if share > max(LEAST, SURE * error) and share < MOST else 0.0
