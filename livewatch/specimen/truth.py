"""What is really so in a synthetic specimen at one time: for scoring, and never for deciding.

Places are stage coordinates in um, drift included, of the copy of the repeating sample
nearest its middle; `Truth.near` gives the copy nearest another place. Angles are in degrees,
0 along +x, growing towards +y (clockwise on screen). A pair's geometry is measured on the
outlines given here, so whoever measures them again must find the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from livewatch.model import Kind
from livewatch.specimen.cells import CORNERS, EMPTY, NK
from livewatch.specimen.culture import NEAR_UM, measure
from livewatch.specimen.motion import near_pairs
from livewatch.specimen.outline import corners_of, perimeter_of, share_inside, wrapped

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.specimen.culture import Moment

STATES = ("empty", "alive", "dying", "dead")


@dataclass(frozen=True, slots=True, eq=False)
class TrueCell:
    """One cell: `outline_um` (n, 2) x, y; `angle_deg` the body's turn, not wrapped.

    `state` is alive, dying or dead. `dye` is the share of its own dye it still has, bleaching
    not counted; `light` the share bleaching left; `vigor` what phototoxicity left of its speed.
    `parent_id` is the cell it came from by division, 0 if it was there from the beginning.
    """

    id: int
    kind: Kind
    state: str
    x_um: float
    y_um: float
    angle_deg: float
    area_um2: float
    perimeter_um: float
    textured: bool
    elongated: bool
    dye: float
    death_dye: float
    light: float
    vigor: float
    parent_id: int
    outline_um: NDArray[np.float64] = field(repr=False)

    def row(self, time_s: float) -> dict[str, Any]:
        """As a plain row of a table, outline left out."""
        return {"time_s": time_s} | {
            name: getattr(self, name) for name in self.__slots__ if name != "outline_um"
        }


@dataclass(frozen=True, slots=True)
class TruePair:
    """One NK-tumor pair that is near.

    Patch directions are seen from the tumor's centre: in the image (`patch_deg`, from
    `patch_start_deg` to `patch_end_deg` in growing direction) and in the tumor's own turning
    frame (`patch_body_deg`). `*_x_um`, `*_y_um` are the patch's two ends. `orbit_deg`,
    `twist_deg` and `slip_um` count from the encounter's beginning; NaN outside one. `bites`
    and `bitten_fraction` (of the tumor's dye) count in the encounter. `inside` is the share of the
    NK cell's outline that lies within the tumor cell's.
    """

    nk_id: int
    tumor_id: int
    nk_x_um: float
    nk_y_um: float
    tumor_x_um: float
    tumor_y_um: float
    gap_um: float
    contact_um: float
    seal_fraction: float
    patch_deg: float = math.nan
    patch_start_deg: float = math.nan
    patch_end_deg: float = math.nan
    patch_body_deg: float = math.nan
    start_x_um: float = math.nan
    start_y_um: float = math.nan
    end_x_um: float = math.nan
    end_y_um: float = math.nan
    orbit_deg: float = math.nan
    twist_deg: float = math.nan
    slip_um: float = math.nan
    bites: int = 0
    bitten_fraction: float = 0.0
    inside: float = 0.0

    def row(self, time_s: float) -> dict[str, Any]:
        """As a plain row of a table."""
        return {"time_s": time_s} | {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Truth:
    """Everything at one time. The sample repeats every `side_um`.

    `drift_x_um`, `drift_y_um` is how far the sample has crept under the stage, `focus_um` where
    the cells' plane lies.
    """

    time_s: float
    side_um: float
    cells: tuple[TrueCell, ...]
    pairs: tuple[TruePair, ...]
    drift_x_um: float = 0.0
    drift_y_um: float = 0.0
    focus_um: float = 0.0

    def row(self) -> dict[str, Any]:
        """The time, drift and focus, as a plain row of a table."""
        names = ("time_s", "drift_x_um", "drift_y_um", "focus_um")
        return {name: getattr(self, name) for name in names}

    def cell(self, cell_id: int) -> TrueCell:
        """The cell of that id; `KeyError` if there is none at this time."""
        for cell in self.cells:
            if cell.id == cell_id:
                return cell
        raise KeyError(f"no cell {cell_id} at {self.time_s:.1f} s")

    def near(self, x_um: float, y_um: float) -> Truth:
        """The same, every cell and pair shown at the copy nearest (x, y)."""

        def to_x(x: float) -> float:
            return x_um + wrapped(x - x_um, self.side_um) - x

        def to_y(y: float) -> float:
            return y_um + wrapped(y - y_um, self.side_um) - y

        return replace(
            self,
            cells=tuple(_moved(cell, to_x(cell.x_um), to_y(cell.y_um)) for cell in self.cells),
            pairs=tuple(
                _pair_moved(pair, to_x(pair.tumor_x_um), to_y(pair.tumor_y_um))
                for pair in self.pairs
            ),
        )


def truth_of(moment: Moment, side_um: float, vigors: NDArray[np.float64]) -> Truth:
    """The truth at a moment; what needs a history is left for `course.in_course`."""
    present = [int(slot) for slot in np.flatnonzero(moment.cells["state"] != EMPTY)]
    outlines = {slot: _outline(moment, slot, side_um) for slot in present}
    cells = {
        slot: _cell(moment.cells[slot], outline, float(vigors[slot]))
        for slot, outline in outlines.items()
    }
    pairs = []
    for one, two in near_pairs(moment.cells, NEAR_UM, side_um).tolist():
        if cells[one].kind is cells[two].kind:
            continue
        nk, tumor = (one, two) if cells[one].kind is Kind.NK else (two, one)
        pair = _pair(cells[nk], cells[tumor], side_um)
        if pair.gap_um <= NEAR_UM:
            pairs.append(pair)
    return Truth(moment.time_s, side_um, tuple(cells.values()), tuple(pairs))


def direction_of(point: NDArray[np.float64], cell: TrueCell) -> float:
    """The direction in which a point is seen from a cell's centre, -180 to 180."""
    return math.degrees(math.atan2(point[1] - cell.y_um, point[0] - cell.x_um))


def _outline(moment: Moment, slot: int, side_um: float) -> NDArray[np.float64]:
    cell = moment.cells[slot]
    outline = np.empty((CORNERS, 2))
    x, y = wrapped(cell["x"], side_um), wrapped(cell["y"], side_um)
    corners_of(x, y, cell["angle"], moment.radii[slot], outline)
    return outline


def _cell(cell: Any, outline: NDArray[np.float64], vigor: float) -> TrueCell:
    x, y = outline.T
    after_x, after_y = np.roll(x, -1), np.roll(y, -1)
    cross = x * after_y - after_x * y
    area = float(cross.sum() / 2.0)
    is_nk = cell["kind"] == NK
    return TrueCell(
        id=int(cell["id"]),
        kind=Kind.NK if is_nk else Kind.TUMOR,
        state=STATES[int(cell["state"])],
        x_um=float(((x + after_x) * cross).sum() / (6.0 * area)),
        y_um=float(((y + after_y) * cross).sum() / (6.0 * area)),
        angle_deg=math.degrees(cell["angle"]),
        area_um2=area,
        perimeter_um=float(perimeter_of(outline)),
        textured=bool(cell["texture"] > 0.0),
        elongated=bool(cell["long"] > 0.0),
        dye=float(cell["dye"]),
        death_dye=float(cell["death_dye"]),
        light=float(cell["nk_bleach"] if is_nk else cell["tumor_bleach"]),
        vigor=vigor,
        parent_id=int(cell["parent"]),
        outline_um=outline,
    )


def _pair(nk: TrueCell, tumor: TrueCell, side_um: float) -> TruePair:
    nk = _moved(
        nk,
        tumor.x_um + wrapped(nk.x_um - tumor.x_um, side_um) - nk.x_um,
        tumor.y_um + wrapped(nk.y_um - tumor.y_um, side_um) - nk.y_um,
    )
    gap, length, first, last = measure(
        nk.outline_um, tumor.outline_um, nk.x_um, nk.y_um, tumor.x_um, tumor.y_um, np.empty(CORNERS)
    )
    pair = TruePair(
        nk.id,
        tumor.id,
        nk.x_um,
        nk.y_um,
        tumor.x_um,
        tumor.y_um,
        float(gap),
        float(length),
        float(length / tumor.perimeter_um),
        inside=float(share_inside(nk.outline_um, tumor.outline_um)) if gap == 0.0 else 0.0,
    )
    return pair if math.isnan(first) else _with_patch(pair, tumor, first, last)


def _with_patch(pair: TruePair, tumor: TrueCell, first: float, last: float) -> TruePair:
    """The pair with its patch, given the patch's ends in corners of the tumor's outline."""
    start, middle, end = (_along(tumor, place) for place in (first, (first + last) / 2, last))
    patch_deg = direction_of(middle, tumor)
    return replace(
        pair,
        patch_deg=patch_deg,
        patch_start_deg=direction_of(start, tumor),
        patch_end_deg=direction_of(end, tumor),
        patch_body_deg=(patch_deg - tumor.angle_deg + 180.0) % 360.0 - 180.0,
        start_x_um=float(start[0]),
        start_y_um=float(start[1]),
        end_x_um=float(end[0]),
        end_y_um=float(end[1]),
    )


def _along(cell: TrueCell, place: float) -> NDArray[np.float64]:
    """The point of an outline at a place given in (fractional) corners."""
    low = math.floor(place)
    part = place - low
    before, after = cell.outline_um[low % CORNERS], cell.outline_um[(low + 1) % CORNERS]
    return np.asarray(before + part * (after - before))


def _moved(cell: TrueCell, across_um: float, down_um: float) -> TrueCell:
    return replace(
        cell,
        x_um=cell.x_um + across_um,
        y_um=cell.y_um + down_um,
        outline_um=cell.outline_um + np.array((across_um, down_um)),
    )


def _pair_moved(pair: TruePair, across_um: float, down_um: float) -> TruePair:
    shift = {"x_um": across_um, "y_um": down_um}
    return replace(
        pair,
        **{
            name: getattr(pair, name) + shift[name[-4:]]
            for name in pair.__slots__
            if name[-4:] in shift
        },
    )
