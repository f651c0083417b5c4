"""Contact: gaps and contact lengths between outlines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree
from walkers import cell_of, circle

from livewatch.analysis.contact import contacts_of
from livewatch.analysis.sureness import GAP_SD_UM
from livewatch.model import Cell, Contact, Kind
from livewatch.settings import ContactRules

RULES = ContactRules()


def round_cell(identity: int, kind: Kind, x_um: float, y_um: float, radius_um: float) -> Cell:
    cell = cell_of(identity, kind, circle(x_um, y_um, radius_um, 96))
    assert cell is not None
    return cell


def square(identity: int, kind: Kind, left: float, top: float, side: float) -> Cell:
    steps = np.arange(0, side, 0.5)
    rest = np.full(len(steps), side)
    ring = np.concatenate(
        (
            np.column_stack((steps, 0 * steps)),
            np.column_stack((rest, steps)),
            np.column_stack((side - steps, rest)),
            np.column_stack((0 * steps, side - steps)),
        )
    )
    cell = cell_of(identity, kind, ring + np.array((left, top)))
    assert cell is not None
    return cell


def only(contacts: tuple[Contact, ...]) -> Contact:
    (contact,) = contacts
    return contact


@pytest.mark.parametrize("gap_um", [0.1, 0.6, 1.3, 4.0, 7.9])
@pytest.mark.parametrize("angle_deg", [0, 37, 90, 200])
@pytest.mark.parametrize("centre_um", [0.0, 48_000.0])
def test_the_gap_between_two_discs_is_the_distance_of_their_rims(
    gap_um: float, angle_deg: float, centre_um: float
) -> None:
    away = (14.5 + gap_um) * np.exp(1j * np.radians(angle_deg))
    tumor = round_cell(2, Kind.TUMOR, centre_um, centre_um, 10)
    nk = round_cell(1, Kind.NK, centre_um + away.real, centre_um + away.imag, 4.5)
    contact = only(contacts_of([nk], [tumor], RULES))
    assert contact.gap_um == pytest.approx(gap_um, abs=0.03)


def test_pairs_further_apart_than_near_are_not_listed() -> None:
    tumor = round_cell(2, Kind.TUMOR, 0, 0, 10)
    assert contacts_of([round_cell(1, Kind.NK, 14.5 + 8.1, 0, 4.5)], [tumor], RULES) == ()


@pytest.mark.parametrize("x_um", [0.0, 3.0, 8.0, 12.0, 14.4])
def test_overlap_is_contact_however_deep(x_um: float) -> None:
    contact = only(
        contacts_of(
            [round_cell(1, Kind.NK, x_um, 0, 4.5)], [round_cell(2, Kind.TUMOR, 0, 0, 10)], RULES
        )
    )
    assert contact.gap_um == 0


def test_bars_that_cross_without_a_point_inside_each_other_touch() -> None:
    across = np.array([(-20.0, -0.2), (20, -0.2), (20, 0.2), (-20, 0.2)])
    nk, tumor = cell_of(1, Kind.NK, across), cell_of(2, Kind.TUMOR, across[:, ::-1])
    assert nk is not None
    assert tumor is not None
    assert only(contacts_of([nk], [tumor], RULES)).gap_um == 0


def test_contact_length_is_the_tumor_outline_within_reach() -> None:
    tumor = square(2, Kind.TUMOR, 0, 0, 20)
    nk = square(1, Kind.NK, 20.5, 5, 8)
    contact = only(contacts_of([nk], [tumor], RULES))
    # Beside the NK cell's 8 um, as far as a circle of 1 um around its corner reaches at 0.5 um.
    expected_um = 8 + 2 * np.sqrt(1 - 0.5**2)
    assert contact.contact_um == pytest.approx(expected_um, abs=0.15)
    assert contact.seal_fraction == pytest.approx(expected_um / 80, abs=0.002)


def test_membrane_inside_the_nk_cell_is_sealed() -> None:
    tumor = round_cell(2, Kind.TUMOR, 0, 0, 10)
    nk = round_cell(1, Kind.NK, 0, 0, 12)
    assert only(contacts_of([nk], [tumor], RULES)).seal_fraction == pytest.approx(1.0)


@pytest.mark.parametrize("cut", [1, 2], ids=["the NK cell", "the tumor cell"])
def test_how_much_is_sealed_is_unknown_of_a_pair_that_the_border_cuts(cut: int) -> None:
    cells = (square(1, Kind.NK, 20.5, 5, 8), square(2, Kind.TUMOR, 0, 0, 20))
    nk, tumor = (replace(cell, at_edge=cell.id == cut) for cell in cells)
    contact = only(contacts_of([nk], [tumor], RULES))
    assert np.isnan(contact.seal_fraction)
    assert contact.gap_um == pytest.approx(0.5, abs=0.05)


def test_several_nk_cells_each_have_their_own_contact() -> None:
    tumor = round_cell(9, Kind.TUMOR, 0, 0, 10)
    nks = [
        round_cell(k, Kind.NK, 15 * np.cos(k * np.pi / 2), 15 * np.sin(k * np.pi / 2), 4.5)
        for k in range(1, 5)
    ]
    contacts = contacts_of(nks, [tumor], RULES)
    assert [contact.pair for contact in contacts] == [(1, 9), (2, 9), (3, 9), (4, 9)]
    lengths = [contact.contact_um for contact in contacts]
    assert lengths == pytest.approx([lengths[0]] * 4, rel=0.05)


def test_a_stated_bias_is_taken_off_gaps_and_put_on_reach() -> None:
    tumor = square(2, Kind.TUMOR, 0, 0, 20)
    seen = only(contacts_of([square(1, Kind.NK, 21.4, 5, 8)], [tumor], RULES, bias_um=0.4))
    true = only(contacts_of([square(1, Kind.NK, 21.0, 5, 8)], [tumor], RULES))
    assert seen.gap_um == pytest.approx(true.gap_um, abs=1e-5)
    assert seen.contact_um == pytest.approx(true.contact_um, abs=0.3)


def test_nobody_is_near_nobody() -> None:
    assert contacts_of([], [], RULES) == ()
    assert contacts_of([round_cell(1, Kind.NK, 0, 0, 5)], [], RULES) == ()


def blobs(kind: Kind, first_id: int) -> st.SearchStrategy[list[Cell]]:
    place = st.floats(-40, 40)
    one = st.tuples(place, place, st.floats(3, 9), st.integers(5, 40))
    return st.lists(one, min_size=1, max_size=6).map(
        lambda all_: [
            cell
            for k, (x, y, radius, points) in enumerate(all_)
            if (cell := cell_of(first_id + k, kind, circle(x, y, radius, points)))
        ]
    )


def plain_gap(a: Cell, b: Cell) -> float:
    """Least distance of densely sampled outlines."""

    def dense(cell: Cell) -> np.ndarray:
        ring = cell.outline_um.astype(float)
        along = np.linspace(0, 1, 40, endpoint=False)[:, None, None]
        return (ring + along * (np.roll(ring, -1, 0) - ring)).reshape(-1, 2)

    return float(cKDTree(dense(a)).query(dense(b))[0].min())


@settings(max_examples=40, deadline=None)
@given(blobs(Kind.NK, 1), blobs(Kind.TUMOR, 100))
def test_gaps_agree_with_the_plain_way(nks: list[Cell], tumors: list[Cell]) -> None:
    found = {contact.pair: contact for contact in contacts_of(nks, tumors, RULES)}
    for nk in nks:
        for tumor in tumors:
            plain_um = plain_gap(nk, tumor)
            contact = found.get((nk.id, tumor.id))
            if contact is None:
                assert plain_um > RULES.near_um - 1e-3
            elif contact.gap_um > 0:
                assert contact.gap_um == pytest.approx(plain_um, abs=0.05)
            assert contact is None or contact.gap_um <= plain_um + 1e-3


@settings(max_examples=20, deadline=None)
@given(blobs(Kind.NK, 1), blobs(Kind.TUMOR, 100), st.randoms(use_true_random=False))
def test_the_order_of_cells_does_not_matter(nks, tumors, random) -> None:  # type: ignore[no-untyped-def]
    before = contacts_of(nks, tumors, RULES)
    random.shuffle(nks)
    random.shuffle(tumors)
    assert contacts_of(nks, tumors, RULES) == before


def test_where_an_outline_begins_hardly_matters() -> None:
    tumor, nk = square(2, Kind.TUMOR, 0, 0, 20), round_cell(1, Kind.NK, 24, 9, 4.3)
    turned = replace(tumor, outline_um=np.roll(tumor.outline_um, 17, 0)[::-1].copy())
    a, b = only(contacts_of([nk], [tumor], RULES)), only(contacts_of([nk], [turned], RULES))
    assert a.gap_um == pytest.approx(b.gap_um, abs=1e-6)
    assert a.contact_um == pytest.approx(b.contact_um, abs=1e-6)


def doubt_um(nks: list[Cell], tumors: list[Cell]) -> dict[int, float]:
    return {contact.nk_id: contact.gap_sd_um for contact in contacts_of(nks, tumors, RULES)}


def test_the_gap_of_cells_by_themselves_is_known_well() -> None:
    tumor, nk = round_cell(9, Kind.TUMOR, 0, 0, 10), round_cell(1, Kind.NK, 16, 0, 4.5)
    distant = round_cell(2, Kind.NK, 0, 30, 4.5)
    assert doubt_um([nk, distant], [tumor]) == {1: GAP_SD_UM}


def test_a_gap_that_ends_at_a_seam_is_in_doubt_and_one_that_does_not_is_not() -> None:
    """Two NK cells that touch: one before the other as seen from the tumor cell, and abreast."""
    tumor = round_cell(9, Kind.TUMOR, 0, 0, 10)
    front, behind = round_cell(1, Kind.NK, 12, 0, 2), round_cell(2, Kind.NK, 16.1, 0, 2)
    doubt = doubt_um([front, behind], [tumor])
    assert doubt[2] > 1.0
    assert doubt[1] < 0.5
    angle = np.radians(20)
    side = [
        round_cell(k, Kind.NK, 15 * np.cos(turn), 15 * np.sin(turn), 4.5)
        for k, turn in ((1, angle), (2, -angle))
    ]
    assert max(doubt_um(side, [tumor]).values()) < 0.5


def test_a_seam_of_two_tumor_cells_makes_a_gap_that_ends_beside_it_doubtful() -> None:
    tumors = [round_cell(k, Kind.TUMOR, x, 0, 10) for k, x in ((8, -9.8), (9, 9.8))]
    nk, aside = round_cell(1, Kind.NK, 0, 7, 3.0), round_cell(2, Kind.NK, 24, 0, 3.0)
    doubt = doubt_um([nk, aside], tumors)
    assert doubt[1] > 0.5 > doubt[2]
