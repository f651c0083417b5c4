"""Gap and contact between outlines: compiled, exact between line segments, bounded in reach.

An outline is a closed polygon, its points in order, the first not repeated at the end. Many
outlines stand one after the other in one array (m, 2); outline k is
`points[start[k]:start[k + 1]]`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points = NDArray[np.float32]
    Starts = NDArray[np.int32]


@compiled
def boxes_of(points: Points, start: Starts) -> NDArray[np.float64]:
    """(n, 5): left, top, right, bottom of each outline, and its longest edge."""
    boxes = np.empty((len(start) - 1, 5))
    boxes[:, :2] = np.inf
    boxes[:, 2:4] = -np.inf
    boxes[:, 4] = 0.0
    for k in range(len(start) - 1):
        before = start[k + 1] - 1
        for i in range(start[k], start[k + 1]):
            x, y = points[i, 0], points[i, 1]
            edge = np.hypot(x - points[before, 0], y - points[before, 1])
            before = i
            boxes[k, 4] = max(boxes[k, 4], edge)
            boxes[k, 0], boxes[k, 1] = min(boxes[k, 0], x), min(boxes[k, 1], y)
            boxes[k, 2], boxes[k, 3] = max(boxes[k, 2], x), max(boxes[k, 3], y)
    return boxes


@compiled
def neighbours(a: NDArray[np.float64], b: NDArray[np.float64], reach: float) -> NDArray[np.int64]:
    """(pairs, 2): which boxes of `a` and `b` come within `reach` of each other."""
    order = np.argsort(b[:, 0], kind="mergesort")
    left = b[order, 0]
    widest = 0.0
    for j in range(len(b)):
        widest = max(widest, b[j, 2] - b[j, 0])
    pairs = np.empty((16 + 8 * len(a), 2), np.int64)
    count = 0
    for i in range(len(a)):
        first = np.searchsorted(left, a[i, 0] - reach - widest)
        for nth in range(first, len(b)):
            if left[nth] > a[i, 2] + reach:
                break
            j = order[nth]
            dx = max(b[j, 0] - a[i, 2], a[i, 0] - b[j, 2], 0.0)
            dy = max(b[j, 1] - a[i, 3], a[i, 1] - b[j, 3], 0.0)
            if dx * dx + dy * dy <= reach * reach:
                if count == len(pairs):
                    pairs = np.concatenate((pairs, np.empty_like(pairs)))
                pairs[count, 0], pairs[count, 1] = i, j
                count += 1
    return pairs[:count]


@compiled
def square_to_segment(x: float, y: float, ax: float, ay: float, bx: float, by: float) -> float:
    """Squared distance of a point to a line segment."""
    dx, dy = bx - ax, by - ay
    px, py = x - ax, y - ay
    length = dx * dx + dy * dy
    if length > 0.0:
        along = min(max((px * dx + py * dy) / length, 0.0), 1.0)
        px -= along * dx
        py -= along * dy
    return px * px + py * py


@compiled
def signed_distance(x: float, y: float, points: Points, begin: int, end: int) -> float:
    """Distance of a point to an outline, negative inside it."""
    nearest = np.inf
    inside = False
    ax, ay = float(points[end - 1, 0]), float(points[end - 1, 1])
    for i in range(begin, end):
        bx, by = float(points[i, 0]), float(points[i, 1])
        nearest = min(nearest, square_to_segment(x, y, ax, ay, bx, by))
        if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
            inside = not inside
        ax, ay = bx, by
    return -math.sqrt(nearest) if inside else math.sqrt(nearest)


@compiled
def distances(
    points: Points,
    begin: int,
    end: int,
    others: Points,
    other_begin: int,
    other_end: int,
    box: NDArray[np.float64],
    reach: float,
    out: NDArray[np.float64],
) -> float:
    """Signed distance of each point of one outline to another, and the least of them.

    `box` is the other outline's; a point further than `reach` from it is left at infinity.
    """
    least = np.inf
    for i in range(begin, end):
        x, y = float(points[i, 0]), float(points[i, 1])
        dx = max(box[0] - x, x - box[2], 0.0)
        dy = max(box[1] - y, y - box[3], 0.0)
        distance = np.inf
        if dx * dx + dy * dy <= reach * reach:
            distance = signed_distance(x, y, others, other_begin, other_end)
        out[i - begin] = distance
        least = min(least, distance)
    return least


@compiled
def covered(
    points: Points, begin: int, end: int, distance: NDArray[np.float64], touch: float
) -> float:
    """Length of an outline that lies within `touch`, by interpolation between its points."""
    length = 0.0
    before = end - begin - 1
    for i in range(end - begin):
        a, b = distance[before], distance[i]
        near_a, near_b = a <= touch, b <= touch
        if near_a or near_b:
            dx = points[begin + i, 0] - points[begin + before, 0]
            dy = points[begin + i, 1] - points[begin + before, 1]
            part = 1.0
            if near_a != near_b:
                low, high = min(a, b), max(a, b)
                part = 0.0 if np.isinf(high) else (touch - low) / (high - low)
            length += part * np.sqrt(dx * dx + dy * dy)
        before = i
    return length


@compiled
def crossing(a: Points, a_begin: int, a_end: int, b: Points, b_begin: int, b_end: int) -> bool:
    """Whether two outlines cross."""
    px, py = float(a[a_end - 1, 0]), float(a[a_end - 1, 1])
    for i in range(a_begin, a_end):
        qx, qy = float(a[i, 0]), float(a[i, 1])
        rx, ry = float(b[b_end - 1, 0]), float(b[b_end - 1, 1])
        for j in range(b_begin, b_end):
            sx, sy = float(b[j, 0]), float(b[j, 1])
            r_side = (qx - px) * (ry - py) - (qy - py) * (rx - px)
            s_side = (qx - px) * (sy - py) - (qy - py) * (sx - px)
            p_side = (sx - rx) * (py - ry) - (sy - ry) * (px - rx)
            q_side = (sx - rx) * (qy - ry) - (sy - ry) * (qx - rx)
            if r_side * s_side < 0.0 and p_side * q_side < 0.0:
                return True
            rx, ry = sx, sy
        px, py = qx, qy
    return False


@compiled
def perimeter(points: Points, begin: int, end: int) -> float:
    """Length of a closed outline."""
    length = 0.0
    before = end - 1
    for i in range(begin, end):
        dx = points[i, 0] - points[before, 0]
        dy = points[i, 1] - points[before, 1]
        length += np.sqrt(dx * dx + dy * dy)
        before = i
    return length


@compiled
def measured(
    nk: Points,
    nk_start: Starts,
    tumor: Points,
    tumor_start: Starts,
    near: float,
    touch: float,
    bias: float,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """All pairs whose gap is at most `near`: (pairs, 2) indices, (pairs, 3) measures.

    The measures are gap, contact length along the tumor outline, and that as a fraction of its
    perimeter. `bias` is by how much the outlines overstate gaps; it is taken off distances.
    """
    nk_boxes, tumor_boxes = boxes_of(nk, nk_start), boxes_of(tumor, tumor_start)
    reach = max(near, touch) + max(bias, 0.0)
    pairs = neighbours(nk_boxes, tumor_boxes, reach)
    measures = np.empty((len(pairs), 3))
    longest = 0
    for starts in (nk_start, tumor_start):
        for k in range(len(starts) - 1):
            longest = max(longest, starts[k + 1] - starts[k])
    distance, other = np.empty(longest), np.empty(longest)
    count = 0
    for pair in range(len(pairs)):
        i, j = pairs[pair]
        a, b = nk_start[i], nk_start[i + 1]
        c, d = tumor_start[j], tumor_start[j + 1]
        gap = distances(tumor, c, d, nk, a, b, nk_boxes[i], reach, distance)
        gap = min(gap, distances(nk, a, b, tumor, c, d, tumor_boxes[j], reach, other))
        # Where edges cross, a point of one is within half an edge of the other.
        edge = max(nk_boxes[i, 4], tumor_boxes[j, 4])
        if gap > 0.0 and min(gap, reach) <= edge / 2 and crossing(nk, a, b, tumor, c, d):
            gap = 0.0
        gap = max(gap - bias, 0.0)
        if gap <= near:
            length = covered(tumor, c, d, distance, touch + bias)
            pairs[count] = pairs[pair]
            measures[count, 0] = gap
            measures[count, 1] = length
            measures[count, 2] = length / max(perimeter(tumor, c, d), 1e-9)
            count += 1
    return pairs[:count], measures[:count]
