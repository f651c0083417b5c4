"""Where the membrane is: outlines moved to the half height of the edge that lies across them.

Segmentation draws a cell where its brightness passes a share of the cell's own mean. Half the
height of the edge itself is where a blurred edge truly lies, whether the rim is brighter than
the middle or dimmer; so each point of an outline looks along its normal for it. Where there is no
edge, as between two cells of one kind or at the image border, the outline stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points = NDArray[np.float64]
    Values = NDArray[np.float64]

STEP = 0.5
"""Spacing of the samples across an outline, in pixels of the segmented image."""
INWARD, OUTWARD = 6, 3
"""How many samples on either side."""
ONE = np.uint32(1)


@compiled
def at_half_height(
    image: NDArray[np.float32], points: Points, start: NDArray[np.int32]
) -> tuple[Points, Points]:
    """Outlines (m, 2) in pixels moved to half height, and (n, 4): area, perimeter, x, y of each.

    Whole numbers are the middles of pixels.
    """
    moved = np.empty_like(points)
    shapes = np.empty((len(start) - 1, 4))
    for k in range(len(start) - 1):
        ring = points[start[k] : start[k + 1]]
        normal = normals(ring)
        shift = evened(shifts(profiles(image, ring, normal)))
        for i in range(len(ring)):
            moved[start[k] + i] = ring[i] + shift[i] * normal[i]
        shapes[k] = shape_of(moved[start[k] : start[k + 1]])
    return moved, shapes


@compiled
def normals(ring: Points) -> Points:
    """Outward unit normals of a closed outline, whichever way it runs."""
    count = len(ring)
    twice_area = 0.0
    for i in range(count):
        before = ring[i - 1]
        twice_area += before[0] * ring[i, 1] - ring[i, 0] * before[1]
    sign = 1.0 if twice_area > 0.0 else -1.0
    normal = np.zeros((count, 2))
    for i in range(count):
        before, after = ring[i - 2], ring[i + 2 - count]  # indices below 0 count from the end
        dx, dy = after[0] - before[0], after[1] - before[1]
        length = np.sqrt(dx * dx + dy * dy)
        if length > 0.0:
            normal[i, 0], normal[i, 1] = sign * dy / length, -sign * dx / length
    return normal


@compiled
def profiles(image: NDArray[np.float32], ring: Points, normal: Points) -> Points:
    """Brightness across each point, from inside to outside; NaN beyond the image.

    Where all of it is inside, in two turns without a branch, which go several samples at a time.
    """
    samples, flat = INWARD + OUTWARD + 1, image.ravel()
    width, bottom = np.int32(image.shape[1]), image.shape[0] - 1
    across = np.empty((len(ring), samples))
    places, rights, downs = np.empty(samples, np.int32), np.empty(samples), np.empty(samples)
    for i in range(len(ring)):
        x, y, out_x, out_y = ring[i, 0], ring[i, 1], normal[i, 0], normal[i, 1]
        one_x, one_y = x - INWARD * STEP * out_x, y - INWARD * STEP * out_y
        last_x, last_y = x + OUTWARD * STEP * out_x, y + OUTWARD * STEP * out_y
        is_inside = min(one_x, last_x) >= 0.0 and max(one_x, last_x) < width - 1
        if is_inside and min(one_y, last_y) >= 0.0 and max(one_y, last_y) < bottom:
            for s in range(samples):
                sx = x + (s - INWARD) * STEP * out_x
                sy = y + (s - INWARD) * STEP * out_y
                column, row = np.int32(sx), np.int32(sy)
                places[s], rights[s], downs[s] = row * width + column, sx - column, sy - row
            for s in range(samples):
                place = np.uint32(places[s])
                across[i, s] = between(flat, place, np.uint32(width), rights[s], downs[s])
        else:
            for s in range(samples):
                sx = x + (s - INWARD) * STEP * out_x
                sy = y + (s - INWARD) * STEP * out_y
                across[i, s] = np.nan
                if 0.0 <= sx < width - 1 and 0.0 <= sy < bottom:
                    column, row = np.int32(sx), np.int32(sy)
                    place = np.uint32(row * width + column)
                    across[i, s] = between(flat, place, np.uint32(width), sx - column, sy - row)
    return across


@compiled
def between(
    flat: NDArray[np.float32], place: np.uint32, width: np.uint32, right: float, down: float
) -> float:
    """An image, row after row, between the pixel at `place` and those to its right and below."""
    upper = flat[place] * (1 - right) + flat[place + ONE] * right
    place += width
    lower = flat[place] * (1 - right) + flat[place + ONE] * right
    return float(upper * (1 - down) + lower * down)


@compiled
def shifts(profile: Points) -> Values:
    """How far, in pixels outward, the half height of the edge lies; NaN where there is none.

    Neighbouring profiles are averaged against noise.
    """
    count, samples = profile.shape
    found = np.full(count, np.nan)
    mean = np.empty(samples)
    for i in range(count):
        before, last = profile[i - 2], profile[i - 1]
        here, on, after = profile[i], profile[i + 1 - count], profile[i + 2 - count]
        for s in range(samples):
            mean[s] = (before[s] + last[s] + here[s] + on[s] + after[s]) / 5.0
        top, this = 0, mean[0]
        for s in range(1, INWARD + 1):
            if mean[s] > this:
                top, this = s, mean[s]
        half = this / 2.0
        for s in range(top, samples - 1):
            following = mean[s + 1]
            if this >= half > following:
                found[i] = (s - INWARD + (this - half) / (this - following)) * STEP
                break
            this = following
    return found


@compiled
def evened(shift: Values) -> Values:
    """Shifts evened out along an outline: the median of five, 0 where most of them are unknown."""
    count = len(shift)
    even = np.zeros(count)
    near = np.empty(5)
    for i in range(count):
        before, last, here = shift[i - 2], shift[i - 1], shift[i]
        on, after = shift[i + 1 - count], shift[i + 2 - count]
        if not np.isnan(before + last + here + on + after):
            even[i] = middle_of_five(before, last, here, on, after)
            continue
        known = 0
        for value in (before, last, here, on, after):
            if not np.isnan(value):
                at = known
                while at > 0 and near[at - 1] > value:
                    near[at] = near[at - 1]
                    at -= 1
                near[at] = value
                known += 1
        if known >= 3:
            even[i] = (near[known // 2] + near[(known - 1) // 2]) / 2.0
    return even


@compiled
def middle_of_five(a: float, b: float, c: float, d: float, e: float) -> float:
    """The median: that of the fifth, the higher low of two pairs, and their lower high."""
    low, high = max(min(a, b), min(c, d)), min(max(a, b), max(c, d))
    return max(min(low, high), min(max(low, high), e))


@compiled
def shape_of(ring: Points) -> Points:
    """Area, perimeter, x and y of the centre of a closed outline."""
    twice, length, x, y = 0.0, 0.0, 0.0, 0.0
    ox, oy = ring[0, 0], ring[0, 1]
    for i in range(len(ring)):
        ax, ay = ring[i - 1, 0] - ox, ring[i - 1, 1] - oy
        bx, by = ring[i, 0] - ox, ring[i, 1] - oy
        cross = ax * by - bx * ay
        twice += cross
        x += (ax + bx) * cross
        y += (ay + by) * cross
        length += np.sqrt((bx - ax) ** 2 + (by - ay) ** 2)
    if twice == 0.0:
        return np.array((0.0, length, ox, oy))
    return np.array((abs(twice) / 2.0, length, ox + x / (3.0 * twice), oy + y / (3.0 * twice)))
