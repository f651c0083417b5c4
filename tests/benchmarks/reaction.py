"""How soon the program reacts, as a whole session measures it itself. Run by hand:

    python tests/benchmarks/reaction.py [--seconds 40] [--seed 3] [--burst 0]

A demo in real time, with `reaction.interval_s = 0`: from the first encounter on it takes frames as
fast as it can. The session's own summary is printed, then the rate of two-channel frames beside
what exposures and devices allow, and the frames of a burst that were lost.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from livewatch.assembly import assembled, lasting
from livewatch.clock import RealClock
from livewatch.experiment import load_experiment
from livewatch.microscope.load import demo_configuration, load_demo
from livewatch.model import Frame, Purpose
from livewatch.specimen.synthetic import SyntheticSpecimen
from livewatch.summary import summary

if TYPE_CHECKING:
    from livewatch.model import Step
    from livewatch.settings import Experiment


def experiment(seconds: float, burst: int) -> Experiment:
    """The demo's, as fast as it can during an encounter."""
    plain = lasting(load_experiment(demo_configuration().with_name("experiment.toml")), seconds)
    fast = {"interval_s": 0.0, "burst": burst}
    update = {
        "survey": plain.survey.model_copy(update={"interval_s": 4.0}),
        "reaction": plain.reaction.model_copy(update=fast),
    }
    return plain.model_copy(update=update)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--begin", type=float, default=90.0, help="age of the specimen at start")
    parser.add_argument("--burst", type=int, default=0)
    options = parser.parse_args()
    specimen = SyntheticSpecimen("mixed", options.seed)
    specimen.warm_up()
    clock = Aged(options.begin)
    core = load_demo(specimen, clock, sensor_px=(512, 512))
    with tempfile.TemporaryDirectory() as folder:
        rules = experiment(options.begin + options.seconds, options.burst)
        session = assembled(core, rules, clock, Path(folder) / "out", print, {"kind": "benchmark"})
        steps: list[Step] = []
        session.subscribe(lambda step: steps.append(slim(step)))
        session.start()
        session.join()
        print(summary(session))
        print(json.dumps(rates(steps)))


class Aged(RealClock):
    """Real time that begins when the specimen is so old."""

    def __init__(self, age_s: float) -> None:
        super().__init__(start_s=age_s)


def slim(step: Step) -> Step:
    """The step without pixels."""
    if isinstance(step.reply, Frame):
        return replace(step, reply=replace(step.reply, planes=()))
    return step


def rates(steps: list[Step]) -> dict[str, float]:
    """Frames per second in an encounter: reached, and what exposures and devices allow + 5 ms."""
    frames = [step for step in steps if isinstance(step.reply, Frame)]
    turns = [
        (before, after)
        for before, after in pairwise(frames)
        if isinstance(before.reply, Frame)
        and isinstance(after.reply, Frame)
        and after.reply.shot.purpose is Purpose.ENCOUNTER
        and len(before.reply.exposures) == len(after.reply.exposures) == 2
        and after.lateness.own_s == after.lateness.own_s
    ]
    if not turns:
        return {}
    periods, floors = [], []
    for before, after in turns:
        assert isinstance(before.reply, Frame)
        assert isinstance(after.reply, Frame)
        watch, then = after.reply.stopwatch, before.reply.stopwatch
        periods.append(watch.exposed_s - then.exposed_s)
        exposing = watch.exposed_s - watch.begun_s
        floors.append(exposing + before.lateness.transfer_s + after.lateness.ready_s + 0.005)
    return {
        "turns": len(turns),
        "frames_per_s": round(1 / median(periods), 2),
        "wanted_per_s": round(1 / median(floors), 2),
        "own_ms": round(1e3 * median(after.lateness.own_s for _, after in turns), 2),
    }


if __name__ == "__main__":
    main()
