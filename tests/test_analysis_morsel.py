"""What an NK cell has bitten off is not taken for a tumor cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from test_analysis_tracking import TUMOR, Book

from livewatch.analysis.morsel import without_morsels
from livewatch.analysis.tracks import nobody
from livewatch.model import Cell, Kind

if TYPE_CHECKING:
    from livewatch.analysis.tracks import Tracks


def disc(kind: Kind, x_um: float, y_um: float, radius_um: float) -> Cell:
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    outline = np.column_stack([x_um + radius_um * np.cos(turn), y_um + radius_um * np.sin(turn)])
    area, around = np.pi * radius_um**2, 2 * np.pi * radius_um
    return Cell(1, kind, x_um, y_um, area, around, 50.0, False, outline.astype(np.float32))


NK = disc(Kind.NK, 0.0, 0.0, 4.5)


def test_a_small_piece_inside_an_nk_cell_is_no_tumor_cell() -> None:
    assert without_morsels([disc(Kind.TUMOR, 2.0, 1.0, 1.5)], [NK], nobody()) == ()


def test_a_piece_beside_an_nk_cell_may_be_a_tumor_cell() -> None:
    beside = disc(Kind.TUMOR, 7.0, 0.0, 1.5)
    assert without_morsels([beside], [NK], nobody()) == (beside,)


def test_a_tumor_cell_under_an_nk_cell_stays() -> None:
    under = disc(Kind.TUMOR, 1.0, 0.0, 10.0)
    assert without_morsels([under], [NK], nobody()) == (under,)


@pytest.mark.parametrize(("frames", "x_um", "radius_um"), [(10, 0.0, 3.5), (10, 2.0, 3.2)])
def test_a_tumor_cell_known_before_stays_when_a_larger_nk_cell_lies_over_it(
    frames: int, x_um: float, radius_um: float
) -> None:
    now = disc(Kind.TUMOR, x_um, 0.0, radius_um)
    assert without_morsels([now], [NK], seen_before(frames)) == (now,)


@pytest.mark.parametrize(
    ("frames", "x_um", "radius_um"),
    [(2, 0.0, 3.5), (10, 0.0, 1.5), (10, -3.5, 2.5)],
    ids=["hardly seen before", "much smaller", "elsewhere"],
)
def test_what_was_not_seen_so_before_is_what_the_nk_cell_holds(
    frames: int, x_um: float, radius_um: float
) -> None:
    now = disc(Kind.TUMOR, x_um, 0.0, radius_um)
    assert without_morsels([now], [NK], seen_before(frames)) == ()


def seen_before(frames: int) -> Tracks:
    """A small tumor cell, seen so often."""
    book = Book(TUMOR)
    for frame in range(frames):
        book.see(10.0 * frame, [disc(Kind.TUMOR, 0.0, 0.0, 3.5)])
    return book.tracks
