"""Cells that are expected in an image, and cells that are seen in it, in one form to compare."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from livewatch.analysis.motion import MOTION, predict
from livewatch.model import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from livewatch.analysis.tracks import Tracks
    from livewatch.model import Cell, View

    Floats = NDArray[np.float64]

SURE_SD_UM = 8.0
"""Cells whose place is known no better than this say nothing."""
MOST = 40
"""No more cells than this are asked: the nearest to the image's middle."""


class Known(NamedTuple):
    """Cells expected or seen: (n,) each. `sd_um` is how surely a place is known, per axis.

    `wide_um` is the usual width of such a cell.
    """

    kind: NDArray[np.bool_]
    place: Floats
    area: Floats
    signal: Floats
    sd_um: Floats
    wide_um: Floats


def expected(
    tracks: Mapping[Kind, Tracks], time_s: float, diameters_um: Mapping[Kind, float]
) -> Known:
    """The cells known well enough, where they should be by now."""
    parts = []
    for kind, known in tracks.items():
        table = known.table.copy()
        predict(table, MOTION[kind], max(time_s - known.time_s, 0.0))
        sd_um = np.sqrt(table["pxx"])
        sure = (sd_um < SURE_SD_UM) & (table["missed"] == 0) & (table["frames"] > 1)
        table, sd_um = table[sure], sd_um[sure]
        place = np.stack((table["x_um"], table["y_um"]), axis=1)
        sizes = table["area_um2"], table["signal"]
        parts.append(of_kind(kind, place, *sizes, sd_um, diameters_um[kind]))
    return joined(parts)


def in_sight(cells: Mapping[Kind, Sequence[Cell]], diameters_um: Mapping[Kind, float]) -> Known:
    """The cells seen; the centre of one that the border cuts is off by a part of its width."""
    parts = []
    for kind, seen in cells.items():
        place = np.array([(cell.x_um, cell.y_um) for cell in seen]).reshape(-1, 2)
        area = np.array([cell.area_um2 for cell in seen])
        cut_um = np.array([diameters_um[kind] / 4 * cell.at_edge for cell in seen])
        signal = np.array([cell.signal for cell in seen])
        sd_um = np.hypot(cut_um, MOTION[kind].centre_sd_um)
        parts.append(of_kind(kind, place, area, signal, sd_um, diameters_um[kind]))
    return joined(parts)


def of_kind(
    kind: Kind, place: Floats, area: Floats, signal: Floats, sd_um: Floats, wide_um: float
) -> Known:
    """Cells of one kind."""
    count = len(place)
    is_nk = np.full(count, kind is Kind.NK)
    return Known(is_nk, place, area, signal, sd_um, np.full(count, wide_um))


def joined(parts: Sequence[Known]) -> Known:
    """Cells of several kinds together."""
    return Known._make(np.concatenate(column) for column in zip(*parts, strict=True))


def nearest(known: Known, view: View) -> Known:
    """The cells nearest to the image's middle, as many as are worth asking."""
    away = np.hypot(*(known.place - (view.x_um, view.y_um)).T)
    order = np.argsort(away, kind="stable")[:MOST]
    return Known._make(column[order] for column in known)


def is_inside(known: Known, view: View, shift: Floats) -> NDArray[np.bool_]:
    """Which cells an image shows for the most part, if all of them are displaced by `shift`."""
    away = np.abs(known.place + shift - (view.x_um, view.y_um))
    half = np.array((view.width_um, view.height_um)) / 2
    return np.asarray((away <= half - known.wide_um[:, None] / 4).all(axis=1))


def inside(known: Known, view: View, shift: Floats) -> int:
    """How many cells an image shows for the most part."""
    return int(np.count_nonzero(is_inside(known, view, shift)))
