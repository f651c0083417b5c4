"""Which cells of a frame lie around a few of them: found once, not anew for each pair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from livewatch.analysis.measures.crop import MARGIN_UM

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from livewatch.model import Cell


@dataclass(frozen=True, slots=True, eq=False)
class Around:
    """The cells of a frame and their boxes: `low_um`, `high_um` are (cells, 2), x and y.

    `rows` says at which place the cell of an identity stands.
    """

    cells: Sequence[Cell]
    rows: Mapping[int, int]
    low_um: NDArray[np.floating]
    high_um: NDArray[np.floating]

    @classmethod
    def of(cls, cells: Sequence[Cell]) -> Self:
        """The boxes of all cells; there is at least one."""
        corners = np.concatenate([cell.outline_um for cell in cells])
        sizes = [len(cell.outline_um) for cell in cells]
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.intp)
        return cls(
            cells,
            {cell.id: row for row, cell in enumerate(cells)},
            np.minimum.reduceat(corners, starts),
            np.maximum.reduceat(corners, starts),
        )

    def reaching(self, some: Sequence[Cell]) -> list[Cell]:
        """Every cell that reaches into the box around `some` and the margin of their crop."""
        rows = [self.rows[cell.id] for cell in some]
        low_um = self.low_um[rows].min(axis=0) - MARGIN_UM
        high_um = self.high_um[rows].max(axis=0) + MARGIN_UM
        inside = (self.low_um <= high_um) & (self.high_um >= low_um)
        return [self.cells[row] for row in np.flatnonzero(inside.all(axis=1)).tolist()]
