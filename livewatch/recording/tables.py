"""The tables of a session: contacts.csv, encounters.csv, cells.csv, made from its ledgers.

Further columns may follow in later versions; those there are keep their names.
"""

from __future__ import annotations

import csv
from contextlib import ExitStack
from dataclasses import MISSING, asdict, fields
from math import isnan
from typing import TYPE_CHECKING, Any

from livewatch.errors import BadInput
from livewatch.model import Cell, Contact, Encounter
from livewatch.recording.folder import SessionFolder, inside
from livewatch.recording.layout import OBSERVATIONS, TABLES
from livewatch.recording.seen import CELL_COLUMNS, CONTACT_COLUMNS, DIGITS
from livewatch.roundness import roundness

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    Row = dict[str, Any]

PLACE = ("frame", "time_s", "position")
CONTACTS = (*PLACE, *CONTACT_COLUMNS)
CELLS = (*PLACE, *CELL_COLUMNS, "roundness")
LEADING = ("position", "nk_id", "tumor_id", "start_s", "end_s", "duration_s", "x_um", "y_um")
RENAMED = {"id": "encounter_id"}
ENCOUNTERS = (
    "encounter_id",
    *LEADING,
    "outcome",
    *(each.name for each in fields(Encounter) if each.name not in (*LEADING, *RENAMED, "outcome")),
)
LARGEST_TABLE = 1_000_000  # cells or contacts in one frame: more is damage


def export(folder: Path) -> list[Path]:
    """Make the three tables of a session folder; returns their paths.

    Raises `BadInput` if the folder is damaged.
    """
    session = SessionFolder.open(folder)
    tables = inside(folder, TABLES)
    tables.mkdir(exist_ok=True)
    paths = [inside(folder, f"{TABLES}/{name}.csv") for name in ("contacts", "encounters", "cells")]
    with ExitStack() as files:
        contacts, encounters, cells = (
            _table(files, path, names)
            for path, names in zip(paths, (CONTACTS, ENCOUNTERS, CELLS), strict=True)
        )
        for number, seen in enumerate(session.observations(), 1):
            where = f"{session.path / OBSERVATIONS}, line {number}"
            contacts.writerows(_rows(seen, "contacts", Contact, CONTACT_COLUMNS, where))
            cells.writerows(map(_rounded, _rows(seen, "cells", Cell, CELL_COLUMNS, where)))
        known = session.encounters()
        encounters.writerows(_encounter(known[number]) for number in sorted(known))
    return paths


def _table(files: ExitStack, path: Path, names: Sequence[str]) -> csv.DictWriter[str]:
    file = files.enter_context(path.open("w", newline="", encoding="utf-8"))
    table = csv.DictWriter(file, names, lineterminator="\n")
    table.writeheader()
    return table


def _rows(
    seen: Mapping[str, Any], what: str, kind: type[Cell | Contact], names: Sequence[str], where: str
) -> Iterator[Row]:
    """The rows of one frame, columns that were left out filled with their defaults."""
    columns = seen.get(what, {})
    place = {"frame": seen.get("number"), **{name: seen.get(name) for name in PLACE[1:]}}
    for values in whole_rows(columns, kind, names, where):
        yield {name: _figure(value) for name, value in (place | values).items()}


def whole_rows(
    columns: object, kind: type[Cell | Contact], names: Sequence[str], where: str
) -> list[Row]:
    """Columns as rows; raises `BadInput` if they are not columns of one length."""
    if not isinstance(columns, dict) or not all(
        isinstance(each, list) for each in columns.values()
    ):
        raise BadInput(f"{where}: damaged, no columns")
    lengths = {len(each) for each in columns.values()}
    if len(lengths) > 1 or max(lengths, default=0) > LARGEST_TABLE:
        raise BadInput(f"{where}: damaged, columns of different lengths")
    usual = {each.name: each.default for each in fields(kind)}
    missing = [name for name in names if name not in columns and usual[name] is MISSING]
    if columns and missing:
        raise BadInput(f"{where}: damaged, no column {missing[0]}")
    return [
        {name: columns[name][row] if name in columns else usual[name] for name in names}
        for row in range(max(lengths, default=0))
    ]


def _rounded(row: Row) -> Row:
    """A cell's row, with its roundness."""
    area, around = row["area_um2"], row["perimeter_um"]
    if not isinstance(area, int | float) or not isinstance(around, int | float) or around <= 0:
        return row
    return row | {"roundness": round(roundness(float(area), float(around)), DIGITS)}


def _encounter(encounter: Encounter) -> Row:
    row = asdict(encounter)
    row["encounter_id"] = row.pop("id")
    row["duration_s"] = encounter.duration_s
    row["tags"] = " ".join(encounter.tags)
    row["bites"] = len(encounter.bites)
    return {name: _figure(value) for name, value in row.items()}


def _figure(value: Any) -> Any:
    """A value as tables show it: rounded, and empty where it was not measured."""
    if value in ("NaN", "Infinity", "-Infinity"):
        value = float(value)
    if not isinstance(value, float):
        return value
    return "" if isnan(value) else round(value, DIGITS)
