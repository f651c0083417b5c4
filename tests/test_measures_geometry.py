"""The tumor's outline and the patch on it."""

from __future__ import annotations

import numpy as np
import pytest

from livewatch.analysis.measures.outline import (
    distances_um,
    outline_of,
    share_within,
    share_within_hull,
)
from livewatch.analysis.measures.patch import patch_of
from livewatch.analysis.measures.slip import Slip, moved


def circle(radius_um: float, x_um: float = 0.0, y_um: float = 0.0, n: int = 120) -> np.ndarray:
    turn = np.linspace(0, 2 * np.pi, n, endpoint=False)
    return np.column_stack((x_um + radius_um * np.cos(turn), y_um + radius_um * np.sin(turn)))


def test_a_disc_is_round_and_smooth_and_has_its_own_size() -> None:
    outline = outline_of(circle(10, 3, -7))
    assert (outline.x_um, outline.y_um) == pytest.approx((3, -7), abs=0.01)
    assert outline.area_um2 == pytest.approx(np.pi * 100, rel=0.01)
    assert outline.perimeter_um == pytest.approx(2 * np.pi * 10, rel=0.01)
    assert outline.roundness == pytest.approx(1, abs=0.01)
    assert outline.waves_um < 0.02


def test_ripples_are_measured_but_elongation_is_none() -> None:
    turn = np.linspace(0, 2 * np.pi, 240, endpoint=False)
    ripple = 10 + 0.7 * np.cos(7 * turn)
    stretched = 10 + 1.0 * np.cos(2 * turn)
    for radius, expected in ((ripple, 0.7 / np.sqrt(2)), (stretched, 0.0)):
        outline = outline_of(np.column_stack((radius * np.cos(turn), radius * np.sin(turn))))
        assert outline.waves_um == pytest.approx(expected, abs=0.08)


@pytest.mark.parametrize("turned", [1, -1], ids=["clockwise", "counterclockwise"])
def test_directions_grow_towards_y_however_the_outline_is_given(turned: int) -> None:
    outline = outline_of(circle(10)[::turned])
    steps = (np.diff(outline.directions_deg) + 180) % 360 - 180
    assert np.all(steps > 0)


def test_a_bite_that_hangs_on_the_tumor_is_cut_off_where_the_nk_cell_is() -> None:
    turn = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    bump = np.where(np.abs(np.degrees(turn) - 90) < 6, 13.5, 10.0)
    bitten = np.column_stack((bump * np.cos(turn), bump * np.sin(turn)))
    plain, mended = outline_of(bitten), outline_of(bitten, [circle(4, 0, 14)])
    assert plain.radius_um.max() > 12.5
    assert mended.radius_um.max() < 11
    assert mended.area_um2 == pytest.approx(np.pi * 100, rel=0.02)


def test_distance_to_a_polygon_is_negative_inside_and_infinite_out_of_reach() -> None:
    square = np.array([[0.0, 0.0], [10, 0], [10, 10], [0, 10]])
    points = np.array([[5.0, 5.0], [5, 12], [-3, 5], [30, 30]])
    assert distances_um(points, square, 4.0) == pytest.approx([-5, 2, 3, np.inf])


@pytest.mark.parametrize("direction", [0.0, 90.0, 179.0, -60.0])
@pytest.mark.parametrize("reach_um", [1.0, 2.0])
def test_the_patch_is_where_the_nk_cell_lies(direction: float, reach_um: float) -> None:
    radius_um, nk_um = 10.0, 5.0
    apart = radius_um + nk_um + 0.3
    at = apart * np.cos(np.radians(direction)), apart * np.sin(np.radians(direction))
    patch = patch_of(outline_of(circle(radius_um)), circle(nk_um, *at), reach_um)
    assert patch is not None
    # a point of the outline is covered as long as it is within reach of the NK disc
    covered = 2 * np.arccos(
        (apart**2 + radius_um**2 - (nk_um + reach_um) ** 2) / (2 * apart * radius_um)
    )
    assert (patch.middle_deg - direction + 180) % 360 - 180 == pytest.approx(0, abs=2)
    assert patch.fraction == pytest.approx(covered / (2 * np.pi), abs=0.01)
    assert (patch.end_deg - patch.start_deg) % 360 == pytest.approx(np.degrees(covered), abs=4)


def test_no_patch_where_nothing_is_near_and_no_middle_where_all_is_covered() -> None:
    tumor = outline_of(circle(10))
    assert patch_of(tumor, circle(5, 30, 0), 1.0) is None
    whole = patch_of(tumor, circle(10.5), 1.0)
    assert whole is not None
    assert whole.fraction == 1
    assert np.isnan(whole.middle_deg)


def followed(patches: list[float], twists: list[float]) -> tuple[float, float]:
    slip, orbit_deg, slip_um = Slip(), np.nan, np.nan
    for patch_deg, twist_deg in zip(patches, twists, strict=True):
        slip, orbit_deg, slip_um = moved(slip, patch_deg, twist_deg, 10.0)
    return orbit_deg, slip_um


STILL, TURNING = [0.0] * 40, list(np.linspace(0, 60, 40))
ARC_UM = np.radians(60) * 10


@pytest.mark.parametrize(
    ("patches", "twists", "orbit_deg", "slip_um"),
    [
        (STILL, STILL, 0, 0),
        (TURNING, STILL, 60, ARC_UM),
        (STILL, TURNING, 0, -ARC_UM),
        (TURNING, TURNING, 60, 0),
    ],
    ids=["nothing", "the NK cell goes round", "the tumor turns under it", "both go together"],
)
def test_orbit_twist_and_slip_are_told_apart(
    patches: list[float], twists: list[float], orbit_deg: float, slip_um: float
) -> None:
    # what is counted from is the mean of the first three sights
    assert followed(patches, twists) == pytest.approx((orbit_deg, slip_um), abs=2)


def test_a_patch_that_goes_round_more_than_once_is_counted_on() -> None:
    around = np.linspace(0, 800, 100)
    wrapped = list((around + 180) % 360 - 180)
    orbit_deg, _ = followed(wrapped, [0.0] * 100)
    assert orbit_deg == pytest.approx(800, abs=10)


def test_without_twist_there_is_an_orbit_but_no_slip() -> None:
    _, orbit_deg, slip_um = moved(Slip(), 30.0, np.nan, 10.0)
    assert orbit_deg == 0
    assert np.isnan(slip_um)


def test_an_nk_cell_in_a_cup_is_within_its_brim_and_one_beside_it_is_not() -> None:
    turn = np.linspace(0.35, 2 * np.pi - 0.35, 120)
    rim = 10.0 * np.column_stack((np.cos(turn), np.sin(turn)))
    hollow = 6.0 * np.column_stack((np.cos(turn[::-1]), np.sin(turn[::-1])))
    cup = outline_of(np.concatenate((rim, hollow)))
    ring = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    nk = 5.0 * np.column_stack((np.cos(ring), np.sin(ring)))
    assert share_within_hull(nk, cup) == 1.0
    assert share_within(nk, cup) < 0.1
    assert share_within_hull(nk + np.array((15.5, 0.0)), cup) < 0.1
