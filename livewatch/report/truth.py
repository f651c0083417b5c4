"""What was really so in a synthetic specimen, written beside a demo's record for scoring.

`truth/frames.csv` (drift and focus), `pairs.csv` and `cells.csv` have a row or a block of rows for
each frame; `encounters.csv`, `bites.csv`, `events.csv` (hits, deaths, divisions, twists, slides,
engulfments) and `debris.csv` are written at the end, for the whole sample. Nothing that analyses or
decides reads them.
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
        self._frames = Table(self._folder / "frames.csv")
        self._pairs = Table(self._folder / "pairs.csv")
        self._cells = Table(self._folder / "cells.csv")

    def see(self, step: Step) -> None:
        """Write what is so in the field of a step's frame, if it has one."""
        frame = step.reply
        if not isinstance(frame, Frame):
            return
        view, about = frame.view, {"frame": frame.number}
        truth = self._specimen.truth(frame.time_s).near(view.x_um, view.y_um)
        self._frames.write([about | truth.row()])
        shown = {cell.id for cell in truth.cells if view.holds(cell.x_um, cell.y_um)}
        self._cells.write(
            about | cell.row(frame.time_s) for cell in truth.cells if cell.id in shown
        )
        self._pairs.write(
            about | pair.row(frame.time_s) for pair in truth.pairs if pair.tumor_id in shown
        )

    def close(self) -> None:
        """Write what happened in the whole sample, and finish."""
        self._frames.close()
        self._pairs.close()
        self._cells.close()
        summed: dict[str, Iterable[Mapping[str, Any]]] = {
            "encounters": (one.row() for one in self._specimen.encounters()),
            "bites": (one.row() for one in self._specimen.bites()),
            "events": (one.row() for one in self._specimen.events()),
            "debris": self._specimen.debris(),
        }
        for name, rows in summed.items():
            path = self._folder / f"{name}.csv"
            path.unlink(missing_ok=True)
            table = Table(path)
            table.write(rows)
            table.close()
