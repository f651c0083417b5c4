"""An encounter's course, as a session folder tells it: measures over time, light, decisions."""

from __future__ import annotations

import csv
from dataclasses import dataclass
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
from livewatch.report.truth import TRUTH

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from livewatch.model import Encounter
    from livewatch.recording.folder import SessionFolder

    Series = NDArray[np.float64]

SAME_PAIR_UM = 6.0
BEFORE_S, AFTER_S = 40.0, 40.0
"""So much before the first and after the last measure is shown of light and decisions."""
SINCE_CONTACT = {"twist_deg", "orbit_deg", "slip_um"}


class Lit(NamedTuple):
    """One frame's light, in ms at full power, and what it was taken for."""

    time_s: float
    dose: float
    purpose: str


class Turn(NamedTuple):
    """A decision that changed what was done, from `time_s` on."""

    time_s: float
    purpose: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """An encounter's contact measures over time: `columns` by name, each (n,), NaN where unknown.

    `frames` are the indices of the frames they are from. `lit` is the light of every frame there
    was about that time, `turns` what was decided about it.
    """

    encounter: Encounter
    frames: tuple[int, ...]
    columns: Mapping[str, Series]
    truth: Mapping[str, Series]
    lit: tuple[Lit, ...] = ()
    turns: tuple[Turn, ...] = ()

    def of(self, name: str) -> Series:
        """One measure; all NaN if it was never taken."""
        return self.columns.get(name, np.full(len(self.frames), nan))


def course_of(folder: SessionFolder, encounter_id: int) -> Course | None:
    """An encounter's measures from a session folder; None where no frame shows it.

    Raises `BadInput` if there is no such encounter, or what is there of it is damaged.
    """
    encounters = folder.encounters()
    if encounter_id not in encounters:
        known = ", ".join(map(str, sorted(encounters))) or "none"
        raise BadInput(f"{folder.path}: no encounter {encounter_id}; there are: {known}")
    encounter = encounters[encounter_id]
    # an observation that was late is written down late: by time they are in order
    by_frame = dict(_rows(folder, encounter))
    rows = sorted(by_frame.items(), key=lambda one: one[1]["time_s"])
    if not rows:
        return None
    names = sorted({name for _, row in rows for name in row})
    columns = {name: np.array([_number(row.get(name)) for _, row in rows]) for name in names}
    truth = _truth(folder.path, columns)
    begin_s, end_s = columns["time_s"][0] - BEFORE_S, columns["time_s"][-1] + AFTER_S
    lit = tuple(
        Lit(entry.time_s, entry.dose, str(entry.purpose))
        for entry in folder.entries()
        if begin_s <= entry.time_s <= end_s
    )
    frames = tuple(frame for frame, _ in rows)
    return Course(encounter, frames, columns, truth, lit, _turns(folder, encounter, begin_s, end_s))


def _turns(
    folder: SessionFolder, encounter: Encounter, begin_s: float, end_s: float
) -> tuple[Turn, ...]:
    """The decisions that changed what was done at the encounter's position, but for others' sake.

    A single look around between frames of the same pair changes nothing. Decisions that are
    damaged are left out: `verify` tells of those.
    """
    made: list[tuple[object, Turn]] = []
    for event in folder.events("decision"):
        match event:
            case {
                "decision": {
                    "shot": {
                        "view": {"position": encounter.position},
                        "purpose": str(purpose),
                        "not_before_s": not_before_s,
                    },
                    "reason": str(reason),
                    **decision,
                }
            } if decision.get("target") in (None, encounter.id):
                pursued = purpose, decision.get("target")
            case _:
                continue
        if len(made) > 1 and made[-2][0] == pursued and made[-1][1].purpose == Purpose.SURVEY:
            made.pop()
        if not made or made[-1][0] != pursued:
            made.append((pursued, Turn(_number(not_before_s), purpose, reason)))
    return tuple(turn for _, turn in made if begin_s <= turn.time_s <= end_s)


def _rows(folder: SessionFolder, encounter: Encounter) -> Iterator[tuple[int, dict[str, Any]]]:
    """(frame, measures) of every observation that lists the pair during the encounter."""
    for number, line in enumerate(folder.observations(), 1):
        where = f"{folder.path / OBSERVATIONS}, line {number}"
        seen = parsed(SEEN, line, where)
        if encounter.id not in seen.encounters:
            continue
        for row in whole_rows(line.get("contacts"), Contact, CONTACT_COLUMNS, where):
            if (row["nk_id"], row["tumor_id"]) == encounter.pair:
                yield seen.frame, row | {"time_s": seen.time_s}


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else nan


def _truth(path: Path, columns: Mapping[str, Series]) -> dict[str, Series]:
    """The true pair that is where the measured one is, from a demo's truth; {} without one."""
    table = path / TRUTH / "pairs.csv"
    if not table.is_file():
        return {}
    wanted = {round(time_s, 3): at for at, time_s in enumerate(columns["time_s"])}
    near: dict[tuple[str, str], list[dict[str, float]]] = {}
    with table.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            at = wanted.get(round(float(row["time_s"]), 3))
            if at is not None and _is_same(row, columns, at):
                values = {name: float(value) for name, value in row.items()}
                near.setdefault((row["nk_id"], row["tumor_id"]), []).append(values)
    if not near:
        return {}
    rows = max(near.values(), key=len)
    truth = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    for name in truth.keys() & SINCE_CONTACT:
        truth[name] = _from_same_start(truth["time_s"], truth[name], columns, name)
    return truth


def _from_same_start(
    times_s: Series, truth: Series, columns: Mapping[str, Series], name: str
) -> Series:
    """What adds up since contact, counted from when it was first measured.

    The true contact began before the first frame that shows it.
    """
    measured = columns.get(name, np.full(len(columns["time_s"]), nan))
    known = np.isfinite(measured) & np.isin(columns["time_s"].round(3), times_s.round(3))
    if not known.any():
        return truth
    first = int(known.argmax())
    at = int(np.abs(times_s - columns["time_s"][first]).argmin())
    return np.asarray(truth - truth[at] + measured[first])


def _is_same(row: Mapping[str, str], columns: Mapping[str, Series], at: int) -> bool:
    return all(
        abs(float(row[name]) - columns[name][at]) < SAME_PAIR_UM
        for name in ("nk_x_um", "nk_y_um", "tumor_x_um", "tumor_y_um")
    )
