"""What this machine keeps up with: the cost of analysis by frame size and number of cells.

Frames are drawn here, moving from one to the next, with as many NK as tumor cells. Each stage
is timed on its own in one thread, the whole analysis with the channels in two threads, and the
usual scikit-image recipe on the same images in the same run. Times depend on what else the
machine does: compare within one table.
"""

from __future__ import annotations

import json
import os
import platform
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from livewatch.analysis.analyst import Analyst
from livewatch.analysis.contact import contacts_of
from livewatch.analysis.segmentation import Sight
from livewatch.analysis.segmentation.classic import find
from livewatch.analysis.segmentation.ground import ground
from livewatch.model import Exposure, Frame, Kind, Plane, Purpose, Shot, View
from livewatch.report.recipe import recipe
from livewatch.settings import Experiment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from livewatch.model import Pixels

CASES = ((512, 0.65, (20, 100)), (1024, 0.65, (20, 100, 500, 1000)), (2048, 0.325, (100, 1000)))
QUICK = ((512, 0.65, (20,)), (1024, 0.65, (100,)))
FRAMES, QUICK_FRAMES = 40, 10


@dataclass(frozen=True, slots=True)
class Row:
    """One stage of one case: median and 95th percentile in ms."""

    side_px: int
    pixel_um: float
    cells: int
    stage: str
    median_ms: float
    slow_ms: float


@dataclass(frozen=True, slots=True)
class Bench:
    """The whole table."""

    machine: str
    rows: tuple[Row, ...]

    def text(self) -> str:
        """The table, and what it means for a camera, for people."""
        lines = [
            self.machine,
            "",
            f"{'frame':>12} {'cells':>6}  {'stage':32} {'median':>9} {'95 %':>9}",
        ]
        for case, rows in self.cases():
            for row in rows:
                frame = f"2 x {case[0]} px"
                lines.append(
                    f"{frame:>12} {case[1]:>6}  {row.stage:32} {row.median_ms:6.1f} ms "
                    f"{row.slow_ms:6.1f} ms"
                )
            lines += [f"{'':21}{verdict(rows)}", ""]
        lines.append("cells: of each kind; stages in one thread, whole analysis in two.")
        return "\n".join(lines)

    def json(self) -> str:
        """The table for machines."""
        return json.dumps(asdict(self), indent=1)

    def cases(self) -> list[tuple[tuple[int, int], list[Row]]]:
        """The rows by (side, cells), in order."""
        keys = dict.fromkeys((row.side_px, row.cells) for row in self.rows)
        return [
            (key, [row for row in self.rows if (row.side_px, row.cells) == key]) for key in keys
        ]


WHOLE, USUAL = "whole analysis", "usual scikit-image recipe"


def verdict(rows: Iterable[Row]) -> str:
    """The frame rate a case allows, and how it compares with the usual recipe."""
    by_stage = {row.stage: row for row in rows}
    whole, usual = by_stage[WHOLE], by_stage.get(USUAL)
    said = f"  keeps up with {1000 / whole.slow_ms:.0f} two-channel frames a second"
    if usual is None:
        return said
    return f"{said}; the usual recipe takes {usual.median_ms / whole.median_ms:.0f} times as long"


def run(quick: bool, progress: Callable[[str], None]) -> Bench:
    """Time everything. `progress` is told in a line what is being timed."""
    before = cv2.getNumThreads()
    rows: list[Row] = []
    try:
        with ThreadPoolExecutor(2) as pool:
            progress("compiling")
            analyst = Analyst(Experiment(), together=pool.map)
            analyst.warm_up()
            for side, pixel_um, numbers in QUICK if quick else CASES:
                for cells in numbers:
                    progress(f"2 x {side} px, {cells} cells of each kind")
                    films = film(side, pixel_um, cells, QUICK_FRAMES if quick else FRAMES)
                    times = timed(films, analyst)
                    rows += [Row(side, pixel_um, cells, *stage) for stage in summed(times)]
    finally:
        cv2.setNumThreads(before)
    return Bench(f"{platform.machine()} {platform.system()}, {os.cpu_count()} cores", tuple(rows))


def summed(times: dict[str, list[float]]) -> list[tuple[str, float, float]]:
    """(stage, median, 95th percentile) in ms."""
    return [
        (stage, 1000 * float(np.median(taken)), 1000 * float(np.quantile(taken, 0.95)))
        for stage, taken in times.items()
    ]


def timed(frames: list[Frame], analyst: Analyst) -> dict[str, list[float]]:
    """Seconds of every stage over the frames."""
    experiment = Experiment()
    sight = Sight(experiment)
    times: dict[str, list[float]] = {}

    def lap(stage: str, since_s: float) -> None:
        times.setdefault(stage, []).append(time.perf_counter() - since_s)

    diameters = {Kind.NK: 9.0, Kind.TUMOR: 20.0}
    memory, state = sight.begin(), analyst.begin()
    for frame in frames:
        for kind, pixels in zip(Kind, frame.planes, strict=True):
            begun = time.perf_counter()
            seen = ground(pixels, frame.view.pixel_um, diameters[kind])
            lap(f"background, {kind}", begun)
            begun = time.perf_counter()
            find(seen)
            lap(f"finding cells, {kind}", begun)
        begun = time.perf_counter()
        memory, sighting = sight.see(memory, frame)
        lap("segmentation, both channels", begun)
        if sighting.nk is not None and sighting.tumor is not None:
            begun = time.perf_counter()
            contacts_of(sighting.nk.cells, sighting.tumor.cells, experiment.contact)
            lap("contact", begun)
    for frame in frames:
        begun = time.perf_counter()
        state, _ = analyst.observe(state, frame)
        lap(WHOLE, begun)
    for frame in frames[:1]:
        begun = time.perf_counter()
        for kind, pixels in zip(Kind, frame.planes, strict=True):
            recipe(pixels, frame.view.pixel_um, diameters[kind])
        lap(USUAL, begun)
    return times


def film(side: int, pixel_um: float, cells: int, frames: int) -> list[Frame]:
    """Frames of `cells` NK and as many tumor cells that walk about, 2 s apart."""
    rng = np.random.default_rng(side + cells)
    view = View("bench", 0.0, 0.0, None, "", pixel_um, 1, (side, side))
    planes = tuple(Plane(kind.value, 50.0) for kind in Kind)
    shot = Shot(view, planes, 0.0, Purpose.SURVEY)
    places = [rng.uniform(0, side, (cells, 2)) for _ in Kind]
    sizes = [rng.uniform(0.85, 1.15, (cells, 2)) * um / 2 / pixel_um for um in (9.0, 20.0)]
    made = []
    for index in range(frames):
        pixels = tuple(
            picture(rng, side, place, size) for place, size in zip(places, sizes, strict=True)
        )
        time_s = 2.0 * index
        exposures = tuple(Exposure(kind.value, time_s, time_s, 50.0) for kind in Kind)
        made.append(Frame(index, shot, view, pixels, exposures, time_s))
        places = [place + rng.normal(0, 0.3 / pixel_um, place.shape) for place in places]
    return made


def picture(rng: np.random.Generator, side: int, places: np.ndarray, sizes: np.ndarray) -> Pixels:
    """Ellipses on an even background, blurred, with photon noise."""
    light = np.full((side, side), 20.0, np.float32)
    for (x, y), (across, along) in zip(places, sizes, strict=True):
        centre, axes = (round(16 * x), round(16 * y)), (round(16 * across), round(16 * along))
        cv2.ellipse(light, centre, axes, 30.0, 0.0, 360.0, 150.0, -1, cv2.LINE_8, 4)
    return np.asarray(100 + rng.poisson(cv2.GaussianBlur(light, (0, 0), 1.0)), np.uint16)
