"""Roundness: how near to a disc what an outline encloses is."""

from __future__ import annotations

from math import pi
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Figure = TypeVar("Figure", float, "NDArray[np.float64]")


def roundness(area: Figure, perimeter: Figure) -> Figure:
    """4 pi area / perimeter^2: 1 for a disc, less for anything else."""
    round_: Figure = 4 * pi * area / perimeter**2
    return round_
