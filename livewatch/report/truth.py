"""What was really so in a synthetic specimen, written beside a demo's record for scoring.

`truth/pairs.csv` and `truth/cells.csv` have a block of rows for each frame, `truth/encounters.csv`
and `truth/bites.csv` are written at the end. Nothing that analyses or decides reads them.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any, TextIO

from livewatch.model import Frame

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from livewatch.model import Step
    from livewatch.specimen.synthetic import SyntheticSpecimen

TRUTH = "truth"


class Table:
    """A CSV file that takes its columns from the first row; one that exists is added to."""

    def __init__(self, path: Path) -> None:
        self._file: TextIO = path.open("a", newline="", encoding="utf-8")
        self._writer: csv.DictWriter[str] | None = None

    def write(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Append rows."""
        for row in rows:
            if self._writer is None:
                self._writer = csv.DictWriter(self._file, list(row), lineterminator="\n")
                if self._file.tell() == 0:
                    self._writer.writeheader()
            self._writer.writerow(row)

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


class TruthWriter:
    """Writes a specimen's truth at the time of every frame; `close` adds what has summed up."""

    def __init__(self, folder: Path, specimen: SyntheticSpecimen) -> None:
        self._folder = folder / TRUTH
        self._folder.mkdir(exist_ok=True)
        self._specimen = specimen
        self._pairs = Table(self._folder / "pairs.csv")
        self._cells = Table(self._folder / "cells.csv")

    def see(self, step: Step) -> None:
        """Write what is so in the field of a step's frame, if it has one."""
        frame = step.reply
        if not isinstance(frame, Frame):
            return
        view, about = frame.view, {"frame": frame.number}
        truth = self._specimen.truth(frame.time_s).near(view.x_um, view.y_um)
        shown = {cell.id for cell in truth.cells if view.holds(cell.x_um, cell.y_um)}
        self._cells.write(
            about | cell.row(frame.time_s) for cell in truth.cells if cell.id in shown
        )
        self._pairs.write(
            about | pair.row(frame.time_s) for pair in truth.pairs if pair.tumor_id in shown
        )

    def close(self) -> None:
        """Write encounters and bites of the whole sample, and finish."""
        self._pairs.close()
        self._cells.close()
        for name, rows in (
            ("encounters", self._specimen.encounters()),
            ("bites", self._specimen.bites()),
        ):
            path = self._folder / f"{name}.csv"
            path.unlink(missing_ok=True)
            table = Table(path)
            table.write(row.row() for row in rows)
            table.close()
