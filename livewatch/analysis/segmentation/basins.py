"""The bodies of a region: a watershed of its depth, the distance to its outline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float32]

ORTHOGONAL, DIAGONAL, KNIGHT = 5, 7, 11
"""Chamfer distances, in fifths of a pixel (Borgefors 1986): within 2 % of Euclid's."""
FINE = 4
"""Steps of weighted depth to one of depth."""
FAT = 1.5
"""Pixels by which blur and halo widen a mask, and fill its necks."""
ACROSS = ((0, 2), (2, 0), (1, 1), (1, -1))
"""Steps, in pixels down and to the right, out of a gap to its sides."""


@compiled
def basins_of(
    labels: Ints, label: int, box: Ints, smooth: Floats, neck_ratio: float, body_px: float
) -> tuple[Ints, Ints, int]:
    """Depth and basin of every pixel of a region's box and 2 px around it; how many basins.

    `body_px` is the least half-width of a body; two that meet at more than `neck_ratio` of the
    lesser one's depth are one.
    """
    depth = weighted(depth_of(labels, label, box), labels, label, box, smooth)
    least_depth = max(body_px - FAT, 0.5) * ORTHOGONAL * FINE
    basin, heads = flooded(depth, neck_ratio, least_depth, 0)
    return depth, basin, heads


@compiled
def depth_of(labels: Ints, label: int, box: Ints) -> Ints:
    """Chamfer distance to the region's outside, over its box and a margin of 2 pixels."""
    height, width = box[2] - box[0] + 4, box[3] - box[1] + 4
    depth = np.zeros((height, width), np.int32)
    for row in range(2, height - 2):
        for column in range(2, width - 2):
            if labels[row - 2 + box[0], column - 2 + box[1]] == label:
                depth[row, column] = min(
                    depth[row, column - 1] + ORTHOGONAL,
                    depth[row - 1, column] + ORTHOGONAL,
                    depth[row - 1, column - 1] + DIAGONAL,
                    depth[row - 1, column + 1] + DIAGONAL,
                    depth[row - 1, column - 2] + KNIGHT,
                    depth[row - 1, column + 2] + KNIGHT,
                    depth[row - 2, column - 1] + KNIGHT,
                    depth[row - 2, column + 1] + KNIGHT,
                )
    for row in range(height - 3, 1, -1):
        for column in range(width - 3, 1, -1):
            if depth[row, column] > 0:
                depth[row, column] = min(
                    depth[row, column],
                    depth[row, column + 1] + ORTHOGONAL,
                    depth[row + 1, column] + ORTHOGONAL,
                    depth[row + 1, column + 1] + DIAGONAL,
                    depth[row + 1, column - 1] + DIAGONAL,
                    depth[row + 1, column + 2] + KNIGHT,
                    depth[row + 1, column - 2] + KNIGHT,
                    depth[row + 2, column + 1] + KNIGHT,
                    depth[row + 2, column - 1] + KNIGHT,
                )
    return depth


@compiled
def deepest_first(depth: Ints) -> Ints:
    """Flat indices of the inside, deepest first, ties in raster order (a counting sort)."""
    flat = depth.ravel()
    start = np.zeros(flat.max() + 2, np.int32)
    inside = 0
    for value in flat:
        if value > 0:
            start[value - 1] += 1
            inside += 1
    total = 0
    for level in range(len(start) - 1, -1, -1):
        start[level], total = total, total + start[level]
    order = np.empty(inside, np.int32)
    for index in range(len(flat)):
        value = flat[index]
        if value > 0:
            order[start[value - 1]] = index
            start[value - 1] += 1
    return order


@compiled
def head_of(parent: Ints, basin: int) -> int:
    """The basin that `basin` has been merged into."""
    while parent[basin] != basin:
        parent[basin] = parent[parent[basin]]
        basin = parent[basin]
    return basin


@compiled
def flooded(depth: Ints, neck_ratio: float, least_depth: float, least_px: int) -> tuple[Ints, int]:
    """Basin of every pixel (same shape as `depth`, 0 outside) and how many basins there are.

    Two basins stay apart if the depth where they meet is less than `neck_ratio` of the
    shallower one's peak, that peak is at least `least_depth`, and each has at least `least_px`
    pixels deeper than where they meet.
    """
    width = depth.shape[1]
    flat = depth.ravel()
    order = deepest_first(depth)
    basin = np.zeros(len(flat), np.int32)
    parent, peak = np.zeros(len(order) + 1, np.int32), np.zeros(len(order) + 1, np.int32)
    around = np.array([-1, 1, -width, width, -width - 1, -width + 1, width - 1, width + 1])
    area = np.zeros(len(order) + 1, np.int32)
    count = 0
    for index in order:
        height = flat[index]
        best, steepest = 0, 0
        for step in around:
            if basin[index + step] == 0:
                continue
            other = head_of(parent, basin[index + step])
            if best > 0 and best != other:
                high, low = (best, other) if peak[best] >= peak[other] else (other, best)
                small = peak[low] < least_depth or min(area[low], area[high]) < least_px
                if small or height >= neck_ratio * peak[low]:
                    parent[low] = high
                    area[high] += area[low]
                    best, other = high, high
            if flat[index + step] > steepest:
                best, steepest = other, flat[index + step]
        if best == 0:
            count += 1
            best = count
            parent[best], peak[best] = best, height
        basin[index] = best
        area[best] += 1
    number, heads = np.zeros(count + 1, np.int32), 0
    for one in range(1, count + 1):
        if parent[one] == one:
            heads += 1
            number[one] = heads
    for index in order:
        basin[index] = number[head_of(parent, basin[index])]
    return basin.reshape(depth.shape), heads


@compiled
def weighted(depth: Ints, labels: Ints, label: int, box: Ints, smooth: Floats) -> Ints:
    """Depth, less where the image is darker than on both sides: in a gap filled with halo.

    A dark nucleus is wider than that, and draws no seam.
    """
    for row in range(box[0], box[2]):
        for column in range(box[1], box[3]):
            if labels[row, column] == label:
                sides = brighter_sides(smooth, row, column)
                here = max(float(smooth[row, column]), 0.0)  # a hole may be below background
                share = here / sides if sides > here else 1.0
                deep = depth[row - box[0] + 2, column - box[1] + 2]
                bare = max(FINE * (deep - FAT * ORTHOGONAL), 0.0)
                depth[row - box[0] + 2, column - box[1] + 2] = max(int(share * bare), 1)
    return depth


@compiled
def brighter_sides(smooth: Floats, row: int, column: int) -> float:
    """The dimmer of two pixels on either side of one, across where both are brightest."""
    height, width = smooth.shape
    brightest = np.float32(0.0)
    for down, right in ACROSS:
        up, low = max(row - down, 0), min(row + down, height - 1)
        left, on = max(column - abs(right), 0), min(column + abs(right), width - 1)
        if right < 0:
            left, on = on, left
        brightest = max(brightest, min(smooth[up, left], smooth[low, on]))
    return float(brightest)
