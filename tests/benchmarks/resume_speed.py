"""How long a session takes to be remembered, by hand: `resume_speed.py FOLDER [FRAMES]`.

The session is lived through by the real loop, policy and recorder: one NK cell after another comes
to a tumor cell, stays and leaves. Frames are small and what is seen in them is made up; the folder
is emptied again. The time is from the command to the session's first decision, without loading
the microscope.
"""

from __future__ import annotations

import argparse
import shutil
import time
from pathlib import Path

import numpy as np

from livewatch.analysis.analyst import Analyst
from livewatch.analysis.freeze import to_json
from livewatch.loop import watch
from livewatch.model import Exposure, Frame, Instrument, Shot, Step, View
from livewatch.policy.policy import Policy
from livewatch.policy.remembering import Remembering
from livewatch.recording.folder import SessionFolder
from livewatch.recording.leftovers import leftovers
from livewatch.recording.recorder import Recorder
from livewatch.recording.rederive import minded
from livewatch.recording.resume import remembered
from livewatch.recording.retold import observations
from livewatch.settings import Experiment
from tests.policy_world import Meeting, ToyEyes

HOME = View("", 0.0, 0.0, None, "20x", 0.65, 1, (64, 64))
INSTRUMENT = Instrument(HOME, {"20x": 0.65}, moves_z=False, moves_objective=False)
PLAN = Experiment.model_validate({"survey": {"interval_s": 30}})
APART_S, STAY_S = 3600.0, 1500.0
LOOKED_AT_AGAIN = 10
"""So many frames were analysed after the last checkpoint. (At most 3 s of work are, of 30 s.)"""


def taken(shot: Shot, index: int, time_s: float, draw: np.random.Generator) -> Frame:
    exposures = tuple(Exposure(each.channel, time_s, time_s + 0.03, 30.0) for each in shot.planes)
    planes = tuple(draw.poisson(100, shot.view.shape).astype(np.uint16) for _ in shot.planes)
    return Frame(index, shot, shot.view, planes, exposures, time_s)


def lived(folder: Path, frames: int) -> None:
    """A session of so many frames, that crashed."""
    header = {"experiment": PLAN, "instrument": INSTRUMENT, "begun_s": 0.0}
    recorder = Recorder.create(folder, header)
    visits = (
        Meeting(300 + n * APART_S, 300 + n * APART_S + STAY_S, "", nk_id=n + 1)
        for n in range(frames // 300)
    )
    mind = Remembering(PLAN, INSTRUMENT)

    def publish(step: Step) -> None:
        recorder.step(step, mind.state)

    loop = watch(ToyEyes(tuple(visits)), mind, publish, lambda: 0.0)
    draw, analyst, shot, now_s = np.random.default_rng(0), Analyst(PLAN), next(loop), 0.0
    for index in range(frames):
        now_s = max(now_s + 0.1, shot.not_before_s)
        frame = taken(shot, index, now_s, draw)
        recorder.put(frame)
        shot = loop.send(frame)
        if index == frames - 1 - LOOKED_AT_AGAIN:
            recorder.checkpoint(index, index + 1, to_json(analyst.begin()))
    recorder.close(None)


def main() -> None:
    """Make the session, and time each part of what a resumption does before it goes on."""
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("folder", type=Path, help="is made, and removed in the end")
    ask.add_argument("frames", type=int, nargs="?", default=50_000)
    asked = ask.parse_args()
    begun_s = time.perf_counter()
    lived(asked.folder, asked.frames)
    print(f"lived through {asked.frames} frames in {time.perf_counter() - begun_s:.1f} s")
    policy, analyst = Policy(PLAN, INSTRUMENT), Analyst(PLAN)
    analyst.warm_up()
    begun_s = time.perf_counter()
    memory = remembered(asked.folder, policy, analyst)
    policy.resume(memory.policy, memory.last_s + 60.0)
    told_s = time.perf_counter()
    leftovers(asked.folder)
    over_s = time.perf_counter()
    print(
        f"remembered {memory.frames} frames, {memory.decisions} decisions: "
        f"{told_s - begun_s:.1f} s; the folder put in order: {over_s - told_s:.1f} s"
    )
    begun_s = time.perf_counter()
    session = SessionFolder.open(asked.folder)
    told = minded(session, policy, {each.frame: each for each in observations(session)})
    is_same = told.state == memory.policy and told.decisions == memory.decisions
    print(
        f"the policy told everything from the beginning: {time.perf_counter() - begun_s:.1f} s, "
        f"{'the same' if is_same else 'NOT THE SAME'}"
    )
    shutil.rmtree(asked.folder)


if __name__ == "__main__":
    main()
