"""The analyst: a frame in, an observation out.

It puts segmentation, tracking, contact and encounters together and carries what they remember
as one frozen state. It holds no state itself, so the same state and frame give the same
answer, to the bit, on every run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis import garbage, neck, seam
from livewatch.analysis.encounters import Turn
from livewatch.analysis.landing import Arrival, arrived, compared
from livewatch.analysis.measures import Measurer, Notes
from livewatch.analysis.own import own
from livewatch.analysis.places import Place, touching, tracked
from livewatch.analysis.segmentation import Memory, Sight
from livewatch.analysis.softness import softnesses
from livewatch.model import Exposure, Frame, Kind, Observation, Plane, Purpose, Shot, View

if TYPE_CHECKING:
    from collections.abc import Callable

    from livewatch.model import Cell, Contact, Encounter
    from livewatch.settings import Experiment


NOTHING_NOTED = Notes()
KEPT_BYTES = 31 * 2**20
"""Blocks up to this large are worth keeping for the next frame (glibc keeps none above 32 MiB)."""


@dataclass(frozen=True, slots=True, eq=False)
class AnalystState:
    """All that analysis remembers: a value, never changed once made.

    `places` are the positions visited, by name; `notes` is what measuring remembers. Identities
    of cells and encounters are unique in the session and count from 1.
    """

    memory: Memory
    places: tuple[Place, ...] = ()
    notes: Notes = NOTHING_NOTED
    next_cell: int = 1
    next_encounter: int = 1

    def place(self, name: str) -> Place:
        """What is known of a position; nothing, on the first visit."""
        return next((place for place in self.places if place.name == name), Place(name))

    def with_place(self, place: Place) -> AnalystState:
        """The same state with one position replaced."""
        others = (other for other in self.places if other.name != place.name)
        places = tuple(sorted((*others, place), key=lambda one: one.name))
        return replace(self, places=places)


class Analyst:
    """Sees cells, contacts and encounters in the frames of one experiment.

    `together` is a map-like callable that may run two independent jobs in parallel.
    """

    def __init__(self, experiment: Experiment, *, together: Callable[..., object] = map) -> None:
        self._experiment = experiment
        self._sight = Sight(experiment, together=together)
        self._measurer = Measurer(experiment)

    def begin(self) -> AnalystState:
        """The state before the first frame."""
        return AnalystState(self._sight.begin())

    def warm_up(self) -> None:
        """Compile, or load from the cache, everything that is compiled. Takes seconds once.

        Settles, for the whole process, what else would cost time in the middle of a session.
        """
        # Linux's allocator gives large blocks back to the system and has their pages cleared anew
        # for every frame (10 ms), until one as large as any image was freed.
        np.empty(KEPT_BYTES, np.uint8)
        self._sight.warm_up()
        self._measurer.warm_up()
        seam.warm_up()
        neck.warm_up()
        state = self.begin()
        for index in range(2):
            state, _ = self.observe(state, small_frame(index, self._experiment))
        garbage.settle()

    def observe(self, state: AnalystState, frame: Frame) -> tuple[AnalystState, Observation]:
        """The state after one more frame, and what the frame showed.

        A channel that cannot be used leaves the tracks of its cells, and all encounters, as they
        are, and `Observation.problem` says why; so does a channel that was not exposed.
        """
        memory, sighting = self._sight.see(state.memory, frame)
        place = state.place(frame.view.position)
        cells: tuple[Cell, ...] = ()
        contacts: tuple[Contact, ...] = ()
        turn, next_cell = standing(place), state.next_cell
        seen = {one.kind: one.cells for one in sighting.seen if one.problem is None}
        if len(seen) == len(Kind):
            seen = own(seen, place.tumor)
        arrival = self._arrived(place, seen, frame)
        place = replace(place, last=arrival.last)
        seen = {} if arrival.problem else arrival.cells
        if seen:
            place, cells, next_cell = tracked(
                place, seen, frame.view, frame.time_s, next_cell, self._experiment
            )
        if len(seen) == len(Kind):
            place, contacts, turn = touching(
                place, cells, frame.time_s, state.next_encounter, self._experiment
            )
        landing = arrival.landing
        if contacts:
            softness = softnesses(frame, contacts)
            landing = landing and compared(landing, place.last, softness)
            place = replace(place, last=replace(place.last, softness=softness))
        notes, contacts, encounters, settled = self._measurer.observe(
            state.notes, frame, cells, contacts, current(state, place, turn)
        )
        state = replace(
            state.with_place(place) if seen or arrival.problem else state,
            memory=memory,
            notes=notes,
            next_cell=next_cell,
            next_encounter=state.next_encounter + len(turn.opened),
        )
        return state, Observation(
            frame=frame.index,
            number=frame.number,
            time_s=frame.time_s,
            view=frame.view,
            cells=cells,
            contacts=contacts,
            encounters=encounters,
            opened=turn.opened,
            closed=turn.closed,
            settled=settled,
            problem=sighting.problem or arrival.problem,
            landing=landing,
        )

    def _arrived(self, place: Place, seen: dict[Kind, tuple[Cell, ...]], frame: Frame) -> Arrival:
        """How the view of this frame landed, if it shows anything."""
        if not seen:
            return Arrival(place.last, seen)
        tracks = {kind: place.tracks(kind) for kind in seen}
        sizes, aim_um = self._experiment.cells, self._experiment.zoom.aim_um
        return arrived(place.last, tracks, seen, frame.view, frame.time_s, sizes, aim_um)


def standing(place: Place) -> Turn:
    """What a frame that shows nothing does to the encounters of a place: nothing."""
    return Turn(place.bouts, open_at(place), (), ())


def open_at(place: Place) -> tuple[Encounter, ...]:
    """The encounters that go on at a place."""
    return tuple(bout.encounter for bout in place.bouts if bout.encounter is not None)


def current(state: AnalystState, here: Place, turn: Turn) -> list[Encounter]:
    """Encounters open at any position, and those that closed with this frame."""
    elsewhere = (open_at(other) for other in state.places if other.name != here.name)
    encounters = [*turn.encounters, *(one for others in elsewhere for one in others)]
    return sorted(encounters, key=lambda one: one.id)


def small_frame(index: int, experiment: Experiment) -> Frame:
    """A frame of one cell of each kind that overlap, to warm up with."""
    diameter_um = max(experiment.cells.nk_diameter_um, experiment.cells.tumor_diameter_um)
    side = 128
    pixel_um = 4 * diameter_um / side
    y, x = np.mgrid[:side, :side]
    images = []
    for at, size_um in (
        (40, experiment.cells.nk_diameter_um),
        (56, experiment.cells.tumor_diameter_um),
    ):
        disc = np.hypot(x - at, y - 64) <= size_um / pixel_um / 2
        images.append((100 + 2 * ((x + 3 * y) % 5) + 800 * disc).astype(np.uint16))
    view = View("", 0.0, 0.0, None, "", pixel_um, 1, (side, side))
    planes = tuple(Plane(kind.value, 1.0) for kind in Kind)
    exposures = tuple(Exposure(kind.value, float(index), float(index), 1.0) for kind in Kind)
    shot = Shot(view, planes, float(index), Purpose.SURVEY)
    return Frame(index, shot, view, tuple(images), exposures, float(index))
