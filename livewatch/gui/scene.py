"""What lies over the image: outlines, names, pairs in contact. Pure: no Qt.

`scene_of` turns the newest news into one frozen value, in stage um; the canvas draws it as it
is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from livewatch.gui.nearness import nearness
from livewatch.model import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.gui.atlas import Map
    from livewatch.gui.mailbox import News
    from livewatch.model import Cell, Contact, Frame, Observation, View
    from livewatch.tally import Tally

    Outline = NDArray[np.float32]

FEW_CELLS = 150
"""With more cells than this only those of the pairs are named: the image stays readable."""
FINEST = 700
"""Outlines are thinned to about this many points across the image; more cannot be seen."""


@dataclass(frozen=True, slots=True)
class Name:
    """A cell's identity, written at a place."""

    x_um: float
    y_um: float
    text: str
    kind: Kind
    in_pair: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair in an open encounter: a ring around both cells, and how near they are."""

    x_um: float
    y_um: float
    radius_um: float
    text: str
    is_target: bool


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """What analysis saw, in stage um.

    `outlines` is one (n, 2) array per kind: the cells' closed outlines one after the other;
    `ends` are the indices after each one's last point.
    """

    outlines: dict[Kind, Outline]
    ends: dict[Kind, NDArray[np.intp]]
    names: tuple[Name, ...] = ()
    pairs: tuple[Pair, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A frame, what was seen in it, and where it lies. `note` says what is not as it seems."""

    frame: Frame
    overlay: Overlay | None
    around: Map | None
    note: str = ""

    @property
    def view(self) -> View:
        """Where the image was taken."""
        return self.frame.view


def scene_of(news: News) -> Scene | None:
    """What to draw, or None while there is no frame."""
    tally = news.tally
    if tally.frame is None:
        return None
    seen = fitting(tally.observation, tally.frame)
    return Scene(
        tally.frame,
        overlay_of(seen, tally) if seen else None,
        news.atlas.map_around(tally.frame.view),
        note_of(seen, tally.frame),
    )


def fitting(seen: Observation | None, frame: Frame) -> Observation | None:
    """The observation, if it is of this frame or of an earlier one at the same position."""
    if seen is None or seen.view.position != frame.view.position:
        return None
    return seen


def note_of(seen: Observation | None, frame: Frame) -> str:
    """What the viewer has to know about the outlines, if anything."""
    if seen is None:
        return "not analysed yet"
    if seen.problem:
        return seen.problem
    behind = frame.index - seen.frame
    if behind > 0:
        return f"outlines from {behind} frame{'s' if behind > 1 else ''} before"
    return ""


def overlay_of(seen: Observation, tally: Tally) -> Overlay:
    """Outlines, names and pairs of one observation."""
    pairs = pairs_of(seen, tally)
    shown = {each.pair for each in tally.open_encounters}
    in_pair = {cell_id for pair in shown for cell_id in pair}
    closest_um = max(seen.view.width_um, seen.view.height_um) / FINEST
    outlines, ends = {}, {}
    for kind in Kind:
        outlines[kind], ends[kind] = joined(
            [thinned(cell.outline_um, closest_um) for cell in seen.cells if cell.kind is kind]
        )
    return Overlay(outlines, ends, names_of(seen.cells, in_pair), pairs)


def names_of(cells: tuple[Cell, ...], in_pair: set[int]) -> tuple[Name, ...]:
    """The identities to write: of all cells while they are few, else of the pairs'."""
    return tuple(
        Name(cell.x_um, cell.y_um, str(cell.id), cell.kind, cell.id in in_pair)
        for cell in cells
        if cell.id in in_pair or len(cells) <= FEW_CELLS
    )


def pairs_of(seen: Observation, tally: Tally) -> tuple[Pair, ...]:
    """The pairs of open encounters of which both cells are seen."""
    contacts = {contact.pair: contact for contact in seen.contacts}
    cells = {cell.id: cell for cell in seen.cells}
    target = tally.decision.target if tally.decision else None
    return tuple(
        pair_of(cells[each.nk_id], cells[each.tumor_id], contacts.get(each.pair), each.id == target)
        for each in tally.open_encounters
        if each.nk_id in cells and each.tumor_id in cells
    )


def pair_of(nk: Cell, tumor: Cell, contact: Contact | None, is_target: bool) -> Pair:
    """How one pair is marked."""
    both = np.concatenate([nk.outline_um, tumor.outline_um])
    low, high = both.min(axis=0), both.max(axis=0)
    x_um, y_um = (float(value) for value in (low + high) / 2)
    reach_um = float(np.hypot(both[:, 0] - x_um, both[:, 1] - y_um).max())
    return Pair(
        x_um,
        y_um,
        1.08 * reach_um,
        "apart" if contact is None else nearness(contact),
        is_target,
    )


def thinned(outline: Outline, closest_um: float) -> Outline:
    """Every n-th point of an outline, so that points lie about `closest_um` apart; 8 remain."""
    if len(outline) < 16:
        return outline
    length_um = float(np.hypot(*np.diff(outline, axis=0).T).sum())
    step = int(min(closest_um * len(outline) / max(length_um, 1e-6), len(outline) / 8))
    return outline[:: max(step, 1)]


def joined(outlines: list[Outline]) -> tuple[Outline, NDArray[np.intp]]:
    """Outlines closed and put one after the other, and the index after each one's last point."""
    closed = [np.concatenate([each, each[:1]]) for each in outlines if len(each)]
    if not closed:
        return np.empty((0, 2), np.float32), np.empty(0, np.intp)
    return np.concatenate(closed), np.cumsum([len(each) for each in closed])


def scale_bar_um(width_um: float) -> float:
    """A round length (1, 2 or 5 times a power of ten), at most a fifth of `width_um`."""
    most = width_um / 5
    power = 10.0 ** np.floor(np.log10(most))
    return float(max(step * power for step in (1, 2, 5) if step * power <= most * (1 + 1e-9)))
