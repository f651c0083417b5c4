"""The tumor's outline, unrolled: points at equal steps along it, and its radius by direction."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from math import atan2, degrees, hypot, pi, sqrt
from typing import TYPE_CHECKING

import cv2
import numpy as np

from livewatch.compiled import compiled
from livewatch.roundness import roundness

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Numbers = tuple[float, float, float, float, float, float, float]

DIRECTIONS = 192
"""Directions in which a cell is sampled, equally spaced from +x towards +y."""
STEP_UM = 0.25
SMOOTH_STEPS = 2
FEWEST_POINTS = 16
SHAPE_HARMONICS, BLEB_HARMONICS = 2, 5
"""A cell deforms in a few slow waves; what is narrower than a tenth of the way round is a bleb."""
TURN = np.arange(DIRECTIONS) * (2 * np.pi / DIRECTIONS)
COS, SIN = np.cos(TURN), np.sin(TURN)
DEEP_UM = 0.5
"""Masks made independently overlap at a contact by less than this."""


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """A closed outline seen from its centre of area, in stage um.

    `points_um` (n, 2) lie at equal steps along it; `directions_deg` (n,) is where each is seen
    from the centre, 0..360; `radius_um` (DIRECTIONS,) is the distance to the outline by direction.
    `farthest_um` is the greatest of these. `waves_um` is the RMS of the membrane's ripple: the
    radius without its slowest harmonics; `blebs_um` that of its narrow bulges alone.
    """

    x_um: float
    y_um: float
    area_um2: float
    perimeter_um: float
    waves_um: float
    blebs_um: float
    farthest_um: float
    points_um: Floats
    directions_deg: Floats
    radius_um: Floats

    @property
    def roundness(self) -> float:
        """How near to a disc it is, by the perimeter of the smoothed outline."""
        return roundness(self.area_um2, self.perimeter_um)

    @property
    def mean_radius_um(self) -> float:
        """Radius of the circle with the same perimeter: one turn is 2 pi of these."""
        return self.perimeter_um / (2 * pi)

    @property
    def elongation(self) -> tuple[float, float]:
        """(axis ratio, direction of the long axis in degrees, 0..180), from second moments."""
        return elongation_of(self.points_um, self.x_um, self.y_um)


def share_within(points_um: NDArray[np.floating], tumor: Outline, beyond_um: float = 0.0) -> float:
    """How much of another outline (n, 2) lies within this one, or no further out than that."""
    points = np.asarray(points_um, np.float64)
    return share_nearer(points, tumor.points_um, beyond_um)


def share_within_hull(points_um: NDArray[np.floating], tumor: Outline) -> float:
    """The same, within this one's convex hull: a cup counts up to its brim."""
    points = np.asarray(points_um, np.float64)
    hull = cv2.convexHull(tumor.points_um.astype(np.float32))[:, 0].astype(np.float64)
    return share_nearer(points, hull, 0.0)


def outline_of(
    outline_um: NDArray[np.floating], inside_of: Iterable[NDArray[np.floating]] = ()
) -> Outline:
    """Unroll an outline (n, 2), n >= 3, given once around without repeating its first point.

    What of it lies deep inside the outlines `inside_of` (NK cells) is cut off along a straight
    line: there, tumor light is a bite, no longer the tumor.
    """
    numbers, points, directions, radius = traced(*strung([outline_um, *inside_of]))
    return Outline(*numbers, points, directions, radius)


def strung(outlines: Sequence[NDArray[np.floating]]) -> tuple[Floats, NDArray[np.int64]]:
    """All outlines in one array (m, 2), and where each begins (n + 1,)."""
    starts = np.array([0, *accumulate(map(len, outlines))], np.int64)
    return np.concatenate(outlines, dtype=np.float64), starts


@compiled
def traced(outlines: Floats, starts: NDArray[np.int64]) -> tuple[Numbers, Floats, Floats, Floats]:
    """The first outline unrolled, without what of it lies deep inside the others."""
    points = evened(smoothed(evened(outlines[: starts[1]])))
    kept = np.ones(len(points), np.bool_)
    for other in range(1, len(starts) - 1):
        keep_outside(points, outlines[starts[other] : starts[other + 1]], kept)
    return unrolled(points, kept)


@compiled
def share_nearer(points_um: Floats, polygon_um: Floats, reach_um: float) -> float:
    """How many of some points (n, 2) lie within a closed polygon, or no further out than that."""
    return float((distances_um(points_um, polygon_um, reach_um) < reach_um).mean())


@compiled
def evened(polygon: Floats) -> Floats:
    """Points at equal steps of about STEP_UM along a closed polygon, from its first point on."""
    size = len(polygon)
    length = 0.0
    for i in range(size):
        j = i + 1 if i + 1 < size else 0
        length += hypot(polygon[j, 0] - polygon[i, 0], polygon[j, 1] - polygon[i, 1])
    count = max(int(length / STEP_UM), FEWEST_POINTS)
    points = np.empty((count, 2))
    edge, begin, done = 0, 0.0, 0
    while edge < size and done < count:
        x0, y0 = polygon[edge, 0], polygon[edge, 1]
        after = edge + 1 if edge + 1 < size else 0
        dx, dy = polygon[after, 0] - x0, polygon[after, 1] - y0
        end = begin + hypot(dx, dy)
        while done < count and (done * length / count < end or edge == size - 1):
            part = (done * length / count - begin) / max(end - begin, 1e-12)
            points[done, 0], points[done, 1] = x0 + part * dx, y0 + part * dy
            done += 1
        begin, edge = end, edge + 1
    return points


@compiled
def smoothed(points: Floats) -> Floats:
    """Take the pixel steps out of an outline, so that its length is that of the membrane."""
    size = len(points)
    mean = np.empty_like(points)
    for i in range(size):
        x, y = 0.0, 0.0
        for step in range(-SMOOTH_STEPS, SMOOTH_STEPS + 1):
            j = (i + step) % size
            x += points[j, 0]
            y += points[j, 1]
        mean[i, 0], mean[i, 1] = x / (2 * SMOOTH_STEPS + 1), y / (2 * SMOOTH_STEPS + 1)
    return mean


@compiled
def keep_outside(points: Floats, other: Floats, kept: NDArray[np.bool_]) -> None:
    """Unmark in `kept` the points that lie deeper than DEEP_UM inside the outline `other`."""
    away = distances_um(points, other, DEEP_UM)
    for i in range(len(points)):
        kept[i] &= away[i] > -DEEP_UM


@compiled
def unrolled(points: Floats, kept: NDArray[np.bool_]) -> tuple[Numbers, Floats, Floats, Floats]:
    """(x to `farthest_um` of an `Outline`, points, directions, radius) of what is kept.

    All of it is kept where hardly half would be left.
    """
    if kept.sum() > len(points) // 2:
        points = evened(points[kept])
    area, x, y = area_and_centre(points)
    if area < 0:
        points = points[::-1].copy()
    size, length = len(points), 0.0
    directions, away = np.empty(size), np.empty(size)
    for i in range(size):
        dx, dy = points[i, 0] - x, points[i, 1] - y
        directions[i], away[i] = onward(degrees(atan2(dy, dx))), hypot(dx, dy)
        j = i + 1 if i + 1 < size else 0
        length += hypot(points[j, 0] - points[i, 0], points[j, 1] - points[i, 1])
    radius = radius_by_direction(directions, away)
    waves, blebs = waves_of(radius)
    return (x, y, abs(area), length, waves, blebs, radius.max()), points, directions, radius


@compiled
def area_and_centre(polygon: Floats) -> tuple[float, float, float]:
    """Signed area and centre of area (shoelace formula), computed about the first point."""
    size = len(polygon)
    twice, x, y = 0.0, 0.0, 0.0
    for i in range(size):
        x0, y0 = polygon[i, 0] - polygon[0, 0], polygon[i, 1] - polygon[0, 1]
        j = (i + 1) % size
        x1, y1 = polygon[j, 0] - polygon[0, 0], polygon[j, 1] - polygon[0, 1]
        cross = x0 * y1 - x1 * y0
        twice += cross
        x += (x0 + x1) * cross
        y += (y0 + y1) * cross
    if twice == 0.0:
        return 0.0, polygon[:, 0].mean(), polygon[:, 1].mean()
    return twice / 2, x / (3 * twice) + polygon[0, 0], y / (3 * twice) + polygon[0, 1]


@compiled
def radius_by_direction(directions_deg: Floats, away_um: Floats) -> Floats:
    """Radius at the DIRECTIONS; where the outline folds back, one of its crossings."""
    order = np.argsort(directions_deg)
    size, after = len(order), 0
    radius = np.empty(DIRECTIONS)
    for i in range(DIRECTIONS):
        wanted = i * 360.0 / DIRECTIONS
        while after < size and directions_deg[order[after]] < wanted:
            after += 1
        one, two = order[after - 1], order[after % size]
        step = onward(directions_deg[two] - directions_deg[one])
        part = onward(wanted - directions_deg[one]) / step if step > 0.0 else 0.0
        radius[i] = away_um[one] + part * (away_um[two] - away_um[one])
    return radius


@compiled
def onward(angle_deg: float) -> float:
    """An angle of less than a turn, either way, as one in growing direction, 0..360."""
    return angle_deg if angle_deg >= 0.0 else angle_deg + 360.0


@compiled
def waves_of(radius: Floats) -> tuple[float, float]:
    """RMS of the radius by direction without its mean and first few harmonics.

    Without SHAPE_HARMONICS of them, and without BLEB_HARMONICS.
    """
    left = (radius * radius).mean() - radius.mean() ** 2
    waves = 0.0
    for wave in range(1, BLEB_HARMONICS + 1):
        across, along = 0.0, 0.0
        for i in range(DIRECTIONS):
            place = wave * i % DIRECTIONS
            across += radius[i] * COS[place]
            along += radius[i] * SIN[place]
        left -= 2.0 * (across * across + along * along) / DIRECTIONS**2
        if wave == SHAPE_HARMONICS:
            waves = left
    return sqrt(max(waves, 0.0)), sqrt(max(left, 0.0))


@compiled
def elongation_of(points: Floats, x: float, y: float) -> tuple[float, float]:
    """Axis ratio and direction of the long axis (degrees) of the area within a polygon.

    Second moments about (x, y), by Green's theorem.
    """
    xx, yy, xy, area = 0.0, 0.0, 0.0, 0.0
    for i in range(len(points)):
        x0, y0 = points[i, 0] - x, points[i, 1] - y
        j = (i + 1) % len(points)
        x1, y1 = points[j, 0] - x, points[j, 1] - y
        cross = x0 * y1 - x1 * y0
        area += cross
        xx += cross * (x0 * x0 + x0 * x1 + x1 * x1) / 12
        yy += cross * (y0 * y0 + y0 * y1 + y1 * y1) / 12
        xy += cross * (x1 * y0 + 2 * x0 * y0 + 2 * x1 * y1 + x0 * y1) / 24
    sign = 1.0 if area >= 0 else -1.0
    spread = hypot(xx - yy, 2 * xy)
    ratio = sqrt((sign * (xx + yy) + spread) / max(sign * (xx + yy) - spread, 1e-9))
    return ratio, degrees(atan2(sign * 2 * xy, sign * (xx - yy))) / 2 % 180.0


@compiled
def distances_um(points_um: Floats, polygon_um: Floats, reach_um: float) -> Floats:
    """Distance of each point (n, 2) to a closed polygon (m, 2); negative inside it.

    Points further than `reach_um` from the polygon's bounding box get infinity.
    """
    left, right = polygon_um[:, 0].min() - reach_um, polygon_um[:, 0].max() + reach_um
    top, bottom = polygon_um[:, 1].min() - reach_um, polygon_um[:, 1].max() + reach_um
    distances = np.full(points_um.shape[0], np.inf)
    for i in range(points_um.shape[0]):
        x, y = points_um[i, 0], points_um[i, 1]
        if x < left or x > right or y < top or y > bottom:
            continue
        nearest, inside = np.inf, False
        x0, y0 = polygon_um[-1, 0], polygon_um[-1, 1]
        for j in range(polygon_um.shape[0]):
            x1, y1 = polygon_um[j, 0], polygon_um[j, 1]
            dx, dy = x1 - x0, y1 - y0
            length2 = dx * dx + dy * dy
            t = 0.0 if length2 == 0 else ((x - x0) * dx + (y - y0) * dy) / length2
            t = min(max(t, 0.0), 1.0)
            nearest = min(nearest, (x - x0 - t * dx) ** 2 + (y - y0 - t * dy) ** 2)
            if (y0 > y) != (y1 > y) and x < x0 + (y - y0) / dy * dx:
                inside = not inside
            x0, y0 = x1, y1
        distances[i] = -np.sqrt(nearest) if inside else np.sqrt(nearest)
    return distances
