"""An image as a camera gives it."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.uint8 | np.uint16]
"""(rows, columns), in counts."""
