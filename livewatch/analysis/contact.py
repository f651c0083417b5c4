"""Contact: which NK and tumor cells are near, how near, and how much membrane they share."""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.gap import measured
from livewatch.analysis.sureness import from_others, gap_sd_um
from livewatch.model import Contact
from livewatch.replaced import maker_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from livewatch.model import Cell
    from livewatch.settings import ContactRules

made = maker_of(Contact)
BIAS_UM = 0.0
"""By how much the outlines found by segmentation overstate a gap."""


def contacts_of(
    nk: Sequence[Cell], tumor: Sequence[Cell], rules: ContactRules, bias_um: float = BIAS_UM
) -> tuple[Contact, ...]:
    """The pairs whose gap is at most `rules.near_um`, in order of identities.

    Cells that overlap have a gap of 0. Contact length is the tumor outline within
    `rules.touch_um` of the NK cell, or inside it; how large a part of the outline that is cannot
    be known (NaN) of a pair that the image border cuts. How surely a gap is known is stated too.
    """
    nk = sorted(nk, key=lambda cell: cell.id)
    tumor = sorted(tumor, key=lambda cell: cell.id)
    of_nk, of_tumor = joined(nk), joined(tumor)
    pairs, measures, places = measured(*of_nk, *of_tumor, rules.near_um, rules.touch_um, bias_um)
    sd_um = gap_sd_um(
        from_others(*of_nk, pairs, places, 0), from_others(*of_tumor, pairs, places, 1)
    )
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    return tuple(
        made(
            nk_id=nk[i].id,
            tumor_id=tumor[j].id,
            nk_x_um=nk[i].x_um,
            nk_y_um=nk[i].y_um,
            tumor_x_um=tumor[j].x_um,
            tumor_y_um=tumor[j].y_um,
            gap_um=gap_um,
            contact_um=contact_um,
            seal_fraction=nan if nk[i].at_edge or tumor[j].at_edge else min(seal_fraction, 1.0),
            gap_sd_um=sd,
        )
        for (i, j), (gap_um, contact_um, seal_fraction), sd in zip(
            pairs[order].tolist(), measures[order].tolist(), sd_um[order].tolist(), strict=True
        )
    )


def joined(cells: Sequence[Cell]) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """All outlines in one array (m, 2), and where each begins (n + 1,)."""
    outlines = [cell.outline_um for cell in cells]
    start = np.zeros(len(cells) + 1, np.int32)
    np.cumsum([len(outline) for outline in outlines], out=start[1:])
    if not cells:
        return np.zeros((0, 2), np.float32), start
    return np.concatenate(outlines, dtype=np.float32), start
