"""A world of meetings without pixels, to drive the policy through the loop with values alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING

from livewatch.loop import watch
from livewatch.model import (
    Contact,
    Encounter,
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
from livewatch.settings import ContactRules, Experiment

if TYPE_CHECKING:
    from collections.abc import Callable

    from livewatch.model import Decision, News
    from livewatch.policy.state import PolicyState

HOME = View("home", 0.0, 0.0, None, "20x", 0.325, 1, (1024, 1024))
INSTRUMENT = Instrument(HOME, {"20x": 0.325, "10x": 0.65})
ENTER_UM = ContactRules().enter_um


def experiment(**sections: object) -> Experiment:
    """An experiment with some sections given as plain dictionaries."""
    return Experiment.model_validate(sections)


@dataclass(frozen=True)
class Meeting:
    """An NK cell that comes to a tumor cell at `start_s`, stays until `end_s`, and goes."""

    start_s: float
    end_s: float
    position: str = "home"
    x_um: float = 0.0
    y_um: float = 0.0
    speed_um_per_s: float = 0.08
    drift_um_per_s: float = 0.0
    nearest_um: float = 0.0
    nk_id: int = 1
    tumor_id: int = 1000

    def gap_um(self, time_s: float) -> float:
        away_s = max(self.start_s - time_s, time_s - self.end_s, 0.0)
        return self.nearest_um + away_s * self.speed_um_per_s

    def at(self, time_s: float) -> tuple[float, float]:
        return self.x_um + self.drift_um_per_s * time_s, self.y_um

    def contact(self, time_s: float) -> Contact:
        gap = self.gap_um(time_s)
        x, y = self.at(time_s)
        closing = time_s < self.start_s
        half = (15.0 + gap) / 2
        # what an analyst can say of an approach: it would meet, if it went on like this
        ahead_s = gap / self.speed_um_per_s if closing else inf
        return Contact(
            self.nk_id,
            self.tumor_id,
            x - half,
            y,
            x + half,
            y,
            gap,
            8.0 if gap == 0 else 0.0,
            0.2 if gap == 0 else 0.0,
            approach_um_per_s=self.speed_um_per_s if closing else -self.speed_um_per_s,
            contact_in_s=0.0 if gap == 0 else ahead_s,
            contact_in_sd_s=0.2 * ahead_s + 1.0,
        )


@dataclass
class ToyEyes:
    """Sees the meetings that lie in a frame; opens encounters after two frames in contact."""

    meetings: tuple[Meeting, ...]
    bridge_s: float = 60.0
    blind_from_s: float = inf
    _touches: dict[int, int] = field(default_factory=dict)
    _open: dict[int, Encounter] = field(default_factory=dict)
    _next: int = 0

    def look(self, frame: Frame, until_s: float) -> Observation | None:
        if frame.time_s >= self.blind_from_s:
            return None
        here = [m for m in self.meetings if m.position == frame.view.position]
        shown = [m for m in here if frame.view.holds(*m.at(frame.time_s))]
        contacts = tuple(c for m in shown if (c := m.contact(frame.time_s)).gap_um < 8.0)
        opened, closed = [], []
        ended: list[Encounter] = []
        for contact in (m.contact(frame.time_s) for m in shown):
            self._touch(contact, frame, opened, ended, closed)
        encounters = (*(e for e in self._open.values()), *ended)
        return Observation(
            frame.index,
            frame.number,
            frame.time_s,
            frame.view,
            (),
            contacts,
            tuple(encounters),
            tuple(opened),
            tuple(closed),
        )

    def _touch(
        self,
        contact: Contact,
        frame: Frame,
        opened: list[int],
        ended: list[Encounter],
        closed: list[int],
    ) -> None:
        key = contact.nk_id
        touching = contact.gap_um <= ENTER_UM
        self._touches[key] = self._touches.get(key, 0) + 1 if touching else 0
        x = (contact.nk_x_um + contact.tumor_x_um) / 2
        now = self._open.get(key)
        if now is None and self._touches[key] >= 2:
            now = Encounter(
                self._next,
                frame.view.position,
                key,
                contact.tumor_id,
                frame.time_s,
                frame.time_s,
                None,
                x,
                contact.nk_y_um,
            )
            self._next += 1
            opened.append(now.id)
        if now is None:
            return
        last_s = frame.time_s if contact.gap_um <= 2.5 else now.last_contact_s
        over = frame.time_s - last_s > self.bridge_s
        now = Encounter(
            now.id,
            now.position,
            key,
            now.tumor_id,
            now.start_s,
            last_s,
            last_s if over else None,
            x,
            contact.nk_y_um,
        )
        if over:
            del self._open[key]
            closed.append(now.id)
            ended.append(now)
        else:
            self._open[key] = now


class Kept:
    """A policy that keeps every state and every piece of news it was given."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.states: list[PolicyState] = []
        self.news: list[News] = []
        self.decisions: list[Decision] = []

    def begin(self, now_s: float) -> tuple[PolicyState, Decision]:
        state, decision = self.policy.begin(now_s)
        self.states.append(state)
        return state, decision

    def decide(self, state: PolicyState, news: News) -> tuple[PolicyState, Decision]:
        after, decision = self.policy.decide(state, news)
        self.states.append(after)
        self.news.append(news)
        self.decisions.append(decision)
        return after, decision


@dataclass
class Play:
    """What came of a session: steps, frames, misses, and the policy's own record."""

    steps: list[Step]
    frames: list[Frame]
    missed: list[Missed]
    kept: Kept
    ended: Decision | None

    def at(self, position: str) -> list[Frame]:
        return [frame for frame in self.frames if frame.view.position == position]

    def whole(self, position: str) -> list[Frame]:
        return [frame for frame in self.at(position) if frame.view.region is None]

    def spacings_s(self, position: str) -> list[float]:
        return [b.time_s - a.time_s for a, b in pairwise(self.at(position))]


def play(
    rules: Experiment,
    meetings: tuple[Meeting, ...] = (),
    until_s: float = 600.0,
    *,
    instrument: Instrument = INSTRUMENT,
    frame_s: float = 0.1,
    move_s: float = 0.5,
    requests: tuple[Request, ...] = (),
    fails: Callable[[Shot, float], bool] = lambda shot, now_s: False,
    eyes: ToyEyes | None = None,
) -> Play:
    """Drive the loop through a session: stage moves cost `move_s`, exposures `frame_s`."""
    kept = Kept(Policy(rules, instrument))
    steps: list[Step] = []
    played = Play(steps, [], [], kept, None)
    asked = sorted(requests, key=lambda request: request.time_s)
    loop = watch(eyes or ToyEyes(meetings), kept, steps.append, lambda: 0.0)
    now_s, here = 0.0, (0.0, 0.0)
    shot = next(loop)
    try:
        while len(steps) < 20_000:
            due_s = max(now_s, shot.not_before_s)
            if asked and asked[0].time_s <= due_s:
                request = asked.pop(0)
                now_s = max(now_s, request.time_s)
                shot = loop.send(request)
                continue
            if due_s >= until_s:
                return played
            now_s = due_s
            there = (shot.view.stage_x_um, shot.view.stage_y_um)
            now_s += move_s if there != here else 0.002
            here = there
            if fails(shot, now_s):
                played.missed.append(Missed(shot, "camera silent", now_s))
                shot = loop.send(played.missed[-1])
                continue
            exposure = Exposure("nk", now_s, now_s + frame_s, 50.0)
            frame = Frame(len(played.frames), shot, shot.view, (), (exposure,), now_s)
            played.frames.append(frame)
            now_s += frame_s
            shot = loop.send(frame)
        raise AssertionError(f"no end in sight at {now_s} s: {steps[-1]}")
    except StopIteration:
        played.ended = steps[-1].decision if steps else kept.decisions[-1]
        return played
