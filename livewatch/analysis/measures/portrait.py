"""One tumor cell as one frame shows it: unrolled, with its turn, its dye and its death dye."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.measures.crop import crop_of, grown
from livewatch.analysis.measures.outline import distances_um, outline_of
from livewatch.analysis.measures.texture import texture_of
from livewatch.analysis.measures.twist import Turn, first_sight, turned
from livewatch.model import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from livewatch.analysis.measures.crop import Crop, Images, Mask
    from livewatch.analysis.measures.outline import Outline
    from livewatch.analysis.measures.twist import Body
    from livewatch.model import Cell, Frame

DEATH_RING_UM = 2.0
DEEP_INSIDE_UM = 3.0
RIM_UM = 0.6
"""Blur carries light this far beyond the outline."""


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """A closer look at one tumor cell.

    `dye` is all tumor light of the cell in counts times um2; `death` the death channel's mean
    over the cell above its surroundings, `death_noise` what living cells do not exceed (NaN
    without the channel). `body` is what to remember of its turning. `nks_mask` are the
    NK cells at it, by id, each without the others.
    """

    time_s: float
    outline: Outline
    crop: Crop
    turn: Turn
    body: Body | None
    tumors_mask: Mask
    nks_mask: dict[int, Mask]
    dye: float
    death: float
    death_noise: float


def portrait_of(
    frame: Frame,
    images: Images,
    tumor: Cell,
    nks: Sequence[Cell],
    cells: Sequence[Cell],
    body: Body | None,
) -> Portrait | None:
    """A closer look at a tumor cell with the NK cells `nks` at it; None if it is not in view.

    `cells` are all cells of the frame, `body` is what is remembered of the tumor's.
    """
    outline = outline_of(tumor.outline_um, [nk.outline_um for nk in nks])
    others = [cell for cell in cells if cell.id != tumor.id and not _seen_through(cell, outline)]
    crop = crop_of(frame.view, images, outline.points_um, nks, others)
    if crop is None:
        return None
    body, turn = _turn(crop, outline, tumor, body, frame.time_s) if nks else (body, Turn())
    tumors = [cell.outline_um for cell in others if _is_tumor(cell, nks)]
    death, noise = _death(crop)
    return Portrait(
        time_s=frame.time_s,
        outline=outline,
        crop=crop,
        turn=turn,
        body=body,
        nks_mask={nk.id: _alone(crop, nk, others) for nk in nks},
        tumors_mask=crop.tumor_mask | crop.mask(*tumors),
        dye=_dye(crop),
        death=death,
        death_noise=noise,
    )


def _turn(
    crop: Crop, outline: Outline, tumor: Cell, body: Body | None, time_s: float
) -> tuple[Body | None, Turn]:
    if tumor.at_edge:
        return body, Turn(reason="cut by the image border")
    texture = texture_of(crop, outline)
    if isinstance(texture, str):
        return body, Turn(reason=texture)
    if body is None:
        return first_sight(tumor.id, texture, time_s), Turn(reason="seen for the first time")
    return turned(body, texture, time_s)


def _alone(crop: Crop, nk: Cell, others: Sequence[Cell]) -> Mask:
    """Where an NK cell is, and no other NK cell."""
    rest = [cell.outline_um for cell in others if cell.kind is Kind.NK and cell.id != nk.id]
    return crop.mask(nk.outline_um) & (1 - crop.mask(*rest))


def _is_tumor(cell: Cell, nks: Sequence[Cell]) -> bool:
    """Whether it is a tumor cell, and not what an NK cell bit off one."""
    if cell.kind is not Kind.TUMOR:
        return False
    centre = np.array([[cell.x_um, cell.y_um]])
    return all(
        cell.area_um2 > nk.area_um2 or distances_um(centre, _outline(nk), 0.0)[0] >= 0 for nk in nks
    )


def _seen_through(cell: Cell, tumor: Outline) -> bool:
    """Whether an NK cell lies well inside the tumor's outline.

    It is above or below it, or a ghost of bleed-through: either way it hides nothing.
    """
    if cell.kind is not Kind.NK:
        return False
    centre = np.array([[cell.x_um, cell.y_um]])
    return bool(distances_um(centre, tumor.points_um, 0.0)[0] < -DEEP_INSIDE_UM)


def _outline(cell: Cell) -> NDArray[np.float64]:
    return np.asarray(cell.outline_um, np.float64)


def _dye(crop: Crop) -> float:
    """All tumor light of the cell; its blurred rim only where no other cell is."""
    if crop.tumor is None:
        return nan
    own = grown(crop.tumor_mask, RIM_UM, crop.pixel_um)
    own &= crop.tumor_mask | (1 - crop.others_mask)
    return float((crop.tumor[own > 0] - crop.tumor_background).sum()) * crop.pixel_um**2


def _death(crop: Crop) -> tuple[float, float]:
    """The death dye's mean in the cell above the ring around it, and that ring's own spread."""
    if crop.death is None or not crop.tumor_mask.any():
        return nan, nan
    cells = crop.tumor_mask | crop.others_mask
    ring = grown(crop.tumor_mask, DEATH_RING_UM, crop.pixel_um) & (1 - cells)
    around = crop.death[ring > 0]
    if len(around) < 20:
        return nan, nan
    inside = float(crop.death[crop.tumor_mask > 0].mean())
    return inside - float(np.median(around)), float(np.std(around))
