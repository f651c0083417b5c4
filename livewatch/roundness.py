"""Roundness: how near to a disc what an outline encloses is."""

from __future__ import annotations

from math import pi
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Figure = TypeVar("Figure", float, "NDArray[np.float64]")
LEAST = 1e-9
"""An outline of no length has no roundness to speak of, and is no reason to stop."""


def roundness(area: Figure, perimeter: Figure) -> Figure:
    """4 pi area / perimeter^2: 1 for a disc, less for anything else."""
    round_: Figure = 4 * pi * area / np.maximum(perimeter, LEAST) ** 2
    return round_
