"""The level and noise of an image where it shows no cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

CORE = 0.2
"""Share of the pixels, the most alike, that tells the background's level."""
LEAST_NOISE = 0.25
"""Counts: no camera is quieter; a rendered image may be."""


def quiet(sample: Floats) -> tuple[float, float]:
    """Level and SD of the pixels without cells, from a sample of an image.

    The level is the middle of the narrowest interval that holds a fifth of the pixels (the
    shorth, Andrews 1972, with a smaller share), which holds while cells cover less than most of
    the image; the SD comes from the pixels below it alone.
    """
    values = np.sort(sample, axis=None)
    span = max(1, int(CORE * len(values)))
    widths = values[span:] - values[: len(values) - span]
    if not len(widths):
        return float(values[0]), LEAST_NOISE
    at = int(np.argmin(widths))
    middle = float(values[at : at + span + 1].mean())
    count = int(np.searchsorted(values, middle))  # values are in order, and so is what is below
    half = values[(count - 1) // 2 : count // 2 + 1]
    noise = 1.4826 * float(np.mean(middle - half)) if count else 0.0
    return middle, max(noise, LEAST_NOISE)
