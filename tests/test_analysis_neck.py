"""Two cells are parted at the neck between them, not somewhere that gives the same shares."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from livewatch.analysis.neck import Two, neck
from livewatch.analysis.seam import halves

STEP = 0.1


def ellipse(x: float, y: float, long: float, wide: float, turn_deg: float) -> tuple[float, ...]:
    return x, y, long, wide, turn_deg


def outline_of(*cells: tuple[float, ...]) -> np.ndarray:
    """The outline round ellipses that lie over each other, its points about 0.6 um apart."""
    mask = np.zeros((600, 600), np.uint8)
    for x, y, long, wide, turn_deg in cells:
        middle = (round(x / STEP + 300), round(y / STEP + 300))
        cv2.ellipse(mask, middle, (round(long / STEP), round(wide / STEP)), turn_deg, 0, 360, 1, -1)
    (ring,), _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return ((ring[::6, 0] - 300.0) * STEP).astype(np.float64)


def two_of(one: tuple[float, ...], other: tuple[float, ...], sd_um: float = 2.0) -> Two:
    way = np.array((other[0] - one[0], other[1] - one[1]))
    areas = np.array([np.pi * long * wide for _, _, long, wide, _ in (one, other)])
    return Two(way, sd_um**2, areas)


@pytest.mark.parametrize("turn_deg", [0.0, 50.0, 200.0])
@pytest.mark.parametrize("wrong", [0.8, 1.0, 1.25])
@pytest.mark.parametrize("backwards", [False, True])
def test_a_cut_runs_from_notch_to_notch(turn_deg: float, wrong: float, backwards: bool) -> None:
    """Though the areas of both are not known to a quarter, nor where they lie to a micron."""
    turn = np.radians(turn_deg)
    x, y = 4.6 * np.cos(turn), 4.6 * np.sin(turn)
    one, other = ellipse(-x, -y, 4.0, 5.5, turn_deg), ellipse(x, y, 6.0, 4.0, turn_deg)
    ring = outline_of(one, other)
    if backwards:
        ring = np.ascontiguousarray(ring[::-1])
    two = two_of(one, other)
    two = two._replace(way=two.way + np.array((1.0, -0.7)), areas=two.areas * (wrong, 1.0))
    first, last, _ = neck(ring, two)
    across = np.array((np.cos(turn), np.sin(turn)))
    notches = ring[[first, last]] @ across
    assert abs(notches - -1.0).max() < 1.0
    rings, shapes = halves(ring.astype(np.float32), first, last)
    assert (shapes[0, 2:] - (-x, -y)) @ across == pytest.approx(0.0, abs=0.8)
    assert (shapes[1, 2:] - (x, y)) @ across == pytest.approx(0.0, abs=0.8)
    whole = cv2.contourArea(ring.astype(np.float32))
    assert shapes[:, 0].sum() == pytest.approx(whole, rel=1e-3)
    for part in rings:
        assert (part[0] == ring.astype(np.float32)[[first, last]]).all(axis=1).any()


def test_two_that_lie_along_each_other_are_cut_along_their_sides() -> None:
    """A cut across both would be shorter."""
    one, other = ellipse(-3.0, -1.5, 3.2, 9.0, 0.0), ellipse(3.0, 1.5, 3.2, 9.0, 0.0)
    ring = outline_of(one, other)
    first, last, _ = neck(ring, two_of(one, other))
    way = ring[first] - ring[last]
    assert abs(way[0]) < 0.25 * abs(way[1])


def test_a_cut_does_not_leave_the_outline() -> None:
    """A bent shape: the shortest way between its arms is outside."""
    arms = [ellipse(0, 0, 9.0, 2.5, 0.0), ellipse(7.5, 6.0, 2.5, 8.0, 0.0)]
    ring = outline_of(*arms)
    first, last, _ = neck(ring, two_of(*arms))
    for share in np.linspace(0.05, 0.95, 19):
        x, y = ring[first] + share * (ring[last] - ring[first])
        assert cv2.pointPolygonTest(ring.astype(np.float32), (x, y), True) > -0.2


def test_where_there_is_no_cut_it_says_so() -> None:
    flat = np.array(((0.0, 0.0), (1.0, 0.0), (2.0, 0.0)))
    two = Two(np.array((1.0, 0.0)), 1.0, np.ones(2))
    assert neck(flat, two) == (0, 0, np.inf)
