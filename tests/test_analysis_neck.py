"""Two cells are parted at the neck between them, not somewhere that gives the same shares."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from livewatch.analysis.neck import Two, inward, neck
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


@pytest.mark.parametrize("backwards", [False, True])
def test_an_outline_that_turns_inward_nowhere_has_no_neck(backwards: bool) -> None:
    ring = outline_of(ellipse(0.0, 0.0, 9.0, 5.0, 20.0))
    if backwards:
        ring = np.ascontiguousarray(ring[::-1])
    two = Two(np.array((8.0, 0.0)), 1.0, np.full(2, 70.0))
    assert neck(ring, two) == (0, 0, np.inf)


@pytest.mark.parametrize("wrong", [0.6, 1.0, 1.6])
@pytest.mark.parametrize("way_off_um", [(0.0, 0.0), (2.0, 1.0)])
def test_notches_say_more_than_what_is_thought_of_sizes(
    wrong: float, way_off_um: tuple[float, float]
) -> None:
    """A cut elsewhere, hardly longer, would suit the areas better."""
    one, other = ellipse(-3.5, 0.0, 5.0, 5.0, 0.0), ellipse(4.0, 3.0, 6.0, 3.0, 20.0)
    ring, two = outline_of(one, other), two_of(one, other)
    first, last, _ = neck(
        ring, Two(two.way + np.array(way_off_um), two.var, two.areas * np.array((wrong, 1.0)))
    )
    for end in ring[[first, last]]:
        for body in (one, other):
            assert np.hypot(*(outline_of(body) - end).T).min() < 0.7


@pytest.mark.parametrize("backwards", [False, True])
def test_an_outline_turns_inward_by_the_angle_of_its_notch(backwards: bool) -> None:
    """A square with a corner of it cut out: a right angle inward there, outward at the others."""
    corners = [(0, 0), (12, 0), (12, 6), (6, 6), (6, 12), (0, 12)]
    sides = zip(corners, np.roll(corners, -1, 0), strict=True)
    ring = np.concatenate([np.linspace(one, two, 12, endpoint=False) for one, two in sides])
    turn = inward(ring[::-1].copy())[::-1] if backwards else inward(ring)
    assert turn[::12] == pytest.approx(np.radians([-90, -90, -90, 90, -90, -90]))
    assert turn[6::12] == pytest.approx(np.zeros(6), abs=1e-9)
