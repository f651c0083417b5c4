"""One cell inside the other: what an outline shows, and how long it must show it."""

from __future__ import annotations

from math import isnan, nan

import numpy as np

from livewatch.analysis.measures.outline import Outline, outline_of
from livewatch.analysis.measures.vacuole import NO_VACUOLE, looked_at, looks_shut
from livewatch.model import Cell, Kind


def an_nk(radius_um: float, x_um: float) -> Cell:
    turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    ring = np.column_stack((x_um + radius_um * np.cos(turn), radius_um * np.sin(turn)))
    return Cell(2, Kind.NK, x_um, 0.0, 0.0, 0.0, 0.0, False, ring.astype(np.float32))


def a_cup(half_open: float) -> Outline:
    """A ring of 10 um with a hollow of 5 um in it, open to the right over so many radians."""
    turn = np.linspace(half_open, 2 * np.pi - half_open, 120)
    rim = 10.0 * np.column_stack((np.cos(turn), np.sin(turn)))
    hollow = 5.0 * np.column_stack((np.cos(turn[::-1]), np.sin(turn[::-1])))
    return outline_of(np.concatenate((rim, hollow)))


def test_an_nk_cell_is_inside_what_closes_round_it_and_not_in_an_open_cup() -> None:
    nk = an_nk(4.8, 0.0)
    assert looks_shut(nk, a_cup(0.1), None)
    assert not looks_shut(nk, a_cup(1.0), None)
    assert not looks_shut(an_nk(4.8, 12.0), a_cup(0.1), None)
    assert not looks_shut(an_nk(4.8, 300.0), a_cup(0.1), None)


def since(looks: list[tuple[bool, float]]) -> float:
    vacuole = NO_VACUOLE
    for shut, time_s in looks:
        vacuole = vacuole.seen(shut, shut, time_s)
    return vacuole.since_s


def test_an_outline_that_wavers_does_not_let_the_cell_out_but_one_that_opens_does() -> None:
    assert since([(False, 0.0), (True, 2.0), (True, 4.0)]) == 2.0
    assert since([(True, 2.0), (False, 4.0), (False, 6.0), (True, 8.0)]) == 2.0
    assert since([(True, 0.0), (False, 30.0), (True, 60.0)]) == 0.0
    assert isnan(since([(True, 0.0), (False, 30.0), (False, 60.0)]))
    assert isnan(since([(True, 2.0), (False, 4.0), (False, 9.0), (False, 14.0)]))
    assert since([(True, 2.0), (False, 4.0), (False, 14.0), (True, 20.0)]) == 20.0
    assert isnan(NO_VACUOLE.seen(False, False, nan).since_s)


def test_a_cell_whose_wall_is_not_seen_is_held_until_it_has_left_the_cup() -> None:
    within, out = an_nk(4.8, 0.0), an_nk(4.8, 12.0)
    vacuole = looked_at(NO_VACUOLE, within, a_cup(1.0), None, 0.0)
    assert not vacuole.holds
    vacuole = looked_at(vacuole, within, a_cup(0.1), None, 2.0)
    assert vacuole.holds
    for time_s in (4.0, 14.0, 24.0):
        vacuole = looked_at(vacuole, within, a_cup(1.0), None, time_s)
        assert vacuole.holds
    assert isnan(vacuole.since_s)
    assert not looked_at(vacuole, out, a_cup(1.0), None, 26.0).holds
