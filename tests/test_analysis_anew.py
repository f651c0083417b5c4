"""Cells that lie against each other keep their seam where their necks are, whoever has a share."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from test_analysis_several import LEFT, RIGHT, cut, known
from test_analysis_tracking import Book, disc

from livewatch.analysis.cuts import against_cells, cut_apart, joined
from livewatch.analysis.pieces import union
from livewatch.analysis.tracks import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livewatch.model import Cell

ROW = [disc(-8.8, -0.1), disc(0.0, 0.0), disc(8.8, 0.1)]
"""Three that touch, the first and the last only the one between them."""
RING = [disc(-4.3, 0.0), disc(4.3, 0.0), disc(0.0, 7.4)]
"""Three that touch each other."""


def tracks(cells: Sequence[Cell]) -> np.ndarray:
    """Rows of tracks of cells that are where they should be."""
    table = np.zeros(len(cells), COLUMNS)
    for row, cell in zip(table, cells, strict=True):
        row["x_um"], row["y_um"], row["area_um2"], row["pxx"] = (
            cell.x_um,
            cell.y_um,
            cell.area_um2,
            1.0,
        )
    return table


def whole_of(cells: Sequence[Cell]) -> Cell:
    """Cells as one."""
    whole = joined(cells)
    assert whole is not None
    return whole


def test_two_that_are_cut_a_little_off_their_neck_are_cut_at_it() -> None:
    book = known()
    for frame in range(25, 40):
        pieces = cut(union(LEFT, RIGHT), 1.0, 1.2)
        assert pieces[1].area_um2 > 1.15 * pieces[0].area_um2
        seen = {cell.id: cell for cell in book.watch(2.0 * frame, pieces)}
        assert seen[1].area_um2 == pytest.approx(LEFT.area_um2, rel=0.04)
        assert seen[2].area_um2 == pytest.approx(RIGHT.area_um2, rel=0.04)


def test_only_what_was_cut_grossly_wrong_is_doubted_in_time() -> None:
    """None of it speaks for two cells that are seen as one."""
    for shares, doubted in (((1.0, 1.2), False), ((1.0, 3.0), True)):
        book = known()
        book.watch(50.0, cut(union(LEFT, RIGHT), *shares))
        assert (book.tracks.table["anew_s"] > 0).all() == doubted
        assert (book.tracks.table["joint_s"] == 0).all()


def test_cells_whose_seam_is_put_right_keep_their_own_brightness() -> None:
    book = Book()
    dim, bright = replace(LEFT, signal=200.0), replace(RIGHT, signal=800.0)
    for frame in range(25):
        book.see(2.0 * frame, [dim, bright])
    one, other = cut(union(dim, bright), 1.0, 1.2)
    cells = [replace(one, signal=210.0), replace(other, signal=790.0)]
    seen = {cell.id: cell for cell in book.watch(50.0, cells)}
    assert (seen[1].signal, seen[2].signal) == (210.0, 790.0)


@pytest.mark.parametrize(("cells", "much", "off_um"), [(ROW, 0.05, 0.3), (RING, 0.3, 1.5)])
def test_three_are_cut_apart_at_their_necks(cells: list[Cell], much: float, off_um: float) -> None:
    """Straight cuts give one of a ring more than its own, and what lies between all three."""
    parted, against = cut_apart(whole_of(cells), tracks(cells))
    assert np.isfinite(against)
    for part, cell in zip(parted, cells, strict=True):
        assert part.area_um2 == pytest.approx(cell.area_um2, rel=much)
        assert (part.x_um, part.y_um) == pytest.approx((cell.x_um, cell.y_um), abs=off_um)


def test_three_in_a_row_are_put_right_though_both_seams_are_wrong() -> None:
    book = Book()
    for frame in range(25):
        assert book.see(2.0 * frame, ROW) == [1, 2, 3]
    for frame in range(25, 40):
        pieces = cut(whole_of(ROW), 1.3, 0.6, 1.1)
        seen = {cell.id: cell for cell in book.watch(2.0 * frame, pieces)}
        assert seen.keys() == {1, 2, 3}
        for identity, cell in enumerate(ROW, 1):
            assert seen[identity].area_um2 == pytest.approx(cell.area_um2, rel=0.06)
            assert seen[identity].x_um == pytest.approx(cell.x_um, abs=0.5)


@pytest.mark.parametrize("cells", [ROW, RING])
def test_cells_as_they_are_suit_better_than_cut_elsewhere(cells: list[Cell]) -> None:
    one, other, third = cells
    larger = replace(one, x_um=one.x_um + 1.0, area_um2=1.4 * one.area_um2)
    smaller = replace(other, x_um=other.x_um + 1.0, area_um2=0.6 * other.area_um2)
    table = tracks(cells)
    assert against_cells(cells, table) < against_cells([larger, smaller, third], table)


def test_cells_that_do_not_hang_together_are_left_as_they_are() -> None:
    apart = [disc(0.0, 0.0), disc(40.0, 0.0), disc(80.0, 0.0)]
    assert joined(apart) is None
    assert against_cells(apart, tracks(apart)) == -np.inf
