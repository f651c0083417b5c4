"""Blurring a small image, compiled."""

from __future__ import annotations

from math import exp
from typing import TYPE_CHECKING

import numpy as np

from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Image = NDArray[np.float32]


@compiled
def blurred(image: Image, weights: Image) -> Image:
    """An image blurred along both axes by symmetric `weights`; nothing comes from beyond it."""
    rows, columns = image.shape
    reach = len(weights) // 2
    widened = np.zeros(columns + 2 * reach, np.float32)
    across = np.zeros((rows + 2 * reach, columns), np.float32)
    for row in range(rows):
        widened[reach : reach + columns] = image[row]
        for k in range(len(weights)):
            add(across[reach + row], widened[k : k + columns], weights[k])
    both = np.zeros_like(image)
    for row in range(rows):
        for k in range(len(weights)):
            add(both[row], across[row + k], weights[k])
    return both


@compiled
def add(total: Image, values: Image, share: np.float32) -> None:
    """Add a share of some values."""
    for i in range(len(total)):
        total[i] += share * values[i]


@compiled
def bell(sigma: float, reach: int) -> Image:
    """The weights (2 reach + 1,) of a Gaussian blur."""
    weights = np.empty(2 * reach + 1)
    for k in range(len(weights)):
        weights[k] = exp(-0.5 * ((k - reach) / sigma) ** 2)
    return np.asarray(weights / weights.sum(), np.float32)
