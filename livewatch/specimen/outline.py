"""Geometry of star-shaped outlines: radius at an angle, gap between two, length in touch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from livewatch.compiled import compiled
from livewatch.specimen.cells import CORNERS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Row = NDArray[Any]

STEP = 2.0 * math.pi / CORNERS


@compiled
def wrapped(length: float, side: float) -> float:
    """The shortest way between two places on a tile that repeats every `side`."""
    return length - side * math.floor(length / side + 0.5)


@compiled
def radius_at(radii: Row, angle: float) -> float:
    """The outline's radius at an angle of the body's frame."""
    place = angle / STEP
    low = math.floor(place)
    part = place - low
    first = int(low) % CORNERS
    before: float = radii[first]
    after: float = radii[(first + 1) % CORNERS]
    return before + part * (after - before)


@compiled
def inside(x: float, y: float, angle: float, radii: Row) -> bool:
    """Whether a place, seen from a cell's centre, is inside its outline."""
    return math.hypot(x, y) < radius_at(radii, math.atan2(y, x) - angle)


@compiled
def farthest_of(radii: Row) -> float:
    """The longest of an outline's radii."""
    far = 0.0
    for corner in range(CORNERS):
        far = max(far, radii[corner])
    return far


@compiled
def area_of(radii: Row) -> float:
    """The polygon's area."""
    total: float = radii[CORNERS - 1] * radii[0]
    for corner in range(CORNERS - 1):
        total += radii[corner] * radii[corner + 1]
    return 0.5 * math.sin(STEP) * total


@compiled
def corners_of(x: float, y: float, angle: float, radii: Row, out: NDArray[np.float64]) -> None:
    """Fill `out` (CORNERS, 2) with the polygon's corners."""
    for corner in range(CORNERS):
        turn = angle + corner * STEP
        out[corner, 0] = x + radii[corner] * math.cos(turn)
        out[corner, 1] = y + radii[corner] * math.sin(turn)


@compiled
def perimeter_of(corners: NDArray[np.float64]) -> float:
    """The polygon's length."""
    total = 0.0
    for corner in range(CORNERS):
        after = (corner + 1) % CORNERS
        total += math.hypot(
            corners[after, 0] - corners[corner, 0], corners[after, 1] - corners[corner, 1]
        )
    return total


@compiled
def to_segment(px: float, py: float, ax: float, ay: float, bx: float, by: float) -> float:
    """Squared distance from a point to a segment."""
    dx, dy = bx - ax, by - ay
    along = ((px - ax) * dx + (py - ay) * dy) / (dx * dx + dy * dy + 1e-12)
    along = min(max(along, 0.0), 1.0)
    ex, ey = px - ax - along * dx, py - ay - along * dy
    return ex * ex + ey * ey


@compiled
def to_polygon(px: float, py: float, corners: NDArray[np.float64]) -> float:
    """Distance from a point to a polygon; 0 inside."""
    inside, nearest, longest = False, 1e18, 0.0
    ax, ay = corners[CORNERS - 1, 0], corners[CORNERS - 1, 1]
    for corner in range(CORNERS):
        bx, by = corners[corner, 0], corners[corner, 1]
        nearest = min(nearest, (px - bx) * (px - bx) + (py - by) * (py - by))
        longest = max(longest, (bx - ax) * (bx - ax) + (by - ay) * (by - ay))
        if (ay > py) != (by > py) and px < ax + (py - ay) / (by - ay) * (bx - ax):
            inside = not inside
        ax, ay = bx, by
    if inside:
        return 0.0
    # what is nearer than the nearest corner lies on a segment that begins not much further away
    reach, best = math.sqrt(nearest) + math.sqrt(longest) + 1e-6, 1e18
    reach *= reach
    for corner in range(CORNERS):
        bx, by = corners[corner, 0], corners[corner, 1]
        if (px - ax) * (px - ax) + (py - ay) * (py - ay) <= reach:
            best = min(best, to_segment(px, py, ax, ay, bx, by))
        ax, ay = bx, by
    return math.sqrt(best)


@compiled
def share_inside(corners: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The share of a polygon's corners that lie inside the polygon `other`."""
    count = 0
    for corner in range(CORNERS):
        count += to_polygon(corners[corner, 0], corners[corner, 1], other) == 0.0
    return count / CORNERS


@compiled
def farthest(corners: NDArray[np.float64], x: float, y: float) -> float:
    """How far a polygon reaches from (x, y)."""
    far = 0.0
    for corner in range(CORNERS):
        far = max(far, math.hypot(corners[corner, 0] - x, corners[corner, 1] - y))
    return far


@compiled
def distances_to(
    corners: NDArray[np.float64],
    x: float,
    y: float,
    other: NDArray[np.float64],
    reach: float,
    out: Row,
) -> None:
    """Fill `out` with each corner's distance to the polygon `other`, centred at (x, y).

    Corners that are further than `reach` for certain get infinity.
    """
    far = farthest(other, x, y)
    for corner in range(CORNERS):
        px, py = corners[corner, 0], corners[corner, 1]
        if math.hypot(px - x, py - y) > far + reach:
            out[corner] = math.inf
        else:
            out[corner] = to_polygon(px, py, other)


@compiled
def nearest_corner(
    corners: NDArray[np.float64], x: float, y: float, other: NDArray[np.float64], reach: float
) -> float:
    """Smallest distance of a corner to the polygon `other`; infinite if beyond `reach`."""
    far, best = farthest(other, x, y), reach
    found, first, first_um = False, 0, math.inf
    for corner in range(CORNERS):
        away = math.hypot(corners[corner, 0] - x, corners[corner, 1] - y)
        if away < first_um:
            first, first_um = corner, away
    for turn in range(CORNERS):  # begun where it is nearest, so that most others can be passed by
        corner = (first + turn) % CORNERS
        px, py = corners[corner, 0], corners[corner, 1]
        if math.hypot(px - x, py - y) - far <= best:
            away = to_polygon(px, py, other)
            if away <= best:
                best, found = away, True
                if best == 0.0:
                    return 0.0
    return best if found else math.inf


@compiled
def share_within(
    corners: NDArray[np.float64], first: int, away: Row, other: NDArray[np.float64], limit: float
) -> float:
    """The part of the segment after corner `first` that is within `limit` of `other`.

    `away` is each corner's distance; where it passes the limit is found by halving.
    """
    after = (first + 1) % CORNERS
    in_touch = away[first] <= limit
    if in_touch == (away[after] <= limit):
        return 1.0 if in_touch else 0.0
    low, high = 0.0, 1.0
    for _ in range(6):
        part = 0.5 * (low + high)
        x = corners[first, 0] + part * (corners[after, 0] - corners[first, 0])
        y = corners[first, 1] + part * (corners[after, 1] - corners[first, 1])
        if (to_polygon(x, y, other) <= limit) == in_touch:
            low = part
        else:
            high = part
    part = 0.5 * (low + high)
    return part if in_touch else 1.0 - part


@compiled
def patch_of(
    corners: NDArray[np.float64], away: Row, other: NDArray[np.float64], limit: float
) -> tuple[float, float, float]:
    """Where an outline is within `limit` of another cell's, `other`.

    `away` is each corner's distance to it. Returns the whole length in touch, and first and
    last place of the longest run in touch, in corners (fractional, last may exceed CORNERS).
    (0, nan, nan) when no corner is in touch; a run right round is (length, 0, CORNERS).
    """
    length, start = 0.0, -1
    for corner in range(CORNERS):
        after = (corner + 1) % CORNERS
        share = share_within(corners, corner, away, other, limit)
        if share > 0.0:
            length += share * math.hypot(
                corners[after, 0] - corners[corner, 0], corners[after, 1] - corners[corner, 1]
            )
        if away[corner] <= limit and away[corner - 1] > limit:
            start = corner
    if length == 0.0:
        return 0.0, math.nan, math.nan
    if start < 0:
        return length, 0.0, float(CORNERS)
    best, first, last = 0.0, math.nan, math.nan
    corner = start
    while corner < start + CORNERS:
        if away[corner % CORNERS] > limit:
            corner += 1
            continue
        begin = corner
        while away[corner % CORNERS] <= limit:
            corner += 1
        low = begin - share_within(corners, (begin - 1) % CORNERS, away, other, limit)
        high = corner - 1 + share_within(corners, (corner - 1) % CORNERS, away, other, limit)
        if high - low > best:
            best, first, last = high - low, low, high
    return length, first, last
