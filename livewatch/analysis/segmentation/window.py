"""The parts of an image around what stands out of it only as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from livewatch.analysis.middle import median
from livewatch.analysis.segmentation.ground import COARSE
from livewatch.analysis.segmentation.regions import regions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from livewatch.analysis.segmentation.ground import Ground

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float32]
    Mask = NDArray[np.bool_]

BLUR = 0.2
"""Blur that a dim cell is drawn from, in diameters of a typical one."""
GAP_PX = 2
"""So near to a clear cell nothing is told from its halo."""


class Window(NamedTuple):
    """Part of an image (h, w), `rows` and `columns` of it.

    `smooth` and `signal` are those of the image above what is around the place that stands out,
    which is `under` (counts); `calm` is `signal` blurred by a fifth of a cell. `core` is where it
    stands out, `shut` where clear cells are, or nearly.
    """

    rows: slice
    columns: slice
    under: float
    smooth: Floats
    signal: Floats
    calm: Floats
    core: Mask
    shut: Mask


def windows(
    places: Ints, under: Floats, labels: Ints, is_clear: Mask, seen: Ground
) -> Iterator[Window]:
    """A window, a cell's width wider on each side, for each region of blocks that stand out.

    `places` (m, 2) are the rows and columns of these blocks, `under` (m) how bright it is around
    them; `labels` (h, w) are those found so far, of which those of `is_clear` (n) stay.
    """
    mask, floors = np.zeros(seen.coarse.shape, np.uint8), np.zeros(seen.coarse.shape, np.float32)
    mask[places[:, 0], places[:, 1]], floors[places[:, 0], places[:, 1]] = 1, under
    which, _, _, boxes = regions(mask, 1, 0, False)
    margin, shuts = round(seen.across_px), np.append(False, is_clear)
    for number, (top, left, bottom, right) in enumerate(boxes.tolist(), 1):
        rows = extent(top, bottom, margin, labels.shape[0])
        columns = extent(left, right, margin, labels.shape[1])
        floor = median(floors[top:bottom, left:right][which[top:bottom, left:right] == number])
        signal = seen.signal[rows, columns] - np.float32(floor)
        sigma_px = BLUR * seen.across_px
        calm = cv2.GaussianBlur(signal, (0, 0), sigma_px, borderType=cv2.BORDER_REFLECT)
        yield Window(
            rows=rows,
            columns=columns,
            under=floor,
            smooth=seen.smooth[rows, columns] - np.float32(floor),
            signal=signal,
            calm=np.asarray(calm, np.float32),
            core=enlarged(which, rows, columns) == number,
            shut=widened(shuts[labels[rows, columns]], GAP_PX),
        )


def extent(first: int, stop: int, margin: int, size: int) -> slice:
    """The pixels of an axis, `size` long, that blocks lie on, and a margin."""
    return slice(max(first * COARSE - margin, 0), min(stop * COARSE + margin, size))


def enlarged(blocks: Ints, rows: slice, columns: slice) -> Ints:
    """Labels of blocks as those of pixels; the last pixels may lie beyond the last block."""
    y = np.minimum(np.arange(rows.start, rows.stop) // COARSE, blocks.shape[0] - 1)
    x = np.minimum(np.arange(columns.start, columns.stop) // COARSE, blocks.shape[1] - 1)
    return np.asarray(blocks[y[:, None], x], np.int32)


def widened(mask: Mask, by: int) -> Mask:
    """A mask, and what is within `by` rows and columns of it."""
    square = np.ones((2 * by + 1, 2 * by + 1), np.uint8)
    return np.asarray(cv2.dilate(mask.view(np.uint8), square), np.uint8).view(np.bool_)
