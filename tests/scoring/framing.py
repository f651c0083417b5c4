"""Do both cells of a pair stay inside the region? Demo scenes with fast cells on a drifting stage.

    python -m tests.scoring.framing [--seeds 500 501 ...] [--seconds 1800]

NK cells run at 15 um/min and the sample drifts by 1 um/min. The real analyst and policy run in
the real loop; only the devices are left out. Of every frame that is read out in part, and follows
an encounter whose cells are truly still near each other, it is asked in the truth whether the two
lie in it: their middles, and all of their outlines. Cells are told apart by where they are: the
analyst's pair is the true pair that was nearest to it when it was seen last.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import replace
from math import hypot
from typing import TYPE_CHECKING

from livewatch.loop import watch
from livewatch.policy.policy import Policy
from livewatch.specimen.scene import scene_named
from livewatch.specimen.synthetic import SyntheticSpecimen
from tests.scoring.strategies import INSTRUMENT, MOVE_S, READY_S, Eyes, experiment, taken

if TYPE_CHECKING:
    from livewatch.model import Cell, Frame, Observation, Step, View
    from livewatch.specimen.scene import Scene
    from livewatch.specimen.truth import TrueCell, Truth

SPEED_UM_PER_S = 15 / 60
DRIFT_UM_PER_H = 60.0
SAME_UM = 6.0


class Ledger:
    """Who is who, and how often both cells of the followed pair were inside."""

    def __init__(self) -> None:
        self._who: dict[int, int] = {}
        self._pairs: dict[int, tuple[int, int]] = {}
        self.counts: Counter[str] = Counter()
        self.lost: list[str] = []

    def expected(self, frame: Frame, target: int | None, truth: Truth) -> None:
        """Count a frame that was to show the pair of the encounter `target`."""
        pair = self._pairs.get(-1 if target is None else target)
        if frame.view.region is None or pair is None or not {*pair} <= self._who.keys():
            return
        cells = {cell.id: cell for cell in truth.cells}
        both = [cells.get(self._who[each]) for each in pair]
        found = [cell for cell in both if cell is not None]
        ids = {cell.id for cell in found}
        if not any({near_by.nk_id, near_by.tumor_id} == ids for near_by in truth.pairs):
            return
        self.counts["zoomed"] += 1
        self.counts["middles"] += all(frame.view.holds(c.x_um, c.y_um) for c in found)
        whole = all(is_whole(cell, frame.view) for cell in found)
        self.counts["whole"] += whole
        if not whole:
            self.lost.append(f"{frame.time_s:.0f} s: {frame.shot.purpose} of {target}")

    def seen(self, seen: Observation, truth: Truth) -> None:
        """Learn which true cells the analyst's cells are, and which pair each encounter is."""
        for cell in seen.cells:
            same = [true for true in truth.cells if true.kind is cell.kind and near(true, cell)]
            if same:
                nearest = min(same, key=lambda t: hypot(t.x_um - cell.x_um, t.y_um - cell.y_um))
                self._who[cell.id] = nearest.id
        for encounter in seen.encounters:
            self._pairs[encounter.id] = encounter.pair


def near(true: TrueCell, cell: Cell) -> bool:
    """Whether a true cell may be this one."""
    return hypot(true.x_um - cell.x_um, true.y_um - cell.y_um) < SAME_UM


def is_whole(cell: TrueCell, view: View) -> bool:
    """Whether all of a cell's outline lies in the image."""
    return all(view.holds(float(x), float(y)) for x, y in cell.outline_um)


def fast_scene() -> Scene:
    """The demo's scene with faster NK cells, on a stage that drifts."""
    scene = scene_named("mixed")
    return replace(
        scene,
        habits=scene.habits._replace(nk_speed_um_per_s=SPEED_UM_PER_S),
        look=scene.look._replace(drift_um_per_h=DRIFT_UM_PER_H),
    )


def framed(seed: int, seconds: float) -> Ledger:
    """One session, its zoomed frames counted."""
    rules, specimen, ledger = (
        experiment({}, seconds),
        SyntheticSpecimen(fast_scene(), seed),
        Ledger(),
    )
    steps: list[Step] = []
    loop = watch(Eyes(rules), Policy(rules, INSTRUMENT), steps.append, lambda: 0.0)
    now_s, stood, frames, target = 0.0, (0.0, 0.0), 0, None
    shot = next(loop)
    try:
        while True:
            stands = (shot.view.stage_x_um, shot.view.stage_y_um)
            now_s = max(now_s, shot.not_before_s) + (READY_S if stands == stood else MOVE_S)
            stood = stands
            frame = taken(specimen, shot, frames, now_s)
            truth = specimen.truth(now_s).near(frame.view.x_um, frame.view.y_um)
            ledger.expected(frame, target, truth)
            frames, now_s = frames + 1, frame.end_s
            shot = loop.send(frame)
            step = steps.pop()
            target = step.decision.target
            if step.observation is not None:
                ledger.seen(step.observation, truth)
    except StopIteration:
        return ledger


def main() -> None:
    """Print the shares after each seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="*", default=[500, 501, 502, 503])
    parser.add_argument("--seconds", type=float, default=1800)
    parser.add_argument("--lost", action="store_true", help="name the frames that cut a cell")
    options = parser.parse_args()
    total: Counter[str] = Counter()
    for seed in options.seeds:
        ledger = framed(seed, options.seconds)
        total += ledger.counts
        zoomed = max(total["zoomed"], 1)
        print(
            f"up to seed {seed}: {total['zoomed']} zoomed frames of a pair; both middles inside in "
            f"{total['middles'] / zoomed:.2%}, both whole in {total['whole'] / zoomed:.2%}",
            flush=True,
        )
        for lost in ledger.lost if options.lost else ():
            print(f"  {lost}")


if __name__ == "__main__":
    main()
