"""The loop, driven by hand: no Qt, no core, no clock."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from livewatch.loop import watch
from livewatch.model import (
    Ask,
    Decision,
    Exposed,
    Exposure,
    Frame,
    Missed,
    News,
    Observation,
    Plane,
    Purpose,
    Request,
    Shot,
    Step,
    Stopwatch,
    View,
)

VIEW = View("A", 0.0, 0.0, None, "20x", 0.325, 1, (64, 64))
PLANES = (Plane("nk", 10.0), Plane("tumor", 10.0))


def shot_at(time_s: float, purpose: Purpose = Purpose.SURVEY) -> Shot:
    return Shot(VIEW, PLANES, time_s, purpose)


def frame_of(shot: Shot, index: int, time_s: float) -> Frame:
    image = np.zeros(VIEW.shape, np.uint16)
    exposures = tuple(
        Exposure(plane.channel, time_s + 0.01 * n, time_s + 0.01 * (n + 1), plane.exposure_ms)
        for n, plane in enumerate(shot.planes)
    )
    stopwatch = Stopwatch(time_s, time_s + 0.02, time_s + 0.021, time_s - 0.002)
    return Frame(index, shot, VIEW, (image, image), exposures, time_s, stopwatch=stopwatch)


def seen(frame: Frame) -> Observation:
    return Observation(frame.index, frame.number, frame.time_s, frame.view)


@dataclass
class Eyes:
    """Answers with what it was told to, and remembers what it was asked."""

    blind: bool = False
    asked: list[tuple[int, float]] = field(default_factory=list)

    def look(self, frame: Frame, until_s: float) -> Observation | None:
        self.asked.append((frame.index, until_s))
        return None if self.blind else seen(frame)


@dataclass
class Mind:
    """Surveys every 30 s; an observation turns that into every 2 s. Its state is the news."""

    last_s: float = float("inf")

    def begin(self, now_s: float) -> tuple[tuple[News, ...], Decision]:
        return (), Decision(shot_at(now_s), "first")

    def decide(self, state: tuple[News, ...], news: News) -> tuple[tuple[News, ...], Decision]:
        state = (*state, news)
        if isinstance(news, Request) and news.ask is Ask.END:
            return state, Decision(None, "the operator ended it")
        if news.time_s >= self.last_s:
            return state, Decision(None, "time is up")
        if isinstance(news, Observation):
            shot = shot_at(news.time_s + 2, Purpose.ENCOUNTER)
            return state, Decision(shot, f"saw {news.frame} after {len(state)} pieces of news")
        return state, Decision(shot_at(news.time_s + 30), "carry on")


def no_time() -> float:
    return 0.0


def test_it_asks_for_a_shot_looks_decides_and_asks_for_the_next() -> None:
    eyes, steps = Eyes(), list[Step]()
    loop = watch(eyes, Mind(), steps.append, no_time)
    first = next(loop)
    assert first.not_before_s == 0
    second = loop.send(frame_of(first, 0, 0.5))
    assert (second.not_before_s, second.purpose) == (2.5, Purpose.ENCOUNTER)
    assert steps[0].decision.reason == "saw 0 after 2 pieces of news"
    assert steps[0].observation is not None


def test_analysis_has_until_the_standing_decision_is_due() -> None:
    eyes = Eyes()
    loop = watch(eyes, Mind(), lambda step: None, no_time)
    loop.send(frame_of(next(loop), 0, 1.0))
    assert eyes.asked == [(0, 31.0)]


def test_without_an_observation_the_standing_decision_is_carried_out() -> None:
    steps = list[Step]()
    loop = watch(Eyes(blind=True), Mind(), steps.append, no_time)
    shot = loop.send(frame_of(next(loop), 0, 1.0))
    assert shot.not_before_s == 31.0
    assert steps[0].observation is None
    assert steps[0].decision.reason == "carry on"


def test_a_missed_slot_is_news_and_shifts_nothing() -> None:
    steps = list[Step]()
    loop = watch(Eyes(), Mind(), steps.append, no_time)
    first = next(loop)
    shot = loop.send(Missed(first, "the camera did not answer", 4.0))
    assert shot.not_before_s == 34.0
    assert isinstance(steps[0].reply, Missed)


def test_decisions_are_numbered_and_their_shots_carry_the_number() -> None:
    steps = list[Step]()
    loop = watch(Eyes(), Mind(), steps.append, no_time)
    shot = next(loop)
    assert shot.decision == 0
    for index in range(3):
        shot = loop.send(frame_of(shot, index, 10.0 * index))
        assert shot.decision == index + 1
    assert [step.decision.id for step in steps] == [1, 2, 3]


def test_the_loop_is_over_when_there_is_no_next_shot() -> None:
    steps = list[Step]()
    loop = watch(Eyes(), Mind(), steps.append, no_time)
    next(loop)
    assert list_of_last_send(loop, Request(Ask.END, 7.0)) == []
    assert steps[-1].decision.shot is None
    assert steps[-1].decision.reason == "the operator ended it"


def list_of_last_send(loop: object, reply: object) -> list[Shot]:
    try:
        return [loop.send(reply)]  # type: ignore[attr-defined]
    except StopIteration:
        return []


def test_every_stage_of_a_turn_is_measured() -> None:
    ticks = iter([10.0, 10.25, 10.5])
    steps = list[Step]()
    loop = watch(Eyes(), Mind(), steps.append, lambda: next(ticks))
    frame = frame_of(next(loop), 0, 9.0)
    loop.send(frame)
    lateness = steps[0].lateness
    assert lateness.late_s == 9.0
    assert round(lateness.transfer_s, 6) == 0.001
    assert lateness.analysis_s == 0.25
    assert round(lateness.decision_s, 6) == round(0.25 + 10.0 - 9.021, 6)


def test_reaction_time_is_stated_only_for_a_shot_that_was_due_at_once() -> None:
    steps = list[Step]()
    loop = watch(Eyes(), Mind(), steps.append, no_time)
    first = next(loop)
    loop.send(frame_of(first, 0, 0.0))
    loop.send(frame_of(shot_at(0.01), 1, 0.03))
    loop.send(frame_of(shot_at(5.0), 2, 5.0))
    reacts = [step.lateness.react_s for step in steps]
    assert np.isnan(reacts[0])
    assert round(reacts[1], 6) == 0.01
    assert np.isnan(reacts[2])


def test_what_neither_devices_nor_analysis_took_is_the_programs_own() -> None:
    steps = list[Step]()
    ticks = iter([0.021, 0.024, 0.025, 0.1, 0.1, 0.1])
    loop = watch(Eyes(), Mind(), steps.append, lambda: next(ticks))
    loop.send(frame_of(next(loop), 0, 0.0))
    loop.send(frame_of(shot_at(0.01), 1, 0.03))
    later = steps[1].lateness
    assert round(later.ready_s, 6) == 0.002
    assert round(later.own_s, 6) == round(0.01 - 0.002 - 0.001 - 0.003, 6)
    assert np.isnan(steps[0].lateness.own_s)


def test_every_frame_is_announced_before_it_is_observed() -> None:
    told = list[News]()

    class Listening(Mind):
        def decide(self, state: tuple[News, ...], news: News) -> tuple[tuple[News, ...], Decision]:
            told.append(news)
            return super().decide(state, news)

    loop = watch(Eyes(), Listening(), lambda step: None, no_time)
    loop.send(frame_of(next(loop), 0, 0.0))
    assert [type(news) for news in told] == [Exposed, Observation]


def test_an_observation_that_comes_late_is_a_turn_of_its_own() -> None:
    steps = list[Step]()
    loop = watch(Eyes(blind=True), Mind(), steps.append, no_time)
    frame = frame_of(next(loop), 0, 1.0)
    loop.send(frame)
    shot = loop.send(seen(frame))
    assert shot.purpose is Purpose.ENCOUNTER
    assert isinstance(steps[1].reply, Observation)
    assert steps[1].observation is steps[1].reply
