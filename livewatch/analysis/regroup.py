"""Cells as their tracks expect them: what was cut in two is united, what is two is parted."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from livewatch.analysis.anew import part_anew
from livewatch.analysis.pieces import unite
from livewatch.analysis.several import part
from livewatch.analysis.tracks import NOBODY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from livewatch.model import Cell

    Rows = NDArray[np.intp]
    Table = NDArray[np.void]


class Regrouped(NamedTuple):
    """The cells after uniting and parting, and whose they are: rows of tracks.

    Those `cut` were seen in pieces, those `joint` as one, and those `anew` were cut at the wrong
    place, some of them grossly so (`gross`).
    """

    cells: list[Cell]
    cut: Rows
    joint: Rows
    anew: Rows
    gross: Rows


def regrouped(
    cells: Sequence[Cell], table: Table, rows: Rows, found: Rows, hosts: Rows
) -> Regrouped:
    """The cells as their tracks expect them.

    `table` are the tracks at their predicted places, of which `rows` were given the cells
    `found`; `hosts` says which row hides each track that is not seen, or nobody.
    """
    owner = np.full(len(cells), NOBODY, np.intp)
    owner[found] = rows
    now: list[Cell | None] = list(cells)
    cut = unite(now, table, owner)
    anew, gross = part_anew(now, table, owner)
    joint = part(now, table, owner, hosts)
    return Regrouped([cell for cell in now if cell is not None], cut, joint, anew, gross)
