"""Two cells that touch stay the two they were, wherever segmentation cuts them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from test_analysis_tracking import Book, disc

from livewatch.analysis.pieces import union
from livewatch.analysis.seam import parts

if TYPE_CHECKING:
    from livewatch.model import Cell

LEFT, RIGHT = disc(-4.4, -0.1), disc(4.4, 0.1)


def cut(whole: Cell, *shares: float) -> list[Cell]:
    """A cell cut straight from left to right, each piece its share of the area."""
    at = np.column_stack((np.linspace(-9.0, 9.0, len(shares)), np.zeros(len(shares))))
    rings, shapes = parts(whole.outline_um, at, np.array(shares))
    return [
        replace(whole, area_um2=area, perimeter_um=length, x_um=x, y_um=y, outline_um=ring)
        for ring, (area, length, x, y) in zip(rings, shapes.tolist(), strict=True)
    ]


def known() -> Book:
    """Tracks of two cells that were seen to touch for a while."""
    book = Book()
    for frame in range(25):
        assert book.see(2.0 * frame, [LEFT, RIGHT]) == [1, 2]
    return book


@pytest.mark.parametrize("shares", [(1.0, 3.0), (3.0, 1.0), (0.35, 0.25, 0.4)])
def test_two_that_touch_and_are_cut_at_the_wrong_place_keep_their_size_and_place(
    shares: tuple[float, ...],
) -> None:
    book = known()
    for frame in range(25, 40):
        seen = {cell.id: cell for cell in book.watch(2.0 * frame, cut(union(LEFT, RIGHT), *shares))}
        assert seen.keys() == {1, 2}
        for identity, cell in ((1, LEFT), (2, RIGHT)):
            assert seen[identity].area_um2 == pytest.approx(cell.area_um2, rel=0.1)
            assert seen[identity].x_um == pytest.approx(cell.x_um, abs=0.5)


def test_pieces_united_have_the_outline_of_the_whole_and_nothing_of_the_seam() -> None:
    """A seam that stays runs into the cell: texture and light were read along it."""
    whole = disc(0.0, 0.0, radius_um=11.0)
    for shares in ((1, 1), (1, 3), (6, 1)):
        one = union(*cut(whole, *shares))
        away_um = np.hypot(*one.outline_um.T)
        assert away_um.min() > 0.93 * 11.0
        assert one.area_um2 == pytest.approx(whole.area_um2, rel=0.02)
        assert one.perimeter_um == pytest.approx(whole.perimeter_um, rel=0.02)
        assert (one.x_um, one.y_um) == pytest.approx((0.0, 0.0), abs=0.1)


def test_what_is_all_seam_leaves_the_outline_of_the_other() -> None:
    whole = disc(0.0, 0.0, radius_um=11.0)
    tiny_um = 0.02 * whole.outline_um + np.array((11.3, 0.0), np.float32)
    speck = replace(whole, outline_um=tiny_um, area_um2=0.15)
    for one, two in ((whole, speck), (speck, whole)):
        assert union(one, two).perimeter_um == pytest.approx(whole.perimeter_um, rel=0.03)
    assert union(speck, speck).outline_um is speck.outline_um


def test_a_cell_that_grows_beside_one_that_does_not_shrink_is_left_as_it_is() -> None:
    book = known()
    large = disc(6.4, 0.0, radius_um=6.5)
    for frame in range(25, 40):
        seen = {cell.id: cell for cell in book.watch(2.0 * frame, [LEFT, large])}
        assert seen[2].area_um2 == large.area_um2


def test_what_stays_cut_otherwise_for_longer_than_it_was_known_is_so() -> None:
    book = known()
    for frame in range(25, 400):
        seen = {cell.id: cell for cell in book.watch(2.0 * frame, cut(union(LEFT, RIGHT), 1, 3))}
    assert seen[2].area_um2 > 2.5 * seen[1].area_um2
