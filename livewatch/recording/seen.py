"""What was seen, written down: a line per analysed frame, and an event per encounter's change.

Cells and contacts are kept in columns, without outlines (those can be had again from the
pixels), their figures rounded to what they are worth. Encounters are kept whole, as events.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from math import isnan
from typing import TYPE_CHECKING, Any, TypeVar

from livewatch.model import Cell, Contact

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from livewatch.model import Encounter, Observation
    from livewatch.recording.line import Ledger

DIGITS = 4
CELL_COLUMNS = tuple(each.name for each in fields(Cell) if each.name != "outline_um")
CONTACT_COLUMNS = tuple(each.name for each in fields(Contact))
Item = TypeVar("Item", Cell, Contact)


class Seen:
    """Writes observations to their ledger, and encounters' changes as events."""

    def __init__(self, ledger: Ledger, note: Callable[[str, Mapping[str, Any]], object]) -> None:
        self._ledger = ledger
        self._note = note
        self._known: dict[int, Encounter] = {}
        self.sync = ledger.sync
        self.close = ledger.close

    def write(self, observation: Observation) -> None:
        """Write down one observation, once."""
        self._ledger.append(
            {
                "frame": observation.frame,
                "number": observation.number,
                "time_s": observation.time_s,
                "position": observation.view.position,
                "problem": observation.problem,
                "cells": columns(observation.cells, CELL_COLUMNS),
                "contacts": columns(observation.contacts, CONTACT_COLUMNS),
            }
        )
        for encounter in observation.encounters:
            self._write_encounter(encounter, observation)

    def _write_encounter(self, encounter: Encounter, observation: Observation) -> None:
        before = self._known.get(encounter.id)
        if before == encounter:
            return
        if before is None and encounter.is_open:
            kind = "encounter opened"
        elif encounter.id in observation.closed:
            kind = "encounter closed"
        else:
            kind = "encounter updated"
        self._note(kind, {"frame": observation.frame, "encounter": encounter})
        self._known[encounter.id] = encounter


def columns(items: Sequence[Item], names: Sequence[str]) -> dict[str, list[Any]]:
    """Items as columns; a column that holds nothing but its default is left out."""
    if not items:
        return {}
    usual = {each.name: each.default for each in fields(items[0])}
    table = {name: [_rounded(getattr(item, name)) for item in items] for name in names}
    return {
        name: values
        for name, values in table.items()
        if usual[name] is MISSING or not all(_same(value, usual[name]) for value in values)
    }


def _rounded(value: Any) -> Any:
    return round(value, DIGITS) if isinstance(value, float) else value


def _same(one: Any, other: Any) -> bool:
    both_nan = isinstance(one, float) and isinstance(other, float) and isnan(one) and isnan(other)
    return both_nan or bool(one == other)
