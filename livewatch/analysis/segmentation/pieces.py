"""What is found in an image: its cells as labels, before they are measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """Labels (h, w), 1..n; each one's box, brightness at its outline, and median brightness.

    Both are above background.
    """

    labels: Ints
    boxes: Ints
    level: Floats
    middle: Floats
