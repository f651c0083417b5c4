"""Gap and contact between outlines: compiled, exact between line segments, bounded in reach.

An outline is a closed polygon, its points in order, the first not repeated at the end. Many
outlines stand one after the other in one array (m, 2); outline k is
`points[start[k]:start[k + 1]]`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.boxes import boxes_of, neighbours, square_to_box
from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points = NDArray[np.float32]
    Starts = NDArray[np.int32]

SURELY = 1.0 - 1e-9
"""What is further by more than rounding is further."""


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
def nearest(
    x: float, y: float, points: Points, begin: int, end: int, edge: float, first: int, best: float
) -> tuple[float, int]:
    """Squared distance of a point to an outline, or `best` if that is less; and where it is.

    No two points in a row are further apart than `edge`: after one that is too far away, so many
    are passed over as it takes at least to come near. The search begins with the point `first`.
    """
    at, i, left = first, first, end - begin
    root = math.sqrt(best)
    worth = (root + edge) ** 2
    while left > 0:
        bx, by = float(points[i, 0]), float(points[i, 1])
        far = (bx - x) * (bx - x) + (by - y) * (by - y)
        on = 1
        if far > worth:
            on += int((math.sqrt(far) - root) / edge * SURELY)
        else:
            before = i - 1 if i > begin else end - 1
            ax, ay = float(points[before, 0]), float(points[before, 1])
            square = square_to_segment(x, y, ax, ay, bx, by)
            if square < best:
                best, at, root = square, i, math.sqrt(square)
                worth = (root + edge) ** 2
        left -= on
        i += on
        if i >= end:
            i -= end - begin
    return best, at


@compiled
def is_inside(
    x: float, y: float, points: Points | NDArray[np.float64], begin: int, end: int
) -> bool:
    """Whether a point lies inside an outline."""
    inside = False
    ax, ay = points[end - 1, 0], points[end - 1, 1]
    for i in range(begin, end):
        bx, by = points[i, 0], points[i, 1]
        if (ay > y) != (by > y) and x < ax + (y - ay) / (float(by) - ay) * (float(bx) - ax):
            inside = not inside
        ax, ay = bx, by
    return inside


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
    wide: float,
    out: NDArray[np.float64],
) -> float:
    """Signed distance of each point of one outline to another, and the least of them.

    Negative inside. `box` is the other outline's; a point surely further than `reach`, or than
    `wide` and the least distance, is left at infinity.
    """
    least, at = np.inf, other_begin
    for i in range(begin, end):
        x, y = float(points[i, 0]), float(points[i, 1])
        limit = min(reach, max(wide, least)) / SURELY
        away = square_to_box(x, y, box)
        distance = np.inf
        if away <= limit * limit:
            square, at = nearest(x, y, others, other_begin, other_end, box[4], at, np.inf)
            distance = math.sqrt(square)
            if away == 0.0 and is_inside(x, y, others, other_begin, other_end):
                distance = -distance
        out[i - begin] = distance
        least = min(least, distance)
    return least


@compiled
def lesser(
    points: Points,
    begin: int,
    end: int,
    others: Points,
    other_begin: int,
    other_end: int,
    box: NDArray[np.float64],
    least: float,
) -> float:
    """The least distance of one outline's points to another, if less than `least`; 0 inside it."""
    at = other_begin
    for i in range(begin, end):
        x, y = float(points[i, 0]), float(points[i, 1])
        away = square_to_box(x, y, box)
        if away >= least * least:
            continue
        if away == 0.0 and is_inside(x, y, others, other_begin, other_end):
            return 0.0
        best = least * least
        square, at = nearest(x, y, others, other_begin, other_end, box[4], at, best)
        if square < best:
            least = math.sqrt(square)
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
def crossing(
    a: Points,
    a_begin: int,
    a_end: int,
    b: Points,
    b_begin: int,
    b_end: int,
    distance: NDArray[np.float64],
    half: float,
) -> bool:
    """Whether two outlines cross.

    `distance` is that of each point of `b` to `a`. Where an edge is crossed, one of its ends is
    within `half` of the longest.
    """
    rx, ry = float(b[b_end - 1, 0]), float(b[b_end - 1, 1])
    far = distance[b_end - b_begin - 1]
    for j in range(b_begin, b_end):
        sx, sy = float(b[j, 0]), float(b[j, 1])
        further = distance[j - b_begin]
        if min(far, further) * SURELY <= half:
            px, py = float(a[a_end - 1, 0]), float(a[a_end - 1, 1])
            for i in range(a_begin, a_end):
                qx, qy = float(a[i, 0]), float(a[i, 1])
                r_side = (qx - px) * (ry - py) - (qy - py) * (rx - px)
                s_side = (qx - px) * (sy - py) - (qy - py) * (sx - px)
                p_side = (sx - rx) * (py - ry) - (sy - ry) * (px - rx)
                q_side = (sx - rx) * (qy - ry) - (sy - ry) * (qx - rx)
                if r_side * s_side < 0.0 and p_side * q_side < 0.0:
                    return True
                px, py = qx, qy
        rx, ry, far = sx, sy, further
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
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """All pairs whose gap is at most `near`: (pairs, 2) indices, (pairs, 3) measures, places.

    The measures are gap, contact length along the tumor outline, and that as a fraction of its
    perimeter. `bias` is by how much the outlines overstate gaps; it is taken off distances. Places
    (pairs, 4) are where, to an edge's length, the two are nearest: x, y on either outline.
    """
    nk_boxes, tumor_boxes = boxes_of(nk, nk_start), boxes_of(tumor, tumor_start)
    reach = max(near, touch) + max(bias, 0.0)
    pairs = neighbours(nk_boxes, tumor_boxes, reach)
    measures, places = np.empty((len(pairs), 3)), np.empty((len(pairs), 4))
    longest = 0
    for k in range(len(tumor_start) - 1):
        longest = max(longest, tumor_start[k + 1] - tumor_start[k])
    distance = np.empty(longest)
    count = 0
    for pair in range(len(pairs)):
        i, j = pairs[pair]
        a, b = nk_start[i], nk_start[i + 1]
        c, d = tumor_start[j], tumor_start[j + 1]
        edge = tumor_boxes[j, 4]
        wide = touch + bias + edge
        gap = distances(tumor, c, d, nk, a, b, nk_boxes[i], reach, wide, distance)
        if gap > 0.0:
            gap = lesser(nk, a, b, tumor, c, d, tumor_boxes[j], gap)
        # Where edges cross, a point of one is within half an edge of the other.
        close = 0.0 < min(gap, reach) <= max(nk_boxes[i, 4], edge) / 2
        half = edge / 2 if edge / 2 < reach else np.inf
        if close and crossing(nk, a, b, tumor, c, d, distance, half):
            gap = 0.0
        gap = max(gap - bias, 0.0) if gap > 0.0 else 0.0
        if gap <= near:
            length = covered(tumor, c, d, distance, touch + bias)
            pairs[count] = pairs[pair]
            measures[count, 0] = gap
            measures[count, 1] = length
            measures[count, 2] = length / max(perimeter(tumor, c, d), 1e-9)
            at = c + distance[: d - c].argmin()
            x, y = float(tumor[at, 0]), float(tumor[at, 1])
            _, on = nearest(x, y, nk, a, b, nk_boxes[i, 4], a, np.inf)
            places[count] = nk[on, 0], nk[on, 1], x, y
            count += 1
    return pairs[:count], measures[:count], places[:count]
