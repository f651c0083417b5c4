"""What this machine keeps up with: the cost of analysis by frame size and number of cells.

Each stage is timed on its own, then the whole analysis, both with the channels in two threads,
and the usual scikit-image recipe on the same images in the same run, with the F1 of both. Times
depend on what else the machine does: compare within one table.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from livewatch.abreast import Abreast
from livewatch.analysis.analyst import Analyst
from livewatch.analysis.measures import Measurer
from livewatch.analysis.own import own
from livewatch.analysis.places import Place, touching, tracked
from livewatch.analysis.segmentation import Sight
from livewatch.model import Kind
from livewatch.report.film import DIAMETER_UM, f1, film, labels_of
from livewatch.report.recipe import recipe
from livewatch.settings import Experiment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from livewatch.model import Frame, Observation
    from livewatch.report.film import Film, Labels

    Together = Callable[..., Iterable[Any]]


class Case(NamedTuple):
    """One size of frame with so many cells of each kind, watched for so many frames."""

    side_px: int
    pixel_um: float
    cells: int
    frames: int


CASES = (
    *(Case(512, 0.65, cells, 40) for cells in (20, 100)),
    *(Case(1024, 0.65, cells, 40) for cells in (20, 100, 300)),
    Case(2048, 0.325, 100, 34),
    *(Case(2048, 0.65, cells, 34) for cells in (20, 100, 300, 1000)),
)
QUICK = (Case(512, 0.65, 20, 30), Case(1024, 0.65, 100, 30))
SEEN, MEASURES = "these together", "measures of encounters"
STAGES = (
    "segmentation, both channels",
    "tracking",
    "contact and encounters",
    SEEN,
    MEASURES,
)
WHOLE, USUAL = "whole analysis", "usual scikit-image recipe"
SETTLED = 20
"""Frames at the beginning that are not timed: bleed-through is measured in each of them."""
START = """
import time; begun = time.perf_counter()
from livewatch.analysis.analyst import Analyst
from livewatch.settings import Experiment
loaded = time.perf_counter()
Analyst(Experiment()).warm_up()
print(loaded - begun, time.perf_counter() - loaded)
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One stage of one case: median and 95th percentile in ms.

    F1 where cells were found, `pairs` that were measured in the last frame.
    """

    side_px: int
    pixel_um: float
    cells: int
    stage: str
    median_ms: float
    slow_ms: float
    f1_nk: float | None = None
    f1_tumor: float | None = None
    pairs: int | None = None


@dataclass(frozen=True, slots=True)
class Bench:
    """The whole table. A start loads the program, then its compiled loops from their cache."""

    machine: str
    compiling_s: float
    load_s: float
    warm_start_s: float
    rows: tuple[Row, ...]

    def text(self) -> str:
        """The table, and what it means for a camera, for people."""
        lines = [
            self.machine,
            f"first start {self.compiling_s:.1f} s (compiles what is not in the cache); "
            f"later ones {self.warm_start_s:.1f} s, after {self.load_s:.1f} s of loading",
            "",
            f"{'frame':>22} {'cells':>6}  {'stage':28} {'median':>10} {'95 %':>10}",
        ]
        for rows in self.cases():
            lines += [line(row) for row in rows]
            lines += [f"{'':31}{verdict(rows)}", ""]
        lines += [
            "cells: of each kind; channels in two threads.",
            "measures of encounters: seal, twist, slip, bites of every pair in contact or near it;",
            "they grow with the pairs, the rest with pixels and cells.",
            "F1: of cells found in the last frame, at an overlap of more than half (IoU 0.5).",
        ]
        return "\n".join(lines)

    def json(self) -> str:
        """The table for machines; `keeps_up_fps` by case."""
        said = asdict(self)
        said["cases"] = [
            {
                "side_px": rows[0].side_px,
                "pixel_um": rows[0].pixel_um,
                "cells": rows[0].cells,
                "keeps_up_fps": keeps_up_fps(rows),
                "times_faster_than_usual": times_faster(rows),
            }
            for rows in self.cases()
        ]
        return json.dumps(said, indent=1)

    def cases(self) -> list[list[Row]]:
        """The rows by case, in order."""
        keys = dict.fromkeys((row.side_px, row.pixel_um, row.cells) for row in self.rows)
        return [
            [row for row in self.rows if (row.side_px, row.pixel_um, row.cells) == key]
            for key in keys
        ]


def line(row: Row) -> str:
    """One row for people."""
    frame = f"2 x {row.side_px} px, {row.pixel_um:g} um"
    said = "" if row.f1_nk is None else f"  F1 {row.f1_nk:.3f} NK, {row.f1_tumor:.3f} tumor"
    if row.pairs is not None:
        said = f"  of {row.pairs} pairs"
    slow = "" if row.stage == USUAL else f"{row.slow_ms:7.1f} ms"
    return f"{frame:>22} {row.cells:>6}  {row.stage:28} {row.median_ms:7.1f} ms {slow:>10}{said}"


def stage(rows: Iterable[Row], name: str) -> Row:
    """The row of a stage."""
    return next(row for row in rows if row.stage == name)


def keeps_up_fps(rows: Iterable[Row]) -> float:
    """Two-channel frames a second that 95 of 100 frames are analysed in time for."""
    return 1000 / stage(rows, WHOLE).slow_ms


def times_faster(rows: list[Row]) -> float:
    """How many times as long the usual recipe takes, which has no measures of encounters."""
    return stage(rows, USUAL).median_ms / stage(rows, SEEN).median_ms


def verdict(rows: list[Row]) -> str:
    """What a case means, for people."""
    return (
        f"keeps up with {keeps_up_fps(rows):.0f} two-channel frames a second; "
        f"the usual recipe takes {times_faster(rows):.0f} times as long as seeing, without measures"
    )


def run(quick: bool, progress: Callable[[str], None]) -> Bench:
    """Time everything. `progress` is told in a line what is being timed."""
    before = cv2.getNumThreads()
    rows: list[Row] = []
    abreast = Abreast("channel")
    try:
        progress("compiling")
        begun_s = time.perf_counter()
        analyst = Analyst(Experiment(), together=abreast)
        analyst.warm_up()
        compiling_s = time.perf_counter() - begun_s
        progress("starting once more")
        load_s, warm_s = started()
        for case in QUICK if quick else CASES:
            progress(f"2 x {case.side_px} px, {case.cells} cells of each kind")
            rows += measured(case, analyst, abreast)
    finally:
        abreast.leave()
        cv2.setNumThreads(before)
    machine = f"{platform.machine()} {platform.system()}, {os.cpu_count()} cores"
    return Bench(machine, compiling_s, load_s, warm_s, tuple(rows))


def started() -> tuple[float, float]:
    """Seconds that a new process needs to load the analysis, and to make it ready."""
    said = subprocess.run(
        [sys.executable, "-c", START], check=True, capture_output=True, text=True
    ).stdout.split()
    return float(said[0]), float(said[1])


def measured(case: Case, analyst: Analyst, together: Together = map) -> list[Row]:
    """Every stage of one case."""
    shown = film(case.side_px, case.pixel_um, case.cells, case.frames)
    times = staged(shown.frames, together)
    times[WHOLE], last = watched(shown.frames, analyst)
    found = {
        kind: labels_of([cell for cell in last.cells if cell.kind is kind], last.view)
        for kind in Kind
    }
    times[USUAL], usual = usually(shown.frames[-1])
    scores = {WHOLE: scored(found, shown), USUAL: scored(usual, shown)}
    rows = []
    for name, taken in times.items():
        median_ms, slow_ms = (1000 * float(np.quantile(taken, part)) for part in (0.5, 0.95))
        f1_nk, f1_tumor = scores.get(name, (None, None))
        pairs = looked_at(last) if name == MEASURES else None
        rows.append(Row(*case[:3], name, median_ms, slow_ms, f1_nk, f1_tumor, pairs))
    return rows


def looked_at(seen: Observation) -> int:
    """How many pairs were measured: those far apart or cut by the border are listed alone."""
    return sum(isfinite(contact.tumor_area_um2) for contact in seen.contacts)


def scored(found: dict[Kind, Labels], shown: Film) -> tuple[float, float]:
    """F1 of NK and of tumor cells."""
    return f1(found[Kind.NK], shown.truth[Kind.NK]), f1(found[Kind.TUMOR], shown.truth[Kind.TUMOR])


def staged(frames: Iterable[Frame], together: Together) -> dict[str, list[float]]:
    """Seconds of every stage of analysis over the frames, one after the other."""
    experiment = Experiment()
    times: dict[str, list[float]] = {}
    sight, measurer = Sight(experiment, together=together), Measurer(experiment)
    memory, place, next_cell, next_encounter = sight.begin(), Place("bench"), 1, 1
    notes = measurer.begin()
    for frame in frames:
        marks = [time.perf_counter()]
        memory, sighting = sight.see(memory, frame)
        marks.append(time.perf_counter())
        seen = own({one.kind: one.cells for one in sighting.seen}, place.tumor)
        place, cells, next_cell = tracked(
            place, seen, frame.view, frame.time_s, next_cell, experiment
        )
        marks.append(time.perf_counter())
        place, contacts, turn = touching(place, cells, frame.time_s, next_encounter, experiment)
        marks.append(time.perf_counter())
        notes, *_ = measurer.observe(notes, frame, cells, contacts, turn.encounters)
        marks.append(time.perf_counter())
        next_encounter += len(turn.opened)
        taken = np.diff(marks).tolist()
        taken.insert(-1, sum(taken[:-1]))
        for name, seconds in zip(STAGES, taken, strict=True):
            times.setdefault(name, []).append(seconds)
    return {name: taken[SETTLED:] for name, taken in times.items()}


def watched(frames: Iterable[Frame], analyst: Analyst) -> tuple[list[float], Observation]:
    """Seconds of the whole analysis over the frames, and what it saw last."""
    state, times = analyst.begin(), []
    for frame in frames:
        begun = time.perf_counter()
        state, observation = analyst.observe(state, frame)
        times.append(time.perf_counter() - begun)
    return times[SETTLED:], observation


def usually(frame: Frame) -> tuple[list[float], dict[Kind, Labels]]:
    """Seconds that the usual recipe takes for both channels of one frame, and what it finds."""
    begun = time.perf_counter()
    found = {
        kind: recipe(pixels, frame.view.pixel_um, DIAMETER_UM[kind])
        for kind, pixels in zip(Kind, frame.planes, strict=True)
    }
    return [time.perf_counter() - begun], found
