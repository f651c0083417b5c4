"""Which cells of a frame lie around a few of them: found once, not anew for each pair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from livewatch.analysis.boxes import boxes_of
from livewatch.analysis.contact import joined
from livewatch.analysis.measures.crop import MARGIN_UM
from livewatch.compiled import compiled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from livewatch.model import Cell

    Boxes = NDArray[np.float64]
    Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Around:
    """The cells of a frame and their `boxes` (see `boxes_of`).

    `rows` says at which place the cell of an identity stands.
    """

    cells: Sequence[Cell]
    rows: Mapping[int, int]
    boxes: Boxes

    @classmethod
    def of(cls, cells: Sequence[Cell]) -> Self:
        """The boxes of all cells."""
        rows = {cell.id: row for row, cell in enumerate(cells)}
        return cls(cells, rows, boxes_of(*joined(cells)))

    def reaching(self, some: Sequence[Cell]) -> list[Cell]:
        """Every cell that reaches into the box around `some` and the margin of their crop."""
        middle = np.array([self.rows[cell.id] for cell in some])
        return [self.cells[row] for row in overlapping(self.boxes, middle, MARGIN_UM).tolist()]


@compiled
def overlapping(boxes: Boxes, some: Rows, margin: float) -> Rows:
    """The rows of the boxes that come within a margin of the box around some of them."""
    left, top, right, bottom = np.inf, np.inf, -np.inf, -np.inf
    for row in some:
        left, top = min(left, boxes[row, 0] - margin), min(top, boxes[row, 1] - margin)
        right, bottom = max(right, boxes[row, 2] + margin), max(bottom, boxes[row, 3] + margin)
    rows, count = np.empty(len(boxes), np.int64), 0
    for row in range(len(boxes)):
        across = boxes[row, 0] <= right and boxes[row, 2] >= left
        if across and boxes[row, 1] <= bottom and boxes[row, 3] >= top:
            rows[count] = row
            count += 1
    return rows[:count]
