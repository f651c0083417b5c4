"""Reduce an image, take its background off and calm its noise, each in one pass.

A pixel and its neighbours are read while they are at hand: several passes over an image of a
megapixel would spend their time waiting for memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Counts = NDArray[np.uint16] | Floats
    Sums = NDArray[np.int32] | Floats


def averaged(image: Counts, by: int) -> Floats:
    """`image` (h, w) averaged over `by` x `by` pixels: (h // by, w // by). A rest is cut off."""
    width = image.shape[1] // by
    kind: Any = np.int32 if image.dtype == np.uint16 else np.float32
    return shrunk(image, by, np.empty(width * by, kind), np.empty(width, kind))


@compiled
def shrunk(image: Counts, by: int, sums: Sums, totals: Sums) -> Floats:
    """The same, with room for the sums of columns and of averaged pixels."""
    height, width = image.shape[0] // by, len(totals)
    small = np.empty((height, width), np.float32)
    share = np.float32(1 / (by * by))
    for row in range(height):
        line = image[row * by]
        for column in range(len(sums)):
            sums[column] = line[column]
        for below in range(row * by + 1, (row + 1) * by):
            line = image[below]
            for column in range(len(sums)):
                sums[column] += line[column]
        totals[:] = 0
        for nth in range(by):
            for column in range(width):
                totals[column] += sums[column * by + nth]
        for column in range(width):
            small[row, column] = np.float32(totals[column]) * share
    return small


@compiled
def calmed(image: Counts, under: Floats, middle: np.float32, bright: np.float32) -> Floats:
    """`image` (h, w) minus `under` and `middle`, averaged over 3 x 3 pixels.

    Where it is not as bright as `bright` by an average of 5 x 5, it is that average: so a dim cell
    stands out of the noise as a whole, and a bright one keeps its outline. `under` is made the
    difference itself. Beyond its sides the image is taken to be mirrored.
    """
    height, width = image.shape
    smooth = np.empty((height, width), np.float32)
    three, five = np.empty(width + 4, np.float32), np.empty(width + 4, np.float32)
    done = 0
    for row in range(height):
        while done < min(row + 3, height):
            line, floor = image[done], under[done]
            for column in range(width):
                floor[column] = np.float32(line[column]) - floor[column] - middle
            done += 1
        one, two = under[mirrored(row - 2, height)], under[mirrored(row - 1, height)]
        four, last = under[mirrored(row + 1, height)], under[mirrored(row + 2, height)]
        here = under[row]
        for column in range(width):
            near = two[column] + here[column] + four[column]
            three[column + 2] = near
            five[column + 2] = near + (one[column] + last[column])
        for aside in (1, 2):
            before, after = mirrored(-aside, width), mirrored(width - 1 + aside, width)
            three[2 - aside], three[width + 1 + aside] = three[before + 2], three[after + 2]
            five[2 - aside], five[width + 1 + aside] = five[before + 2], five[after + 2]
        out = smooth[row]
        for column in range(width):
            fine = three[column + 1] + three[column + 2] + three[column + 3]
            broad = five[column] + five[column + 1] + five[column + 2]
            broad = (broad + (five[column + 3] + five[column + 4])) * np.float32(1 / 25)
            out[column] = broad if broad < bright else fine * np.float32(1 / 9)
    return smooth


@compiled
def sampled(image: Counts, under: Floats, stride: int) -> Floats:
    """`image` minus `under` averaged over 3 x 3 pixels, at one pixel in `stride` of each axis."""
    height, width = image.shape
    rows, columns = range(stride // 2, height, stride), range(stride // 2, width, stride)
    found = np.empty((len(rows), len(columns)), np.float32)
    for at_row, row in enumerate(rows):
        for at_column, column in enumerate(columns):
            inside = 0 < row < height - 1 and 0 < column < width - 1
            total = np.float32(0)
            for y in range(row - 1, row + 2):
                for x in range(column - 1, column + 2):
                    at = (y, x) if inside else (mirrored(y, height), mirrored(x, width))
                    total += np.float32(image[at]) - under[at]
            found[at_row, at_column] = total * np.float32(1 / 9)
    return found


@compiled
def mirrored(index: int, size: int) -> int:
    """An index beyond an axis, as seen in a mirror that stands on its last pixel."""
    if size == 1:
        return 0
    while index < 0 or index >= size:
        index = -index if index < 0 else 2 * size - 2 - index
    return index
