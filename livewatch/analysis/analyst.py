"""The analyst: a frame in, an observation out.

It puts segmentation, tracking, contact and encounters together and carries what they remember
as one frozen state. It holds no state itself, so the same state and frame give the same
answer, to the bit, on every run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from livewatch.analysis.contact import contacts_of
from livewatch.analysis.encounters import Turn
from livewatch.analysis.measures import Measurer, Notes
from livewatch.analysis.membrane import outlined
from livewatch.analysis.places import Place, touching, tracked
from livewatch.analysis.segmentation import Memory, Sight
from livewatch.model import Kind, Observation

if TYPE_CHECKING:
    from collections.abc import Callable

    from livewatch.model import Cell, Contact, Frame
    from livewatch.settings import Experiment


NOTHING_NOTED = Notes()


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
        """Compile, or load from the cache, everything that is compiled. Takes seconds once."""
        self._sight.warm_up()
        self._measurer.warm_up()
        contacts_of((), (), self._experiment.contact)

    def observe(self, state: AnalystState, frame: Frame) -> tuple[AnalystState, Observation]:
        """The state after one more frame, and what the frame showed.

        A frame that cannot be used leaves tracks and encounters as they are and says why; one
        that shows only one kind of cell moves the tracks of that kind only.
        """
        memory, sighting = self._sight.see(state.memory, frame)
        state = replace(state, memory=memory)
        place = state.place(frame.view.position)
        cells: tuple[Cell, ...] = ()
        contacts: tuple[Contact, ...] = ()
        turn = standing(place)
        seen = {one.kind: outlined(one) for one in sighting.seen if one.problem is None}
        if seen:
            place, cells, next_cell = tracked(
                place, seen, frame.view, frame.time_s, state.next_cell, self._experiment
            )
            if len(seen) == len(Kind):
                place, contacts, turn = touching(
                    place, cells, frame.time_s, state.next_encounter, self._experiment
                )
            state = replace(
                state.with_place(place),
                next_cell=next_cell,
                next_encounter=state.next_encounter + len(turn.opened),
            )
        elsewhere = [
            bout.encounter
            for other in state.places
            if other.name != place.name
            for bout in other.bouts
            if bout.encounter is not None
        ]
        encounters = sorted((*turn.encounters, *elsewhere), key=lambda one: one.id)
        notes, contacts, told, settled = self._measurer.observe(
            state.notes, frame, cells, contacts, encounters
        )
        observation = Observation(
            frame=frame.index,
            number=frame.number,
            time_s=frame.time_s,
            view=frame.view,
            cells=cells,
            contacts=contacts,
            encounters=told,
            opened=turn.opened,
            closed=turn.closed,
            settled=settled,
            problem=sighting.problem,
        )
        return replace(state, notes=notes), observation


def standing(place: Place) -> Turn:
    """What a frame that shows nothing does to the encounters of a place: nothing."""
    open_now = tuple(bout.encounter for bout in place.bouts if bout.encounter is not None)
    return Turn(place.bouts, open_now, (), ())
