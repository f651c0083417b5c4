"""Is the target in the middle after an objective change? Fast cells on a drifting stage.

    python -m tests.scoring.objective [--seeds 600 601 ...] [--seconds 1200] [--wrong 8]

Each seed mounts the 40x lens differently: its axis lies off by 10 um (standard deviation) in x and
y, its focus by 3 um, and the experiment knows that to 0.3 and 0.5 um, as `livewatch calibrate`
finds it. `--wrong` makes it know less: off by so many um in x and y, so that the aim check has to
correct it. NK cells run at 15 um/min, the sample drifts by 1 um/min. The real analyst and policy
run in the real loop; only the devices are left out, their times put in instead (the turret 1 s).

Of every change to the 40x for a pair it is asked in the truth how far the middle between its two
cells is from the optical axis, in the first image, and in the first that the aim check accepts.
Cells are told apart by where they are, as in `tests.scoring.framing`; a pair that the last frame
did not show as one any more is looked at where it was, and is not asked for.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field, replace
from math import hypot
from typing import TYPE_CHECKING

import numpy as np

from livewatch.experiment import load_experiment
from livewatch.loop import watch
from livewatch.microscope.load import demo_configuration
from livewatch.model import Instrument
from livewatch.policy.policy import Policy
from livewatch.settings import Experiment, Objective
from livewatch.specimen.synthetic import SyntheticSpecimen
from tests.scoring.framing import Ledger, fast_scene
from tests.scoring.strategies import HOME, MOVE_S, READY_S, Eyes, taken

if TYPE_CHECKING:
    from livewatch.model import Observation, Step, View
    from livewatch.specimen.truth import Truth

CLOSER = "40x"
INSTRUMENT = Instrument(HOME, {"20x": 0.325, CLOSER: 0.1625})
TURN_S = 1.0
LENS_SD_UM, LENS_Z_SD_UM = 10.0, 3.0
KNOWN_SD_UM, KNOWN_Z_SD_UM = 0.3, 0.5
NEAR_UM = 2.0


@dataclass
class Changes:
    """How far the target was off the axis after each change, in um: at first, and once accepted.

    `shared_um` is for changes at which other pairs ask for frames too.
    """

    first_um: list[float] = field(default_factory=list)
    shared_um: list[float] = field(default_factory=list)
    accepted_um: list[float] = field(default_factory=list)
    backed_out: int = 0

    def add(self, other: Changes) -> None:
        self.first_um += other.first_um
        self.shared_um += other.shared_um
        self.accepted_um += other.accepted_um
        self.backed_out += other.backed_out

    def said(self) -> str:
        return (
            f"first image {shares(self.first_um)}; accepted {shares(self.accepted_um)}; backed out "
            f"{self.backed_out}; beside other pairs {shares(self.shared_um)}"
        )


def shares(off_um: list[float]) -> str:
    """How many are near the axis, and the spread."""
    if not off_um:
        return "none"
    near = sum(each <= NEAR_UM for each in off_um)
    middle, high = np.percentile(off_um, (50, 95))
    return (
        f"{near} of {len(off_um)} within {NEAR_UM:g} um ({near / len(off_um):.1%}; median "
        f"{middle:.1f}, 95 % {high:.1f} um)"
    )


class Targets(Ledger):
    """Knows which true cells the pair of an encounter is, and which pairs the last frame showed."""

    near: frozenset[tuple[int, int]] = frozenset()

    def middle(self, target: int | None, truth: Truth) -> tuple[float, float] | None:
        """Midway between the true cells of an encounter's pair.

        None if they are not known, or were not seen near each other in the last frame.
        """
        pair = self._pairs.get(-1 if target is None else target)
        if pair is None or pair not in self.near or not {*pair} <= self._who.keys():
            return None
        cells = {cell.id: cell for cell in truth.cells}
        both = [cells.get(self._who[each]) for each in pair]
        found = [cell for cell in both if cell is not None]
        if len(found) < 2:
            return None
        return sum(c.x_um for c in found) / 2, sum(c.y_um for c in found) / 2


def mounted(seed: int, wrong_um: float) -> tuple[Objective, Objective]:
    """A lens as it is, and as the experiment knows it."""
    chance = np.random.default_rng(seed)
    x_um, y_um, z_um = chance.normal(0.0, (LENS_SD_UM, LENS_SD_UM, LENS_Z_SD_UM))
    angle = chance.uniform(0.0, 2 * np.pi)
    dx_um, dy_um, dz_um = chance.normal(0.0, (KNOWN_SD_UM, KNOWN_SD_UM, KNOWN_Z_SD_UM))
    dx_um, dy_um = dx_um + wrong_um * np.cos(angle), dy_um + wrong_um * np.sin(angle)
    return tuple(
        Objective(offset_x_um=float(x), offset_y_um=float(y), offset_z_um=float(z))
        for x, y, z in ((x_um, y_um, z_um), (x_um + dx_um, y_um + dy_um, z_um + dz_um))
    )


def experiment(known: Objective, seconds: float) -> Experiment:
    """The demo's experiment with an objective for contacts, this being known of it."""
    plain = load_experiment(demo_configuration().with_name("zoom.toml"))
    limits = plain.limits.model_copy(update={"duration_s": seconds})
    return plain.model_copy(update={"limits": limits, "objectives": {CLOSER: known}})


def really(view: View, lens: Objective, known: Objective) -> View:
    """Where the camera looks, when it is told to look at `view`."""
    if view.objective != CLOSER:
        return view
    return replace(
        view,
        stage_x_um=view.stage_x_um - known.offset_x_um - view.trim_x_um + lens.offset_x_um,
        stage_y_um=view.stage_y_um - known.offset_y_um - view.trim_y_um + lens.offset_y_um,
        z_um=(view.z_um or 0.0) - known.offset_z_um - view.trim_z_um + lens.offset_z_um,
    )


def changed(seed: int, seconds: float, wrong_um: float) -> Changes:
    """One session, its objective changes looked into."""
    lens, known = mounted(seed, wrong_um)
    rules, specimen = experiment(known, seconds), SyntheticSpecimen(fast_scene(), seed)
    found, targets = Changes(), Targets()
    steps: list[Step] = []
    loop = watch(Eyes(rules), Policy(rules, INSTRUMENT), steps.append, lambda: 0.0)
    now_s, before, frames, target = 0.0, HOME, 0, None
    is_open = shared = False
    shot = next(loop)
    try:
        while True:
            turned = shot.view.objective != before.objective
            still = (shot.view.stage_x_um, shot.view.stage_y_um) == (
                before.stage_x_um,
                before.stage_y_um,
            )
            now_s = max(now_s, shot.not_before_s) + (READY_S if still else MOVE_S)
            now_s += TURN_S if turned else 0.0
            before, seen_view = shot.view, really(shot.view, lens, known)
            frame = taken(specimen, replace(shot, view=seen_view), frames, now_s)
            frame = replace(frame, shot=shot, view=shot.view)
            truth = specimen.truth(now_s).near(seen_view.x_um, seen_view.y_um)
            middle = targets.middle(target, truth)
            off_um = None
            if middle is not None and shot.view.objective == CLOSER:
                off_um = hypot(middle[0] - seen_view.x_um, middle[1] - seen_view.y_um)
            if turned and off_um is not None:
                (found.shared_um if shared else found.first_um).append(off_um)
                is_open = not shared
            frames, now_s = frames + 1, frame.end_s
            shot = loop.send(frame)
            step = steps.pop()
            target, reason = step.decision.target, step.decision.reason
            shared = " more at " in reason
            if "Back from the closer look" in reason:
                found.backed_out += is_open
                is_open = False
            elif (
                is_open
                and off_um is not None
                and ("Aim checked" in reason or "Focus corr" in reason)
            ):
                found.accepted_um.append(off_um)
                is_open = False
            if step.observation is not None:
                targets.near = frozenset(each.pair for each in step.observation.contacts)
                targets.seen(at(step.observation, seen_view), truth)
    except StopIteration:
        return found


def at(seen: Observation, view: View) -> Observation:
    """What was seen, placed where the camera really looked."""
    dx_um, dy_um = view.stage_x_um - seen.view.stage_x_um, view.stage_y_um - seen.view.stage_y_um
    cells = (replace(each, x_um=each.x_um + dx_um, y_um=each.y_um + dy_um) for each in seen.cells)
    return replace(seen, cells=tuple(cells))


def main() -> None:
    """Print the shares after each seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="*", default=list(range(600, 616)))
    parser.add_argument("--seconds", type=float, default=1200)
    parser.add_argument("--wrong", type=float, default=0.0)
    options = parser.parse_args()
    total = Changes()
    for seed in options.seeds:
        total.add(changed(seed, options.seconds, options.wrong))
        print(f"up to seed {seed}: {total.said()}", flush=True)


if __name__ == "__main__":
    main()
