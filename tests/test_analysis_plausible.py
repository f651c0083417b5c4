"""Which cells are believed in where contact is concerned."""

from __future__ import annotations

from dataclasses import replace

import pytest
from walkers import cell_of, circle, view_of

from livewatch.analysis.places import Place, touching, tracked
from livewatch.model import Cell, Contact, Kind
from livewatch.settings import Experiment

VIEW, EXPERIMENT = view_of(300.0), Experiment()
OTHERS = tuple((x, y) for x in (-120, -60, 0, 60, 120) for y in (-120, 120))
"""NK cells far from everything, which say what is usual."""


def disc(x_um: float, y_um: float, radius_um: float, kind: Kind, signal: float = 500.0) -> Cell:
    cell = cell_of(0, kind, circle(x_um, y_um, radius_um), VIEW)
    assert cell is not None
    return replace(cell, signal=signal)


TUMOR = disc(0, 0, 10, Kind.TUMOR)


def opened(*guests: Cell | None, others_um: float = 4.5) -> tuple[list[int], list[Contact]]:
    """The encounters opened, and the contacts told last, when a guest is seen in each frame."""
    place, next_cell, begun = Place("p"), 1, []
    told: list[Contact] = []
    for at, guest in enumerate(guests):
        nk = [disc(x, y, others_um, Kind.NK) for x, y in OTHERS]
        nk += [guest] if guest else []
        seen = {Kind.NK: nk, Kind.TUMOR: [TUMOR]}
        place, cells, next_cell = tracked(place, seen, VIEW, 10.0 * at, next_cell, EXPERIMENT)
        place, contacts, turn = touching(place, cells, 10.0 * at, 1 + len(begun), EXPERIMENT)
        begun += turn.opened
        told = list(contacts)
    return begun, told


def test_a_cell_like_the_others_is_believed_in_at_once() -> None:
    begun, told = opened(*[disc(14, 0, 4.5, Kind.NK)] * 3)
    assert begun == [1]
    assert len(told) == 1


def test_a_dim_cell_is_a_cell() -> None:
    begun, _ = opened(*[disc(14, 0, 4.5, Kind.NK, signal=30.0)] * 3)
    assert begun == [1]


def test_a_speck_touches_nobody() -> None:
    begun, told = opened(*[disc(11, 0, 1.7, Kind.NK)] * 8)
    assert begun == []
    assert told == []


def test_what_is_small_depends_on_what_is_usual_here() -> None:
    begun, _ = opened(*[disc(11.5, 0, 2.0, Kind.NK)] * 8, others_um=2.6)
    assert begun == [1]


def test_what_is_seen_now_and_then_is_no_cell() -> None:
    ghost = disc(14, 0, 4.5, Kind.NK)
    begun, _ = opened(ghost, *[None, None, ghost] * 8)
    assert begun == []


@pytest.mark.parametrize(("signal", "believed"), [(20.0, False), (200.0, True)])
def test_an_nk_cell_in_a_tumor_cell_shines_by_itself(signal: float, believed: bool) -> None:
    begun, _ = opened(*[disc(3, 0, 4.0, Kind.NK, signal=signal)] * 8)
    assert (begun == [1]) is believed


def test_an_encounter_goes_on_though_its_cell_is_hardly_seen() -> None:
    guest = disc(14, 0, 4.5, Kind.NK)
    begun, told = opened(*[guest] * 4, *[None] * 12, guest)
    assert begun == [1]
    assert len(told) == 1
