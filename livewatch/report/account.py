"""The courses of a session's encounters, from ledgers that are read once for all of them."""

from __future__ import annotations

from array import array
from math import nan
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from livewatch.errors import BadInput
from livewatch.model import Contact, Purpose
from livewatch.recording.folder import parsed
from livewatch.recording.layout import OBSERVATIONS
from livewatch.recording.retold import SEEN
from livewatch.recording.seen import CONTACT_COLUMNS
from livewatch.recording.tables import whole_rows
from livewatch.report.course import Course, Lit, Turn
from livewatch.report.true_pairs import TruePairs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from livewatch.model import Encounter
    from livewatch.recording.folder import SessionFolder

BEFORE_S, AFTER_S = 40.0, 40.0
"""So much before the first and after the last measure is shown of light and decisions."""
COLUMNS = (*CONTACT_COLUMNS, "time_s")


class Measures:
    """One encounter's measures as they are read: 8 bytes each, as a session may have millions."""

    def __init__(self) -> None:
        self._frames: list[int] = []  # damaged ones may be any number
        self._values = array("d")

    def add(self, frame: int, time_s: float, row: Mapping[str, object]) -> None:
        """Take in what one frame shows; what is no number is NaN."""
        self._frames.append(frame)
        self._values.extend(number(row[name]) for name in CONTACT_COLUMNS)
        self._values.append(time_s)

    def in_time(self) -> tuple[tuple[int, ...], dict[str, NDArray[np.float64]]]:
        """Frames and columns by time; of a frame that was told twice, what was told last.

        An observation that was late is written down late.
        """
        last = {frame: row for row, frame in enumerate(self._frames)}
        table = np.frombuffer(self._values).reshape(-1, len(COLUMNS))[list(last.values())]
        order = np.argsort(table[:, -1], kind="stable")
        frames = np.array(list(last))[order]
        return tuple(frames.tolist()), dict(zip(COLUMNS, table[order].T, strict=True))


class Decided(NamedTuple):
    """A decision for a position, made for an encounter's sake or for none's."""

    position: str
    target: object
    turn: Turn


class Account:
    """What a session folder tells of its encounters.

    Raises `BadInput` if what is there of all of them is damaged.
    """

    def __init__(self, folder: SessionFolder) -> None:
        self._folder = folder
        self.encounters = folder.encounters()
        self._measures: dict[int, Measures] = {}
        self._damages: dict[int, BadInput] = {}
        if not self.encounters:
            return
        self._read()
        self._lit = tuple(
            Lit(entry.time_s, entry.dose, str(entry.purpose)) for entry in folder.entries()
        )
        self._decided = tuple(decided(folder))
        self._truth = TruePairs.beside(folder.path)

    def course(self, encounter_id: int) -> Course | None:
        """An encounter's course; None where no frame shows it.

        Raises `BadInput` if there is no such encounter, or what is there of it is damaged.
        """
        if encounter_id not in self.encounters:
            known = ", ".join(map(str, sorted(self.encounters))) or "none"
            raise BadInput(f"{self._folder.path}: no encounter {encounter_id}; there are: {known}")
        if encounter_id in self._damages:
            raise self._damages[encounter_id]
        if encounter_id not in self._measures:
            return None
        encounter = self.encounters[encounter_id]
        frames, columns = self._measures[encounter_id].in_time()
        begin_s, end_s = columns["time_s"][0] - BEFORE_S, columns["time_s"][-1] + AFTER_S
        lit = tuple(one for one in self._lit if begin_s <= one.time_s <= end_s)
        turns = tuple(turn for turn in self._turns(encounter) if begin_s <= turn.time_s <= end_s)
        return Course(encounter, frames, columns, self._truth.like(columns), lit, turns)

    def _read(self) -> None:
        """Read the measures of every encounter that a frame shows."""
        for at, line in enumerate(self._folder.observations(), 1):
            where = f"{self._folder.path / OBSERVATIONS}, line {at}"
            seen = parsed(SEEN, line, where)
            shown = [self.encounters[one] for one in seen.encounters if one in self.encounters]
            if not shown:
                continue
            try:
                rows = whole_rows(line.get("contacts"), Contact, CONTACT_COLUMNS, where)
            except BadInput as damage:
                self._damages |= {one.id: damage for one in shown}
                continue
            for row in rows:
                pair = row["nk_id"], row["tumor_id"]
                for one in shown:
                    if one.pair == pair:
                        measures = self._measures.setdefault(one.id, Measures())
                        measures.add(seen.frame, seen.time_s, row)

    def _turns(self, encounter: Encounter) -> Iterator[Turn]:
        """The decisions that changed what was done at its position, but for others' sake.

        A single look around between frames of the same pair changes nothing.
        """
        made: list[tuple[object, Turn]] = []
        for position, target, turn in self._decided:
            if position != encounter.position or target not in (None, encounter.id):
                continue
            pursued = turn.purpose, target
            if len(made) > 1 and made[-2][0] == pursued and made[-1][1].purpose == Purpose.SURVEY:
                made.pop()
            if not made or made[-1][0] != pursued:
                made.append((pursued, turn))
        return (turn for _, turn in made)


def decided(folder: SessionFolder) -> Iterator[Decided]:
    """Every decision for a shot; those that are damaged are left out: `verify` tells of those."""
    for event in folder.events("decision"):
        match event:
            case {
                "decision": {
                    "shot": {
                        "view": {"position": str(position)},
                        "purpose": str(purpose),
                        "not_before_s": not_before_s,
                    },
                    "reason": str(reason),
                    **decision,
                }
            }:
                turn = Turn(number(not_before_s), purpose, reason)
                yield Decided(position, decision.get("target"), turn)


def number(value: Any) -> float:
    """A measure as a number; NaN if it is none."""
    return float(value) if isinstance(value, int | float) else nan
