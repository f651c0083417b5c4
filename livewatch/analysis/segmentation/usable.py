"""Whether an image can be used at all; if not, why, in a user's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from livewatch.model import Pixels

CLIPPED = 0.25
"""More of the image than this at the camera's ceiling hides what is there."""
CEILINGS = tuple(2**bits - 1 for bits in (8, 10, 11, 12, 14, 15, 16))


def spoilt(image: Pixels) -> str | None:
    """What is wrong with an image as it comes from the camera, or None."""
    top = int(image.max(initial=0))
    if not image.size or (top == image.flat[0] and top == image.min()):
        return f"no picture: every pixel is {top}"
    if top in CEILINGS:
        share = float(np.count_nonzero(image == top)) / image.size
        if share > CLIPPED:
            return f"saturated: {share:.0%} of the pixels are at the camera's ceiling of {top}"
    return None
