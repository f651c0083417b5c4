"""The loop: ask for a shot, look at what came back, decide, publish, ask for the next.

One coroutine. It yields the next `Shot` and is sent what came of it: a `Frame` or a `Missed`;
or, while the shot's time has not come, a `Request` of the operator or an `Observation` that is
late. It knows no device, file, thread or clock; a test drives it with `send()`.

Before a frame is analysed the policy says what it would do if it learnt nothing more (the
standing decision). Analysis has until that shot is due; the loop then goes on without it.
Slow analysis costs knowledge, never frames.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

from livewatch.model import (
    NAN,
    Decision,
    Exposed,
    Frame,
    Lateness,
    News,
    Observation,
    Reply,
    Shot,
    Step,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

State = TypeVar("State")
Watch: TypeAlias = "Generator[Shot, Reply, None]"


class Eyes(Protocol):
    """Analysis, as the loop sees it: asked for a frame, it answers in time or not at all."""

    def look(self, frame: Frame, until_s: float) -> Observation | None:
        """Analyse `frame`; None if that is not done by session time `until_s`.

        What is done later reaches the loop as a reply of its own.
        """
        ...


class Mind(Protocol[State]):
    """A policy: pure, its state a frozen value passed in and out."""

    def begin(self, now_s: float) -> tuple[State, Decision]:
        """The first decision."""
        ...

    def decide(self, state: State, news: News) -> tuple[State, Decision]:
        """The next decision, in the light of one piece of news.

        Every frame is first announced as `Exposed`; an `Observation` of it may follow, at
        once, late, or never.
        """
        ...


def watch(
    eyes: Eyes,
    mind: Mind[State],
    publish: Callable[[Step], None],
    stopwatch: Callable[[], float],
    begun: tuple[State, Decision] | None = None,
    number: int = 0,
) -> Watch:
    """Yield shots and be sent what came of them, until the policy has no next shot.

    A session that goes on after a crash has `begun` already, with `number` decisions made.
    """
    state, decision = begun or mind.begin(0.0)
    decision, before, taken = decision.numbered(number), None, Lateness()
    while decision.shot is not None:
        reply = yield decision.shot
        observation = reply if isinstance(reply, Observation) else None
        lateness = Lateness()
        if isinstance(reply, Frame):
            state, decision = mind.decide(state, announced(reply))
            begun_s = stopwatch()
            observation = eyes.look(reply, due_s(decision, reply))
            seen_s = stopwatch()
            if observation is not None:
                state, decision = mind.decide(state, observation)
            lateness = measured(reply, before, taken, begun_s, seen_s, stopwatch())
            before, taken = reply, lateness
        else:
            state, decision = mind.decide(state, reply)
        number += 1
        decision = decision.numbered(number)
        publish(Step(reply, observation, decision, lateness))


def announced(frame: Frame) -> Exposed:
    """What is known of a frame before it is analysed."""
    return Exposed(frame.index, frame.shot, frame.time_s, frame.end_s)


def due_s(decision: Decision, frame: Frame) -> float:
    """Until when analysis may take without delaying the standing decision."""
    return frame.end_s if decision.shot is None else decision.shot.not_before_s


def measured(
    frame: Frame,
    before: Frame | None,
    taken: Lateness,
    begun_s: float,
    seen_s: float,
    decided_s: float,
) -> Lateness:
    """The stages of one turn, from the frame's own stopwatch and the loop's.

    `taken` is what the turn of the frame `before` took.
    """
    react_s = ready_s = NAN
    if before is not None and frame.shot.not_before_s <= before.end_s:
        react_s = frame.stopwatch.begun_s - before.stopwatch.exposed_s
        ready_s = frame.stopwatch.begun_s - frame.stopwatch.asked_s
    return Lateness(
        late_s=frame.time_s - frame.shot.not_before_s,
        transfer_s=frame.stopwatch.in_hand_s - frame.stopwatch.exposed_s,
        analysis_s=seen_s - begun_s,
        decision_s=decided_s - seen_s + begun_s - frame.stopwatch.in_hand_s,
        react_s=react_s,
        ready_s=ready_s,
        own_s=react_s - ready_s - taken.transfer_s - taken.analysis_s,
    )
