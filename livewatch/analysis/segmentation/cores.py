"""Where an image stands out over most of a cell's width, though its pixels hardly do.

It is looked at in blocks of pixels that were averaged for the background anyway; three by three
of them, about a cell, have a fraction of a pixel's noise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.segmentation.box import within
from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float32]
    Mask = NDArray[np.uint8]

BLOCKS = 3
"""Blocks across an average."""
FEWEST = 6
"""Of its nine blocks so many must be known."""
EVERY = 2
"""One pixel in so many of each axis tells which blocks a cell lies in."""


def warm_up() -> None:
    """Compile, or load from the cache, what is done with the averages."""
    size = 8, 8
    nothing, none = np.zeros(size, np.int32), np.zeros((0, 4), np.int32)
    hidden = covered(nothing, none, np.zeros(0, np.bool_), 1, size)
    core = averages(np.zeros(size, np.float32), hidden, np.float32(1))
    contrasts(core, 1, 1)
    standing_out(core, 1, 1.0)


@compiled
def covered(
    labels: Ints, boxes: Ints, wanted: NDArray[np.bool_], block: int, shape: tuple[int, int]
) -> Mask:
    """Which blocks, `block` pixels wide, the `wanted` labels (n) lie in: `shape`."""
    height, width = shape
    found = np.zeros(shape, np.uint8)
    for number in range(len(boxes)):
        if not wanted[number]:
            continue
        box = boxes[number]
        own = within(labels, box)
        for row in range(0, own.shape[0], EVERY):
            y = (row + box[0]) // block
            for column in range(0, own.shape[1], EVERY):
                if own[row, column] == number + 1:
                    x = (column + box[1]) // block
                    if y < height and x < width:
                        found[y, x] = 1
    return found


@compiled
def averages(coarse: Floats, hidden: Mask, most: np.float32) -> Floats:
    """Averages of 3 x 3 blocks of `coarse` (h, w); NaN where too many of them are not known.

    Those `hidden` are not, nor those darker than -`most`: the background fails there. None counts
    for more than `most`, so that a bright speck is no dim cell.
    """
    height, width = coarse.shape
    found = np.empty((height, width), np.float32)
    value, known = np.zeros((3, width), np.float32), np.zeros((3, width), np.float32)
    sums, counts = np.zeros(width + 2, np.float32), np.zeros(width + 2, np.float32)
    none = np.float32(0)
    for below in range(height + 1):  # three rows at a time are at hand
        share, told = value[below % 3], known[below % 3]
        if below == height:
            share[:], told[:] = none, none
        else:
            line, shut = coarse[below], hidden[below]
            for column in range(width):
                is_open = (shut[column] == 0) & (line[column] > -most)
                share[column] = min(line[column], most) if is_open else none
                told[column] = np.float32(is_open)
        if below == 0:
            continue
        for column in range(width):
            sums[column + 1] = value[0, column] + value[1, column] + value[2, column]
            counts[column + 1] = known[0, column] + known[1, column] + known[2, column]
        out = found[below - 1]
        for column in range(width):
            count = counts[column] + counts[column + 1] + counts[column + 2]
            total = sums[column] + sums[column + 1] + sums[column + 2]
            out[column] = total / count if count >= FEWEST else np.float32(np.nan)
    return found


@compiled
def around(core: Floats, row: int, column: int, reach: int) -> float:
    """The middle of the averages `reach` blocks above, below, left and right of one.

    Of four it is the mean of the two in the middle, so that neither a slope nor a neighbour on
    one side makes a cell; NaN where fewer than two are known.
    """
    height, width = core.shape
    count, low, high, total = 0, np.inf, -np.inf, 0.0
    for down, right in ((-reach, 0), (reach, 0), (0, -reach), (0, reach)):
        y, x = row + down, column + right
        if 0 <= y < height and 0 <= x < width and not np.isnan(core[y, x]):
            value = float(core[y, x])
            low, high, total, count = min(low, value), max(high, value), total + value, count + 1
    if count < 2:
        return np.nan
    return total / 2 if count == 2 else (total - low - high) / (count - 2)


@compiled
def contrasts(core: Floats, reach: int, stride: int) -> Floats:
    """How much averages differ from what is around them: of one in `stride` of each axis."""
    found, count = np.empty(core.size, np.float32), 0
    for row in range(stride // 2, core.shape[0], stride):
        for column in range(stride // 2, core.shape[1], stride):
            contrast = core[row, column] - around(core, row, column, reach)
            found[count] = contrast
            count += not np.isnan(contrast)
    return found[:count]


@compiled
def standing_out(core: Floats, reach: int, least: float) -> tuple[Ints, Floats]:
    """Places (n, 2) of averages that are `least` above what is around them, and that (n)."""
    height, width = core.shape
    half, likely = np.float32(least / 2), np.empty(height, np.int32)
    for row in range(height):  # without a branch, many go at a time
        line, count = core[row], np.int32(0)
        for column in range(width):
            count += np.int32(line[column] >= half)
        likely[row] = count
    places, under = np.empty((likely.sum(), 2), np.int32), np.empty(likely.sum(), np.float32)
    used = 0
    for row in range(height):
        if likely[row] == 0:
            continue
        for column in range(width):
            if core[row, column] >= half:
                floor = around(core, row, column, reach)
                if core[row, column] - floor >= least:
                    places[used, 0], places[used, 1], under[used] = row, column, floor
                    used += 1
    return places[:used], under[:used]
