"""A small session lived through without a microscope: real analysis, policy and recorder.

An NK cell comes to a tumor cell, stays and leaves, painted into whatever view is asked for.
What can come between is played by numbers: frames that analysis misses, frames it sees late,
slots that fail, requests.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable  # noqa: TC003 - for the annotations of a dataclass
from dataclasses import dataclass, field

import numpy as np

from livewatch.analysis.analyst import Analyst
from livewatch.analysis.freeze import to_json
from livewatch.loop import announced
from livewatch.model import (
    Ask,
    Decision,
    Exposure,
    Frame,
    Instrument,
    Missed,
    Observation,
    Request,
    Shot,
    Step,
    View,
)
from livewatch.policy.policy import Policy
from livewatch.recording.recorder import Recorder
from livewatch.settings import Experiment

HOME = View("", 500.0, 300.0, None, "10x", 0.65, 1, (256, 192))
INSTRUMENT = Instrument(HOME, {"10x": 0.65}, moves_z=False, moves_objective=False)
TUMOR_UM, NK_UM = (505.0, 300.0), 14.2


def experiment(duration_s: float = 400.0) -> Experiment:
    return Experiment.model_validate(
        {
            "survey": {"interval_s": 20},
            "reaction": {"interval_s": 4, "cooldown_s": 20},
            "limits": {"duration_s": duration_s},
        }
    )


def painted(view: View, channel: str, time_s: float) -> np.ndarray:
    """What the camera sees: a disc with an edge of a pixel, on noise that follows from the time."""
    away_um = NK_UM + abs(time_s - 200.0) * 0.12 - 8.0 if abs(time_s - 200) > 66 else NK_UM
    at_um = (TUMOR_UM[0] - away_um, TUMOR_UM[1]) if channel == "nk" else TUMOR_UM
    radius_um = 4.5 if channel == "nk" else 10.0
    rows, columns = view.shape
    x_um = view.left_um + (np.arange(columns) + 0.5) * view.pixel_um - at_um[0]
    y_um = view.top_um + (np.arange(rows) + 0.5) * view.pixel_um - at_um[1]
    inside = np.clip((radius_um - np.hypot(x_um[None], y_um[:, None])) / view.pixel_um + 0.5, 0, 1)
    noise = np.random.default_rng([int(time_s * 1e3), len(channel)]).normal(100, 4, view.shape)
    return np.rint(noise + 600 * inside).astype(np.uint16)


@dataclass
class Life:
    """What happens beside the plan, by the number of the turn."""

    blind: Iterable[int] = ()
    late: Iterable[int] = ()
    missed: Iterable[int] = ()
    requests: dict[int, Request] = field(default_factory=dict)
    ends_at: int = 10**6


def live(
    recorder: Recorder,
    life: Life,
    plan: Experiment,
    *,
    analysis: object = None,
    mind: tuple[object, Decision] | None = None,
    decisions: int = 0,
    frames: int = 0,
    now_s: float = 0.0,
) -> Decision:
    """Go through turns as the loop does, until the plan is over or `life.ends_at` turns are."""
    analyst, policy = Analyst(plan), Policy(plan, INSTRUMENT)
    sight = analysis or analyst.begin()
    state, decision = mind or policy.begin(0.0)
    late: deque[Observation] = deque()
    observed = 0
    while decision.shot is not None and decisions < life.ends_at:
        turn, seen = decisions, None
        if turn in life.requests:
            reply = life.requests[turn]
            state, decision = policy.decide(state, reply)
        elif late and turn not in life.late:
            reply = seen = late.popleft()
            state, decision = policy.decide(state, seen)
        elif turn in life.missed:
            now_s = max(now_s, decision.shot.not_before_s)
            reply = Missed(decision.shot, "the stage did not arrive", now_s)
            state, decision = policy.decide(state, reply)
        else:
            now_s = max(now_s, decision.shot.not_before_s)
            reply = taken(decision.shot, frames, now_s)
            recorder.put(reply)
            frames, now_s = frames + 1, reply.end_s
            state, decision = policy.decide(state, announced(reply))
            if turn not in life.blind:
                sight, seen = analyst.observe(sight, reply)  # type: ignore[arg-type]
                observed += 1
                recorder.checkpoint(reply.index, observed, to_json(sight))
                if turn in life.late:
                    late.append(seen)
                    seen = None
                else:
                    state, decision = policy.decide(state, seen)
        decisions += 1
        decision = decision.numbered(decisions)
        recorder.step(Step(reply, seen, decision), state)  # type: ignore[arg-type]
    return decision


def taken(shot: Shot, index: int, time_s: float) -> Frame:
    """The frame a perfect microscope takes of a shot."""
    exposures, begun_s = [], time_s
    for plane in shot.planes:
        end_s = begun_s + plane.exposure_ms / 1e3
        exposures.append(Exposure(plane.channel, begun_s, end_s, plane.exposure_ms))
        begun_s = end_s
    planes = tuple(painted(shot.view, plane.channel, time_s) for plane in shot.planes)
    return Frame(index, shot, shot.view, planes, tuple(exposures), time_s)


def begun(folder: object, plan: Experiment) -> Recorder:
    """A recorder with the header a session has."""
    header = {"experiment": plan, "instrument": INSTRUMENT, "begun_s": 0.0}
    return Recorder.create(folder, header)  # type: ignore[arg-type]


def end_of(recorder: Recorder, decision: Decision) -> dict[str, object]:
    """A truthful end."""
    status = "completed" if decision.shot is None else "failed"
    return {"status": status, "reason": decision.reason}


def asked(ask: Ask, time_s: float) -> Request:
    return Request(ask, time_s, x_um=TUMOR_UM[0], y_um=TUMOR_UM[1], text="a test")
