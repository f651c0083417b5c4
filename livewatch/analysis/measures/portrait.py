"""One tumor cell as one frame shows it: unrolled, with its turn, its dye and its death dye."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot, isfinite, nan
from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.measures.axis import FEWEST, pointed
from livewatch.analysis.measures.crop import crop_of
from livewatch.analysis.measures.fragments import shed_of
from livewatch.analysis.measures.glow import glowing
from livewatch.analysis.measures.outline import distances_um, outline_of
from livewatch.analysis.measures.stand import Stand
from livewatch.analysis.measures.texture import texture_of
from livewatch.analysis.measures.twist import Turn, first_sight, turned
from livewatch.compiled import compiled
from livewatch.model import Kind
from livewatch.replaced import replaced

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livewatch.analysis.measures.axis import Axis
    from livewatch.analysis.measures.crop import Crop, Image, Images, Mask
    from livewatch.analysis.measures.outline import Outline
    from livewatch.analysis.measures.twist import Body
    from livewatch.model import Cell, Frame

DEATH_RING_UM = 2.0
DEEP_INSIDE_UM = 3.0
FEWEST_PIXELS = 20
CUT, GUEST = "cut by the image border", "no texture but of the cell inside it"


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """A closer look at one tumor cell.

    `dye` is all tumor light of the cell in counts times um2; `level` its brightness as a share of
    that at first sight (NaN if not known), which the outline does not change. `death` is the death
    channel's mean over the cell above its surroundings, `death_noise` what living cells do not
    exceed (NaN without the channel). `body` is what to remember of its turning and its glow.
    """

    time_s: float
    outline: Outline
    crop: Crop
    turn: Turn
    body: Body | None
    dye: float
    level: float
    death: float
    death_noise: float

    def shed(self) -> float:
        """The share of its dye in pieces around it."""
        return shed_of(self.crop, self.dye)


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
    through = {cell.id for cell in cells if _seen_through(cell, outline)}
    others = [cell for cell in cells if cell.id != tumor.id and cell.id not in through]
    crop = crop_of(frame.view, images, outline.points_um, nks, others)
    if crop is None:
        return None
    turn, level = Turn(), nan
    if nks:
        has_guest = any(nk.id in through for nk in nks)
        body, turn, level = _turn(crop, outline, tumor, body, frame, has_guest=has_guest)
    dye = _dye(crop)
    death, noise = _death(crop)
    return Portrait(frame.time_s, outline, crop, turn, body, dye, level, death, noise)


def _turn(
    crop: Crop,
    outline: Outline,
    tumor: Cell,
    body: Body | None,
    frame: Frame,
    *,
    has_guest: bool,
) -> tuple[Body | None, Turn, float]:
    """The body to remember, its turn, and its brightness (see `Portrait.level`).

    What a body that showed no texture shows with an NK cell inside it, is that cell.
    """
    if tumor.at_edge:
        return body, Turn(reason=CUT), nan
    seen = texture_of(crop, outline)
    if isinstance(seen, str):
        return body, Turn(reason=seen), nan
    texture, light = seen
    before, axis = (None, None) if body is None else (body.glow, body.axis)
    if body is None:
        body = first_sight(tumor.id, texture, frame.time_s)
        turn = Turn(reason="seen for the first time")
    elif has_guest and not body.has_texture and axis is not None and axis.frames > FEWEST:
        turn = Turn(reason=GUEST)
    else:
        body, turn = turned(body, texture, frame.time_s)
    ground, here = crop.tumor_background, _stand(outline, frame)
    glow = glowing(before, light, texture.weight, body.twist_deg, ground, frame.time_s, here)
    if not body.has_texture or (axis is not None and axis.has_told):
        axis, turn = _turn_of_axis(axis, outline, turn, frame.time_s)
    return replaced(body, glow=glow, axis=axis), turn, glow.level


def _turn_of_axis(
    axis: Axis | None, outline: Outline, turn: Turn, time_s: float
) -> tuple[Axis, Turn]:
    """The turn by the body's long axis; `turn`, by its texture, while that is not clear."""
    axis, turn_deg, likeness = pointed(axis, outline, time_s)
    if isfinite(turn_deg):
        return axis, Turn(turn_deg, likeness)
    return axis, Turn(reason="long axis not clear") if axis.has_told else turn


def _stand(outline: Outline, frame: Frame) -> Stand:
    """From where, and through what, a tumor cell is seen in a frame."""
    view = frame.view
    dose = next(plane.dose for plane in frame.shot.planes if plane.channel == Kind.TUMOR.value)
    optics = f"{view.objective}, binning {view.binning}, {dose:g} ms"
    return Stand(optics, outline.x_um - view.stage_x_um, outline.y_um - view.stage_y_um)


def _seen_through(cell: Cell, tumor: Outline) -> bool:
    """Whether an NK cell lies well inside the tumor's outline.

    It is above or below it, or a ghost of bleed-through: either way it hides nothing.
    """
    if cell.kind is not Kind.NK:
        return False
    if hypot(cell.x_um - tumor.x_um, cell.y_um - tumor.y_um) > tumor.farthest_um:
        return False
    centre = np.array([[cell.x_um, cell.y_um]])
    return bool(distances_um(centre, tumor.points_um, 0.0)[0] < -DEEP_INSIDE_UM)


def _dye(crop: Crop) -> float:
    """All tumor light of the cell in counts times um2; NaN without an image of it."""
    if crop.tumor is None:
        return nan
    return light_above(crop.tumor, crop.tumor_mask, crop.tumor_background) * crop.pixel_um**2


@compiled
def light_above(image: Image, mask: Mask, background: float) -> float:
    """All light above background, in counts, where the mask is not 0."""
    light = 0.0
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            if mask[row, column] > 0:
                light += image[row, column] - background
    return light


def _death(crop: Crop) -> tuple[float, float]:
    """The death dye's mean in the cell above the ring around it, and that ring's own spread."""
    if crop.death is None or not crop.tumor_mask.any():
        return nan, nan
    near = (crop.from_tumors_um > 0) & (crop.from_tumors_um <= DEATH_RING_UM)
    around = crop.death[near & (crop.others_mask == 0)]
    if len(around) < FEWEST_PIXELS:
        return nan, nan
    inside = float(crop.death[crop.tumor_mask > 0].mean())
    return inside - float(np.median(around)), float(np.std(around))
