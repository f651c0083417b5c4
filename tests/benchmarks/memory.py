"""What analysis remembers over a long session: `python -m tests.benchmarks.memory [FRAMES]`.

Small frames in which NK cells come, touch a tumor cell and leave, one after the other, each when
the one before has been away for so long that it is forgotten: cells and encounters are always new,
and what is kept must not grow.
Printed are the size of the analyst's state (as a resumed session would read it) and, where the
system tells, of the process.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from livewatch.analysis.analyst import Analyst
from livewatch.analysis.freeze import to_json
from livewatch.model import Exposure, Frame, Plane, Purpose, Shot, View
from livewatch.settings import Experiment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livewatch.analysis.analyst import AnalystState

SIDE_PX, PIXEL_UM, INTERVAL_S = 112, 0.65, 60.0
STAY, VISIT = 40, 140
"""Frames from one NK cell's coming to its going, and to the next one's coming."""
VISITORS = ((3.6, 300), (5.2, 900), (4.2, 1500), (6.0, 450))
"""Radius in um and brightness of one visitor after the other."""


def pictures() -> list[tuple[np.ndarray, np.ndarray]]:
    """A visit of each visitor."""
    return [pair for visitor in VISITORS for pair in visit(*visitor)]


def visit(radius_nk_um: float, light: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """An NK cell comes from the left, stays at the tumor cell, leaves to the right."""
    made = []
    cells = ((radius_nk_um, light), (10.0, 600))
    for at in range(VISIT):
        x = np.interp(at, (0, 10, 22, 36, STAY), (-10, 31, 33, 122, 140))
        y = np.interp(at, (0, 22, 30, STAY), (50, 50, 20, 20))
        noise = np.random.default_rng(at).normal(0, 6, (2, SIDE_PX, SIDE_PX))
        planes = []
        places = ((x, y), (60, 60))
        for (cx, cy), (radius_um, height), grain in zip(places, cells, noise, strict=True):
            image = np.zeros((SIDE_PX, SIDE_PX), np.float32)
            centre, radius = (round(16 * cx), round(16 * cy)), round(16 * radius_um / PIXEL_UM)
            cv2.circle(image, centre, radius, height, -1, cv2.LINE_AA, 4)
            image = cv2.GaussianBlur(image, (0, 0), 1.0) + 120 + grain
            planes.append(image.clip(0).astype(np.uint16))
        made.append((planes[0], planes[1]))
    return made


def states(frames: int) -> Iterator[tuple[int, AnalystState]]:
    """The analyst's state after each visit."""
    analyst, shown = Analyst(Experiment()), pictures()
    analyst.warm_up()
    view = View("p", 0.0, 0.0, None, "10x", PIXEL_UM, 1, (SIDE_PX, SIDE_PX))
    planes = (Plane("nk", 50.0), Plane("tumor", 50.0))
    state = analyst.begin()
    for index in range(frames):
        time_s = INTERVAL_S * index
        shot = Shot(view, planes, time_s, Purpose.SURVEY)
        exposures = tuple(Exposure(plane.channel, time_s, time_s, 50.0) for plane in planes)
        frame = Frame(index, shot, view, shown[index % len(shown)], exposures, time_s)
        state, _ = analyst.observe(state, frame)
        if (index + 1) % VISIT == 0:
            yield index + 1, state


def state_bytes(state: AnalystState) -> int:
    """How large a state is, written down."""
    return len(json.dumps(to_json(state)))


def process_mb() -> float:
    """Memory of this process now; NaN where the system does not say (not on Linux)."""
    status = Path("/proc/self/status")
    if not status.exists():
        return float("nan")
    words = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return float(words["VmRSS"].split()[0]) / 1024


def main() -> None:
    """Print a line now and then."""
    frames = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    often = max(frames // 20 // VISIT, 1) * VISIT
    print("  frame |  cells so far | encounters so far | state, bytes | process, MB")
    for index, state in states(frames):
        if index % often == 0:
            print(
                f"{index:7} | {state.next_cell - 1:13} | {state.next_encounter - 1:17} | "
                f"{state_bytes(state):12} | {process_mb():11.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
