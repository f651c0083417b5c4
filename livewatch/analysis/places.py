"""What is known of one position: its cells, near pairs and encounters, and how far it was seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.approach import Gaps, approach, no_gaps
from livewatch.analysis.contact import contacts_of
from livewatch.analysis.encounters import LEFT, LOST, Bout, Scene, Turn, follow
from livewatch.analysis.landing import NEVER, Last
from livewatch.analysis.plausible import believed, doubted
from livewatch.analysis.sightings import Look, Rules
from livewatch.analysis.tracking import track
from livewatch.analysis.tracks import Tracks, nobody
from livewatch.analysis.upkeep import FORGET_S, given_up
from livewatch.model import Cell, Contact, Kind
from livewatch.replaced import replaced

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from livewatch.model import View
    from livewatch.settings import Experiment

WIDEST = 0.98
"""A view that shows this share of all that was ever seen shows it all."""


@dataclass(frozen=True, slots=True)
class Extent:
    """The rectangle of the sample that was seen at one position so far, in stage um."""

    left_um: float = float("inf")
    top_um: float = float("inf")
    right_um: float = float("-inf")
    bottom_um: float = float("-inf")

    def widened(self, view: View) -> Extent:
        """The smallest rectangle that holds this one and a view."""
        return Extent(
            min(self.left_um, view.left_um),
            min(self.top_um, view.top_um),
            max(self.right_um, view.left_um + view.width_um),
            max(self.bottom_um, view.top_um + view.height_um),
        )

    def is_shown_by(self, view: View) -> bool:
        """Whether a view within the extent shows practically all of it."""
        width_um, height_um = self.right_um - self.left_um, self.bottom_um - self.top_um
        return view.width_um >= WIDEST * width_um and view.height_um >= WIDEST * height_um


@dataclass(frozen=True, slots=True)
class Place:
    """Everything remembered of one position."""

    name: str
    extent: Extent = Extent()
    nk: Tracks = field(default_factory=nobody)
    tumor: Tracks = field(default_factory=nobody)
    gaps: Gaps = field(default_factory=no_gaps)
    bouts: tuple[Bout, ...] = ()
    last: Last = NEVER

    @property
    def held(self) -> frozenset[int]:
        """Identities in an open encounter, or about to be in one."""
        return frozenset(
            cell
            for bout in self.bouts
            if bout.encounter is not None or bout.streak > 0
            for cell in bout.pair
        )

    def tracks(self, kind: Kind) -> Tracks:
        """The tracks of one kind of cell."""
        return self.nk if kind is Kind.NK else self.tumor


def tracked(
    place: Place,
    cells: Mapping[Kind, Sequence[Cell]],
    view: View,
    time_s: float,
    next_id: int,
    experiment: Experiment,
) -> tuple[Place, tuple[Cell, ...], int]:
    """A place after its cells were seen, those cells under their identities, the next free one.

    `cells` names the kinds that the frame could show; the others are left as they are.
    """
    extent = place.extent.widened(view)
    look = Look(view, time_s, extent.is_shown_by(view), place.held)
    named: list[Cell] = []
    for kind, found in cells.items():
        rules = rules_of(kind, experiment)
        tracks, seen = track(place.tracks(kind), found, look, next_id, rules)
        named += seen
        next_id = max([next_id, *(cell.id + 1 for cell in seen)])
        place = replaced(place, **{kind.value: tracks})
    named.sort(key=attrgetter("id"))
    return replaced(place, extent=extent), tuple(named), next_id


def rules_of(kind: Kind, experiment: Experiment) -> Rules:
    """How to track a kind of cell in an experiment."""
    cells = experiment.cells
    return Rules.of(kind, cells.nk_diameter_um if kind is Kind.NK else cells.tumor_diameter_um)


def touching(
    place: Place,
    cells: Sequence[Cell],
    time_s: float,
    next_id: int,
    experiment: Experiment,
) -> tuple[Place, tuple[Contact, ...], Turn]:
    """A place after contacts were measured and encounters followed, in a frame of both kinds."""
    rules = experiment.contact
    nk = [cell for cell in cells if cell.kind is Kind.NK]
    tumor = [cell for cell in cells if cell.kind is Kind.TUMOR]
    doubts = doubted(place.nk, experiment.cells.nk_diameter_um)
    doubts |= doubted(place.tumor, experiment.cells.tumor_diameter_um)
    open_pairs = frozenset(bout.pair for bout in place.bouts if bout.encounter is not None)
    contacts = believed(contacts_of(nk, tumor, rules), cells, doubts, open_pairs)
    horizon_s = experiment.survey.interval_s
    gaps, contacts = approach(place.gaps, contacts, place.nk, place.tumor, time_s, horizon_s)
    scene = Scene(
        position=place.name,
        time_s=time_s,
        contacts=contacts,
        seen=frozenset(cell.id for cell in cells),
        lost=lost(place.nk, rules.bridge_s) | lost(place.tumor, rules.bridge_s),
        known=frozenset(np.concatenate((place.nk.table["id"], place.tumor.table["id"])).tolist()),
    )
    patience_s = 3 * max(experiment.survey.interval_s, rules.bridge_s)
    turn = follow(place.bouts, scene, next_id, rules, patience_s)
    return replaced(place, gaps=gaps, bouts=turn.bouts), contacts, turn


def lost(tracks: Tracks, bridge_s: float) -> dict[int, str]:
    """The cells that will not be seen again, and why."""
    table = tracks.table
    wait_s = max(bridge_s, FORGET_S)
    left = table["outside_s"] > wait_s
    missing = given_up(table, wait_s)
    reasons = {int(cell): LOST for cell in table["id"][missing]}
    return reasons | {int(cell): LEFT for cell in table["id"][left]}
