"""What is really so in a synthetic specimen: for scoring, and never for deciding.

Places are stage coordinates in um, of the copy of the repeating sample nearest its middle;
`Truth.near` gives the copy nearest another place. Angles grow from x towards y (clockwise
on screen). A pair's geometry is measured on the outlines given here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from livewatch.model import Kind, Outcome
from livewatch.specimen.cells import CORNERS, EMPTY, NK
from livewatch.specimen.culture import NEAR_UM, STEP_S, measure
from livewatch.specimen.motion import near_pairs
from livewatch.specimen.outline import corners_of, perimeter_of, wrapped

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.specimen.culture import Moment
    from livewatch.specimen.scene import Scene


@dataclass(frozen=True, slots=True)
class Rule:
    """When a true pair counts as meeting and parting; defaults as the experiment's."""

    enter_um: float = 1.3
    exit_um: float = 2.5
    bridge_s: float = 60.0
    hold_s: float = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class TrueCell:
    """One cell: `outline_um` (n, 2) x, y; `angle_deg` the body's turn, not wrapped."""

    id: int
    kind: Kind
    x_um: float
    y_um: float
    angle_deg: float
    state: str
    outline_um: NDArray[np.float64] = field(repr=False)


@dataclass(frozen=True, slots=True)
class TruePair:
    """One NK-tumor pair that is near."""

    nk_id: int
    tumor_id: int
    gap_um: float
    contact_um: float
    seal_fraction: float


@dataclass(frozen=True, slots=True)
class Truth:
    """Everything at one time."""

    time_s: float
    cells: tuple[TrueCell, ...]
    pairs: tuple[TruePair, ...]
    side_um: float

    def cell(self, cell_id: int) -> TrueCell:
        """The cell of that id; `KeyError` if there is none at this time."""
        for cell in self.cells:
            if cell.id == cell_id:
                return cell
        raise KeyError(cell_id)


@dataclass(frozen=True, slots=True)
class TrueEncounter:
    """One contact of a pair, from first to last touch; `end_s` None while it lasts."""

    nk_id: int
    tumor_id: int
    start_s: float
    last_contact_s: float
    end_s: float | None
    x_um: float
    y_um: float
    min_gap_um: float
    max_seal_fraction: float
    outcome: Outcome = Outcome.ONGOING


STATES = ("empty", "alive", "dying", "dead")


def truth_of(moment: Moment, history: NDArray[Any], scene: Scene) -> Truth:
    """The truth at a moment."""
    side_um = scene.habits.side_um
    present = np.flatnonzero(moment.cells["state"] != EMPTY)
    outlines = {int(slot): _outline(moment, int(slot), side_um) for slot in present}
    cells = tuple(_cell(moment.cells[slot], outline) for slot, outline in outlines.items())
    pairs = []
    for one, two in near_pairs(moment.cells, NEAR_UM, side_um):
        kinds = moment.cells["kind"][[one, two]]
        if kinds[0] != kinds[1]:
            nk, tumor = (one, two) if kinds[0] == NK else (two, one)
            pair = _pair(moment, nk, tumor, outlines, side_um)
            if pair.gap_um <= NEAR_UM:
                pairs.append(pair)
    return Truth(moment.time_s, cells, tuple(pairs), side_um)


def _outline(moment: Moment, slot: int, side_um: float) -> NDArray[np.float64]:
    cell = moment.cells[slot]
    outline = np.empty((CORNERS, 2))
    x, y = wrapped(cell["x"], side_um), wrapped(cell["y"], side_um)
    corners_of(x, y, cell["angle"], moment.radii[slot], outline)
    return outline


def centre_of(outline: NDArray[np.float64]) -> tuple[float, float]:
    """The polygon's centroid."""
    x, y = outline.T
    after_x, after_y = np.roll(x, -1), np.roll(y, -1)
    cross = x * after_y - after_x * y
    scale = 3.0 * cross.sum()
    return float(((x + after_x) * cross).sum() / scale), float(
        ((y + after_y) * cross).sum() / scale
    )


def _cell(cell: NDArray[Any], outline: NDArray[np.float64]) -> TrueCell:
    x_um, y_um = centre_of(outline)
    return TrueCell(
        int(cell["id"]),
        Kind.NK if cell["kind"] == NK else Kind.TUMOR,
        x_um,
        y_um,
        math.degrees(cell["angle"]),
        STATES[int(cell["state"])],
        outline,
    )


def _pair(
    moment: Moment, nk: int, tumor: int, outlines: dict[Any, NDArray[np.float64]], side_um: float
) -> TruePair:
    x, y = outlines[tumor].mean(axis=0)
    near = outlines[nk].copy()
    for axis, middle in ((0, x), (1, y)):
        away = near[:, axis].mean() - middle
        near[:, axis] += wrapped(away, side_um) - away
    gap, length, _, _ = measure(
        near, outlines[tumor], near[:, 0].mean(), near[:, 1].mean(), x, y, np.empty(CORNERS)
    )
    return TruePair(
        int(moment.cells["id"][nk]),
        int(moment.cells["id"][tumor]),
        float(gap),
        float(length),
        float(length / perimeter_of(outlines[tumor])),
    )


def encounters_in(history: NDArray[Any], newest: Moment, rule: Rule) -> tuple[TrueEncounter, ...]:
    """Every encounter in a history of near pairs, in order of start."""
    found: list[TrueEncounter] = []
    key = history["nk_id"].astype(np.int64) << 32 | history["tumor_id"]
    order = np.lexsort((history["step"], key))
    lines, key = history[order], key[order]
    for part in np.split(lines, np.flatnonzero(np.diff(key)) + 1):
        if len(part):
            found.extend(_encounters_of_pair(part, newest.time_s, rule))
    return tuple(sorted(found, key=lambda each: (each.start_s, each.nk_id)))


def _encounters_of_pair(lines: NDArray[Any], now_s: float, rule: Rule) -> list[TrueEncounter]:
    """Hysteresis over one pair's lines: opened within enter_um, closed beyond exit_um."""
    found = []
    held = lines[lines["gap_um"] <= rule.exit_um]
    if not len(held):
        return []
    pauses = np.flatnonzero(np.diff(held["step"]) * STEP_S > rule.bridge_s) + 1
    for part in np.split(held, pauses):
        closed = part["gap_um"] <= rule.enter_um
        run = np.convolve(closed, np.ones(int(rule.hold_s / STEP_S)), "valid")
        starts = np.flatnonzero(run >= int(rule.hold_s / STEP_S))
        if not len(starts):
            continue
        start_s = float(part["step"][starts[0]] * STEP_S)
        last_s = float(part["step"][-1] * STEP_S)
        found.append(
            TrueEncounter(
                int(part["nk_id"][0]),
                int(part["tumor_id"][0]),
                start_s,
                last_s,
                last_s if now_s - last_s > rule.bridge_s else None,
                math.nan,
                math.nan,
                float(part["gap_um"].min()),
                float((part["contact_um"] / part["perimeter_um"]).max()),
            )
        )
    return found
