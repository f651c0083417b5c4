"""The tumor's outline, unrolled: points at equal steps along it, and its radius by direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from livewatch.compiled import compiled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DIRECTIONS = 192
"""Directions in which a cell is sampled, equally spaced from +x towards +y."""
STEP_UM = 0.25
SMOOTH_STEPS = 2
SHAPE_HARMONICS = 2
DEEP_UM = 0.5
"""Masks made independently overlap at a contact by less than this."""


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """A closed outline seen from its centre of area, in stage um.

    `points_um` (n, 2) lie at equal steps along it; `directions_deg` (n,) is where each is seen
    from the centre, 0..360; `radius_um` (DIRECTIONS,) is the distance to the outline by direction.
    """

    x_um: float
    y_um: float
    area_um2: float
    perimeter_um: float
    points_um: Floats
    directions_deg: Floats
    radius_um: Floats

    @property
    def roundness(self) -> float:
        """4 pi area / perimeter^2, with the perimeter of the smoothed outline."""
        return float(4 * np.pi * self.area_um2 / self.perimeter_um**2)

    @property
    def mean_radius_um(self) -> float:
        """Radius of the circle with the same perimeter: one turn is 2 pi of these."""
        return self.perimeter_um / (2 * np.pi)

    @property
    def elongation(self) -> tuple[float, float]:
        """(axis ratio, direction of the long axis in degrees, 0..180), from second moments."""
        xx, yy, xy = _moments(self.points_um - (self.x_um, self.y_um))
        spread = float(np.hypot(xx - yy, 2 * xy))
        ratio = np.sqrt((xx + yy + spread) / max(xx + yy - spread, 1e-9))
        return float(ratio), float(np.degrees(np.arctan2(2 * xy, xx - yy)) / 2 % 180)

    @property
    def waves_um(self) -> float:
        """RMS of the membrane's ripple: the radius without its slowest harmonics."""
        spectrum = np.fft.rfft(self.radius_um)
        spectrum[: SHAPE_HARMONICS + 1] = 0
        return float(np.sqrt(np.mean(np.fft.irfft(spectrum, DIRECTIONS) ** 2)))


def outline_of(
    outline_um: NDArray[np.floating], inside_of: Iterable[NDArray[np.floating]] = ()
) -> Outline:
    """Unroll an outline (n, 2), n >= 3, given once around without repeating its first point.

    What of it lies deep inside the outlines `inside_of` (NK cells) is cut off along a straight
    line: there, tumor light is a bite, no longer the tumor.
    """
    points = _smooth(_equal_steps(np.asarray(outline_um, dtype=np.float64)))
    points = _equal_steps(_without_bites(points, inside_of))
    area, x_um, y_um = _area_and_centre(points)
    if area < 0:
        points = points[::-1].copy()
    around = points - (x_um, y_um)
    directions = np.degrees(np.arctan2(around[:, 1], around[:, 0])) % 360
    radius = _radius_by_direction(directions, np.hypot(around[:, 0], around[:, 1]))
    return Outline(x_um, y_um, abs(area), _length_um(points), points, directions, radius)


def _without_bites(points: Floats, inside_of: Iterable[NDArray[np.floating]]) -> Floats:
    kept = np.ones(len(points), bool)
    for other in inside_of:
        kept &= distances_um(points, np.asarray(other, np.float64), DEEP_UM) > -DEEP_UM
    return points[kept] if np.count_nonzero(kept) > len(points) // 2 else points


def _length_um(points: Floats) -> float:
    return float(np.hypot(*np.diff(points, axis=0, append=points[:1]).T).sum())


def _area_and_centre(polygon: Floats) -> tuple[float, float, float]:
    """Signed area and centre of area (shoelace formula), computed about the first point."""
    x, y = (polygon - polygon[0]).T
    x_next, y_next = np.roll(x, -1), np.roll(y, -1)
    cross = x * y_next - x_next * y
    area = float(cross.sum() / 2)
    if area == 0:
        return 0.0, float(polygon[:, 0].mean()), float(polygon[:, 1].mean())
    centre_x = float(((x + x_next) * cross).sum() / (6 * area) + polygon[0, 0])
    return area, centre_x, float(((y + y_next) * cross).sum() / (6 * area) + polygon[0, 1])


def _moments(around: Floats) -> tuple[float, float, float]:
    """Second moments of the area within a polygon about the origin (Green's theorem)."""
    x, y = around.T
    x_next, y_next = np.roll(x, -1), np.roll(y, -1)
    cross = x * y_next - x_next * y
    sign = np.sign(cross.sum()) or 1.0
    xx = sign * float((cross * (x**2 + x * x_next + x_next**2)).sum()) / 12
    yy = sign * float((cross * (y**2 + y * y_next + y_next**2)).sum()) / 12
    mixed = x * y_next + 2 * x * y + 2 * x_next * y_next + x_next * y
    return xx, yy, sign * float((cross * mixed).sum()) / 24


def _smooth(points: Floats) -> Floats:
    """Take the pixel steps out of an outline, so that its length is that of the membrane."""
    reach = SMOOTH_STEPS
    around = np.concatenate((points[-reach:], points, points[:reach]))
    sums = np.cumsum(np.vstack((np.zeros((1, 2)), around)), axis=0)
    return np.asarray((sums[2 * reach + 1 :] - sums[: -2 * reach - 1]) / (2 * reach + 1))


def _equal_steps(polygon: Floats) -> Floats:
    closed = np.vstack((polygon, polygon[:1]))
    along = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))))
    count = max(int(along[-1] / STEP_UM), 16)
    where = np.arange(count) * (along[-1] / count)
    return np.column_stack([np.interp(where, along, closed[:, axis]) for axis in (0, 1)])


def _radius_by_direction(directions_deg: Floats, radius_um: Floats) -> Floats:
    """Radius at the DIRECTIONS; where the outline folds back, the mean of its crossings."""
    order = np.argsort(directions_deg, kind="stable")
    wanted = np.arange(DIRECTIONS) * (360 / DIRECTIONS)
    radius: Floats = np.interp(wanted, directions_deg[order], radius_um[order], period=360)
    return radius


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
