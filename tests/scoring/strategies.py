"""What reacting is worth: the same demo scenes watched in four ways, scored against the truth.

    python -m tests.scoring.strategies [--seeds 400 401 ...] [--scene mixed] [--seconds 1800]

Fixed slow and fixed fast never react; `react` goes fast when an encounter is seen, `anticipate`
before. The demo's own experiment, the real analyst and policy run in the real loop; only the
devices are left out, their times put in instead (a stage move 100 ms, everything else 3 ms). An
onset is caught when the fast rate was on before contact: the frames before and after it are at
most one and a half fast intervals apart; the lead is for how long it had been so. Counted are
encounters that begin in the field.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.analyst import Analyst
from livewatch.experiment import load_experiment
from livewatch.loop import watch
from livewatch.microscope.load import demo_configuration
from livewatch.model import (
    Exposure,
    Frame,
    Instrument,
    Observation,
    Shot,
    View,
)
from livewatch.policy.policy import Policy
from livewatch.settings import Experiment
from livewatch.specimen.synthetic import SyntheticSpecimen

if TYPE_CHECKING:
    from livewatch.specimen.happening import TrueEncounter

HOME = View("home", 0.0, 0.0, 0.0, "20x", 0.325, 1, (512, 512))
INSTRUMENT = Instrument(HOME, {"20x": 0.325})
SLOW_S, FAST_S = 30.0, 2.0
MOVE_S, READY_S = 0.1, 0.003
SETTLED_S = 60.0
"""Encounters that begin sooner cannot be foreseen by anyone: no two survey frames came before."""

STRATEGIES: dict[str, dict[str, dict[str, object]]] = {
    "fixed slow": {"reaction": {"validate_only": True}},
    "fixed fast": {
        "survey": {"interval_s": FAST_S},
        "reaction": {"validate_only": True, "interval_s": FAST_S},
    },
    "react": {"watch": {"anticipate": False}},
    "anticipate": {},
}


class Eyes:
    """The real analyst, always in time."""

    def __init__(self, experiment: Experiment) -> None:
        self._analyst = Analyst(experiment)
        self._state = self._analyst.begin()

    def look(self, frame: Frame, until_s: float) -> Observation | None:
        self._state, seen = self._analyst.observe(self._state, frame)
        return seen


@dataclass
class Watched:
    """One session: its frames without pixels, and for each the pairs that were truly near.

    `pairs` are (nk, tumor) -> place, one dictionary for each frame.
    """

    frames: list[Frame] = field(default_factory=list)
    pairs: list[dict[tuple[int, int], tuple[float, float]]] = field(default_factory=list)
    data_mb: float = 0.0


@dataclass
class Score:
    """Figures of one strategy, summed over seeds."""

    encounters: int = 0
    caught: int = 0
    leads_s: list[float] = field(default_factory=list)
    light: float = 0.0
    contact_s: float = 0.0
    fast_s: float = 0.0
    shown: int = 0
    data_mb: float = 0.0
    frames: int = 0
    purposes: Counter[str] = field(default_factory=Counter)

    def add(self, other: Score) -> None:
        for name in vars(self):
            setattr(self, name, getattr(self, name) + getattr(other, name))


def experiment(changes: dict[str, dict[str, object]], seconds: float) -> Experiment:
    """The demo's experiment with a strategy's changes."""
    plain = load_experiment(demo_configuration().with_name("experiment.toml")).model_dump()
    changes = {**changes, "limits": {"duration_s": seconds}}
    return Experiment.model_validate(
        plain | {name: plain[name] | change for name, change in changes.items()}
    )


def watched(rules: Experiment, scene: str, seed: int) -> tuple[Watched, SyntheticSpecimen]:
    """Run one session to its end."""
    specimen, found = SyntheticSpecimen(scene, seed), Watched()
    loop = watch(Eyes(rules), Policy(rules, INSTRUMENT), lambda step: None, lambda: 0.0)
    now_s, stood = 0.0, (0.0, 0.0)
    shot = next(loop)
    try:
        while True:
            stands = (shot.view.stage_x_um, shot.view.stage_y_um)
            now_s = max(now_s, shot.not_before_s) + (READY_S if stands == stood else MOVE_S)
            stood = stands
            frame = taken(specimen, shot, len(found.frames), now_s)
            found.frames.append(replace(frame, planes=()))
            found.pairs.append(near(specimen, now_s))
            found.data_mb += sum(plane.nbytes for plane in frame.planes) / 1e6
            now_s = frame.end_s
            shot = loop.send(frame)
    except StopIteration:
        return found, specimen


def taken(specimen: SyntheticSpecimen, shot: Shot, index: int, now_s: float) -> Frame:
    """Expose every plane of a shot, one after the other."""
    planes, exposures = [], []
    time_s = now_s
    for plane in shot.planes:
        picture = specimen.expose(shot.view, plane.channel, plane.exposure_ms, plane.power, time_s)
        end_s = time_s + plane.exposure_ms / 1000
        planes.append(picture.pixels)
        exposures.append(Exposure(plane.channel, time_s, end_s, plane.exposure_ms))
        time_s = end_s + READY_S
    return Frame(index, shot, shot.view, tuple(planes), tuple(exposures), now_s)


def near(specimen: SyntheticSpecimen, time_s: float) -> dict[tuple[int, int], tuple[float, float]]:
    """The true near pairs and the middle of each, at the copy nearest the field."""
    truth = specimen.truth(time_s).near(HOME.x_um, HOME.y_um)
    return {
        (p.nk_id, p.tumor_id): ((p.nk_x_um + p.tumor_x_um) / 2, (p.nk_y_um + p.tumor_y_um) / 2)
        for p in truth.pairs
    }


def score(found: Watched, specimen: SyntheticSpecimen) -> Score:
    """One session's figures."""
    total = Score(
        light=sum(frame.shot.dose for frame in found.frames),
        data_mb=found.data_mb,
        frames=len(found.frames),
        purposes=Counter(str(frame.shot.purpose) for frame in found.frames),
    )
    for true in specimen.encounters():
        pair = (true.nk_id, true.tumor_id)
        seen_s = [
            frame.time_s
            for frame, pairs in zip(found.frames, found.pairs, strict=True)
            if pair in pairs and frame.view.holds(*pairs[pair], margin_um=5.0)
        ]
        if true.start_s >= SETTLED_S and begins_in_field(true.start_s, pair, found):
            total.encounters += 1
            lead_s = lead(seen_s, true.start_s)
            total.caught += lead_s is not None
            total.leads_s += [] if lead_s is None else [lead_s]
        whole_s, fast_s, shown = covered(true, found)
        total.contact_s += whole_s
        total.fast_s += fast_s
        total.shown += shown
    return total


def begins_in_field(start_s: float, pair: tuple[int, int], found: Watched) -> bool:
    """Whether a pair was in the survey's field when its contact began."""
    after = next((i for i, f in enumerate(found.frames) if f.time_s >= start_s), None)
    if after is None or pair not in found.pairs[after]:
        return False
    return HOME.holds(*found.pairs[after][pair], margin_um=10.0)


def lead(seen_s: list[float], start_s: float) -> float | None:
    """For how long frames had been at the fast rate when contact came; None: they were not."""
    before = [time for time in seen_s if time <= start_s]
    after = [time for time in seen_s if time > start_s]
    if not before or not after or after[0] - before[-1] > 1.5 * FAST_S:
        return None
    first = before[-1]
    for earlier, later in pairwise(reversed([*before])):
        if earlier - later > 1.5 * FAST_S:
            break
        first = later
    return start_s - first


def covered(true: TrueEncounter, found: Watched) -> tuple[float, float, int]:
    """Seconds of a contact in the survey's field, those of them at the fast rate, and frames."""
    pair = (true.nk_id, true.tumor_id)
    here, seen = [], []
    for frame, pairs in zip(found.frames, found.pairs, strict=True):
        in_time = true.start_s <= frame.time_s <= true.last_contact_s
        if in_time and pair in pairs and HOME.holds(*pairs[pair]):
            here.append(frame.time_s)
            seen += [frame.time_s] if frame.view.holds(*pairs[pair]) else []
    fast_s = sum(b - a for a, b in pairwise(seen) if b - a <= 1.5 * FAST_S)
    return (here[-1] - here[0] if here else 0.0), fast_s, len(seen)


def table(scores: dict[str, Score]) -> str:
    """The table for the README."""
    base = scores["react"].light if "react" in scores else float("nan")
    lines = [
        "| strategy | fast before contact | lead, median (10 to 90 %) | contact seen fast "
        "| frames of it | light | to reacting | data |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, each in scores.items():
        share = each.fast_s / each.contact_s if each.contact_s else float("nan")
        lines.append(
            f"| {name} | {each.caught} of {each.encounters} | {leads(each.leads_s)} "
            f"| {each.fast_s:,.0f} of {each.contact_s:,.0f} s ({share:.0%}) | {each.shown:,} "
            f"| {each.light / 1000:,.0f} s | {each.light / base:.2f} | {each.data_mb:,.0f} MB |"
        )
    return "\n".join(lines)


def leads(leads_s: list[float]) -> str:
    """Median and spread of the leads."""
    if not leads_s:
        return "-"
    low, middle, high = np.percentile(leads_s, (10, 50, 90))
    return f"{middle:.0f} s ({low:.0f} to {high:.0f})"


def main() -> None:
    """Run every strategy on every seed and print the table so far after each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="*", default=list(range(400, 408)))
    parser.add_argument("--scene", default="mixed")
    parser.add_argument("--seconds", type=float, default=1800)
    parser.add_argument("--only", nargs="*", default=list(STRATEGIES))
    options = parser.parse_args()
    scores = {name: Score() for name in options.only}
    for seed in options.seeds:
        for name, total in scores.items():
            rules = experiment(STRATEGIES[name], options.seconds)
            total.add(score(*watched(rules, options.scene, seed)))
        print(f"scene {options.scene}, up to seed {seed}, {options.seconds:g} s each", flush=True)
        print(table(scores), flush=True)


if __name__ == "__main__":
    main()
