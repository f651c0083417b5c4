"""Tumor-colored material inside an NK cell is what it holds of a tumor cell, and no cell itself.

Unless a tumor cell was known there: an NK cell may lie over a cell that is smaller than itself.
"""

from __future__ import annotations

from math import hypot, sqrt
from typing import TYPE_CHECKING

import cv2
import numpy as np

from livewatch.analysis.juts import without_juts
from livewatch.analysis.tracks import SETTLED_FRAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livewatch.analysis.tracks import Tracks
    from livewatch.model import Cell

ALIKE = 2.0
"""A cell known before has not become larger or smaller by more than this factor."""


def without_held(tumors: Sequence[Cell], nks: Sequence[Cell], known: Tracks) -> tuple[Cell, ...]:
    """The tumor cells without what NK cells hold: neither morsels nor juts."""
    return without_juts(without_morsels(tumors, nks, known), nks)


def without_morsels(tumors: Sequence[Cell], nks: Sequence[Cell], known: Tracks) -> tuple[Cell, ...]:
    """The tumor cells, without those that are smaller than the NK cell around their centre.

    `known` are the tumor cells seen before; one that lies where it was stays.
    """
    largest_um2 = max((nk.area_um2 for nk in nks), default=0.0)
    return tuple(
        tumor
        for tumor in tumors
        if tumor.area_um2 >= largest_um2
        or not any(holds(nk, tumor) for nk in nks)
        or is_known(tumor, known)
    )


def is_known(tumor: Cell, known: Tracks) -> bool:
    """Whether a cell of about its size was seen where it lies, and often enough to be one."""
    table = known.table
    near = np.hypot(table["x_um"] - tumor.x_um, table["y_um"] - tumor.y_um) <= (
        np.sqrt(tumor.area_um2 / np.pi)
    )
    alike = np.abs(np.log(table["area_um2"] / tumor.area_um2)) <= np.log(ALIKE)
    return bool((near & alike & (table["frames"] >= SETTLED_FRAMES)).any())


def holds(nk: Cell, tumor: Cell) -> bool:
    """Whether an NK cell is the larger of the two, and around the other's centre."""
    if tumor.area_um2 >= nk.area_um2:
        return False
    apart_um = hypot(nk.x_um - tumor.x_um, nk.y_um - tumor.y_um)
    if apart_um > 2 * sqrt(nk.area_um2):  # no cell is that much longer than wide
        return False
    outline = np.asarray(nk.outline_um, np.float32)
    return bool(cv2.pointPolygonTest(outline, (tumor.x_um, tumor.y_um), measureDist=False) >= 0)
