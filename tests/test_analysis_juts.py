"""What an NK cell holds of a tumor cell does not make that tumor cell reach another NK cell."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from walkers import cell_of, circle

from livewatch.analysis.contact import contacts_of
from livewatch.analysis.juts import without_juts
from livewatch.model import Cell, Kind
from livewatch.settings import ContactRules

PIXEL_UM = 0.25


def tumor_of(*parts: np.ndarray) -> Cell:
    """A tumor cell made of outlines that lie over each other, its points about 1.3 um apart."""
    mask = np.zeros((240, 240), np.uint8)
    for part in parts:
        cv2.fillPoly(mask, [np.round(part / PIXEL_UM + 120).astype(np.int32)], 1)
    (ring,), _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return cell_of(1, Kind.TUMOR, (ring[::5, 0].astype(np.float32) - 120) * PIXEL_UM)


def nk_at(x_um: float, y_um: float, identity: int = 1, radius_um: float = 4.5) -> Cell:
    return cell_of(identity, Kind.NK, circle(x_um, y_um, radius_um))


BODY = circle(0.0, 0.0, 10.0)
EATER = nk_at(14.0, 0.0, 1)


@pytest.mark.parametrize("half_width_um", [1.2, 2.0, 3.0])
def test_a_jut_into_an_nk_cell_is_closed_at_its_foot(half_width_um: float) -> None:
    held = circle(0.0, 0.0, 1.0) * (5.0, half_width_um) + (11.0, 0.0)
    (cell,) = without_juts([tumor_of(BODY, held)], [EATER])
    whole = tumor_of(BODY)
    assert np.hypot(*cell.outline_um.T).max() < 11.8
    assert cell.area_um2 == pytest.approx(whole.area_um2, rel=0.05)
    assert (cell.x_um, cell.y_um) == pytest.approx((whole.x_um, whole.y_um), abs=0.35)
    assert cell.perimeter_um == pytest.approx(whole.perimeter_um, rel=0.05)


@pytest.mark.parametrize(("reach_um", "half_width_um"), [(13.0, 1.0), (14.0, 1.5), (14.5, 1.0)])
def test_a_rounded_corner_under_a_jut_stays(reach_um: float, half_width_um: float) -> None:
    angle = np.linspace(0.0, 2 * np.pi, 400, endpoint=False)
    wave = np.column_stack((np.cos(angle), np.sin(angle)))
    square = 9.0 * np.sign(wave) * np.sqrt(np.abs(wave))
    body = square @ (np.array([[1.0, 1.0], [-1.0, 1.0]]) * np.sqrt(0.5))  # a corner to the right
    held = circle(0.0, 0.0, 1.0) * (reach_um - 10.5, half_width_um) + (10.5, 0.0)
    (cell,) = without_juts([tumor_of(body, held)], [nk_at(12.0, 0.0, 1, 7.0)])
    whole = tumor_of(body)
    assert cell.outline_um[:, 0].max() == pytest.approx(whole.outline_um[:, 0].max(), abs=0.6)
    assert cell.area_um2 == pytest.approx(whole.area_um2, rel=0.02)


def test_a_jut_between_two_nk_cells_is_closed_too() -> None:
    held = circle(0.0, 0.0, 1.0) * (4.0, 1.2) + (10.5, 0.0)
    (cell,) = without_juts([tumor_of(BODY, held)], [nk_at(13.0, 4.0, 1), nk_at(13.0, -4.0, 2)])
    assert np.hypot(*cell.outline_um.T).max() < 11.8


def test_the_nk_cell_behind_is_as_far_away_as_it_is_and_the_first_still_touches() -> None:
    held = circle(0.0, 0.0, 1.0) * (6.0, 2.0) + (12.0, 0.0)
    behind = nk_at(23.0, 0.0, 2)
    seen = tumor_of(BODY, held)

    def gaps(tumor: Cell) -> list[float]:
        rules = ContactRules(near_um=12.0)
        return [one.gap_um for one in contacts_of([EATER, behind], [tumor], rules)]

    assert gaps(seen)[1] < 1.5
    touching, apart = gaps(without_juts([seen], [EATER, behind])[0])
    assert touching == 0.0
    assert apart == pytest.approx(8.5, abs=1.0)


@pytest.mark.parametrize(
    ("x_um", "radius_um"),
    [(12.0, 4.5), (9.0, 4.5), (6.0, 4.5), (0.0, 4.5), (0.0, 14.0), (9.0, 8.0)],
    ids=["at the edge", "on the edge", "over it", "on its middle", "all around", "over half of it"],
)
def test_a_round_cell_under_an_nk_cell_keeps_its_outline(x_um: float, radius_um: float) -> None:
    seen = tumor_of(BODY)
    assert without_juts([seen], [nk_at(x_um, 0.0, 1, radius_um)]) == (seen,)


def test_a_lobe_that_no_nk_cell_covers_is_the_tumor_cells_own() -> None:
    seen = tumor_of(BODY, circle(11.0, 0.0, 3.0))
    assert without_juts([seen], [nk_at(-13.0, 0.0)]) == (seen,)


def test_where_there_is_nobody_nothing_is_done() -> None:
    seen = tumor_of(BODY)
    assert without_juts([seen], []) == (seen,)
    assert without_juts([], [EATER]) == ()


def test_a_bulge_that_nk_cells_lie_over_is_worn_down_no_further_than_its_jut() -> None:
    """Two NK cells lie over the round end of a tumor cell; one of them holds a morsel there."""
    body = circle(0.0, 0.0, 10.0) * (1.0, 1.15)
    held = circle(0.0, 0.0, 1.0) * (1.2, 3.0) + (3.0, -12.0)
    nks = [nk_at(-4.0, -11.5, 1, 5.0), nk_at(5.0, -12.0, 2, 5.0)]
    (cell,) = without_juts([tumor_of(body, held)], nks)
    assert cell.outline_um[:, 1].min() < -10.0
    assert cell.area_um2 > 0.95 * tumor_of(body).area_um2
