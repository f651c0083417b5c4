"""What was seen, written down: a line per analysed frame, and an event per encounter's change.

Contacts are kept in columns, to the bit, so that the policy can be told the same again. Cells
are kept in columns too, without outlines (those can be had again from the pixels) and rounded to
what they are worth. Encounters are kept whole, as events, whenever they changed.
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

    def __init__(
        self,
        ledger: Ledger,
        note: Callable[[str, Mapping[str, Any]], object],
        known: Mapping[int, Encounter],
    ) -> None:
        self._ledger = ledger
        self._note = note
        self._known = dict(known)

    def write(self, observation: Observation) -> None:
        """Write down one observation.

        Encounters go first: a line of the ledger speaks of encounters that are written.
        """
        for encounter in observation.encounters:
            self._write_encounter(encounter, observation)
        self._ledger.append(
            {
                "frame": observation.frame,
                "number": observation.number,
                "time_s": observation.time_s,
                "position": observation.view.position,
                "problem": observation.problem,
                "encounters": [encounter.id for encounter in observation.encounters],
                "opened": observation.opened,
                "closed": observation.closed,
                "settled": observation.settled,
                "landing": observation.landing,
                "contacts": columns(observation.contacts, CONTACT_COLUMNS),
                "cells": columns(observation.cells, CELL_COLUMNS, DIGITS),
            }
        )

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


def columns(
    items: Sequence[Item], names: Sequence[str], digits: int | None = None
) -> dict[str, list[Any]]:
    """Items as columns, rounded if asked; a column of nothing but its default is left out."""
    if not items:
        return {}
    usual = {each.name: each.default for each in fields(items[0])}
    table = {name: [_rounded(getattr(item, name), digits) for item in items] for name in names}
    return {
        name: values
        for name, values in table.items()
        if usual[name] is MISSING or not all(_same(value, usual[name]) for value in values)
    }


def _rounded(value: Any, digits: int | None) -> Any:
    return round(value, digits) if digits is not None and isinstance(value, float) else value


def _same(one: Any, other: Any) -> bool:
    both_nan = isinstance(one, float) and isinstance(other, float) and isnan(one) and isnan(other)
    return both_nan or bool(one == other)
