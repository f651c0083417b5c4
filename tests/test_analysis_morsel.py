"""What an NK cell has bitten off is not taken for a tumor cell."""

from __future__ import annotations

import numpy as np

from livewatch.analysis.morsel import without_morsels
from livewatch.model import Cell, Kind


def disc(kind: Kind, x_um: float, y_um: float, radius_um: float) -> Cell:
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    outline = np.column_stack([x_um + radius_um * np.cos(turn), y_um + radius_um * np.sin(turn)])
    area, around = np.pi * radius_um**2, 2 * np.pi * radius_um
    return Cell(1, kind, x_um, y_um, area, around, 50.0, False, outline.astype(np.float32))


NK = disc(Kind.NK, 0.0, 0.0, 4.5)


def test_a_small_piece_inside_an_nk_cell_is_no_tumor_cell() -> None:
    assert without_morsels([disc(Kind.TUMOR, 2.0, 1.0, 1.5)], [NK]) == ()


def test_a_piece_beside_an_nk_cell_may_be_a_tumor_cell() -> None:
    beside = disc(Kind.TUMOR, 7.0, 0.0, 1.5)
    assert without_morsels([beside], [NK]) == (beside,)


def test_a_tumor_cell_under_an_nk_cell_stays() -> None:
    under = disc(Kind.TUMOR, 1.0, 0.0, 10.0)
    assert without_morsels([under], [NK]) == (under,)
