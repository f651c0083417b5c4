"""What one frame showed."""

from __future__ import annotations

from dataclasses import dataclass

from livewatch.model.cell import Cell
from livewatch.model.contact import Contact
from livewatch.model.encounter import Encounter
from livewatch.model.landing import Landing
from livewatch.model.view import View


@dataclass(frozen=True, slots=True)
class Observation:
    """What one frame showed. `problem` says why a frame could not be used, if so.

    `encounters` are those open, those that closed with this frame, and those closed earlier
    whose outcome became known with it; `opened`, `closed` and `settled` name the ids that
    changed here. `landing` is there for the first frame after the view was changed.
    """

    frame: int
    number: int
    time_s: float
    view: View
    cells: tuple[Cell, ...] = ()
    contacts: tuple[Contact, ...] = ()
    encounters: tuple[Encounter, ...] = ()
    opened: tuple[int, ...] = ()
    closed: tuple[int, ...] = ()
    settled: tuple[int, ...] = ()
    problem: str | None = None
    landing: Landing | None = None

    def cell(self, cell_id: int) -> Cell | None:
        """The cell of that identity, or None if it is not in this frame."""
        return next((cell for cell in self.cells if cell.id == cell_id), None)
