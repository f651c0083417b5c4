"""Tumor-colored material inside an NK cell is what it holds of a tumor cell, and no cell itself."""

from __future__ import annotations

from math import hypot, sqrt
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livewatch.model import Cell


def without_morsels(tumors: Sequence[Cell], nks: Sequence[Cell]) -> tuple[Cell, ...]:
    """The tumor cells, without those that are smaller than the NK cell around their centre."""
    largest_um2 = max((nk.area_um2 for nk in nks), default=0.0)
    return tuple(
        tumor
        for tumor in tumors
        if tumor.area_um2 >= largest_um2 or not any(holds(nk, tumor) for nk in nks)
    )


def holds(nk: Cell, tumor: Cell) -> bool:
    """Whether an NK cell is the larger of the two, and around the other's centre."""
    if tumor.area_um2 >= nk.area_um2:
        return False
    apart_um = hypot(nk.x_um - tumor.x_um, nk.y_um - tumor.y_um)
    if apart_um > 2 * sqrt(nk.area_um2):  # no cell is that much longer than wide
        return False
    outline = np.asarray(nk.outline_um, np.float32)
    return bool(cv2.pointPolygonTest(outline, (tumor.x_um, tumor.y_um), measureDist=False) >= 0)
