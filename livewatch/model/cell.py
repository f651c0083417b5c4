"""One cell in one frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from livewatch.model.kind import Kind
from livewatch.roundness import roundness

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """One cell in one frame. `outline_um` is (n, 2): x, y in stage um, not repeated at the end.

    `signal` is the mean over the cell above background, in counts. `at_edge` says that the
    image border cuts the cell, so its area and shape are not its own. `parent_id` names the cell
    it came from by division.
    """

    id: int
    kind: Kind
    x_um: float
    y_um: float
    area_um2: float
    perimeter_um: float
    signal: float
    at_edge: bool
    outline_um: NDArray[np.float32] = field(repr=False)
    parent_id: int | None = None

    @property
    def roundness(self) -> float:
        """How near to a disc it is: 1 for a disc, less for anything else."""
        return roundness(self.area_um2, self.perimeter_um)
