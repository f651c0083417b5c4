"""Decisions made again: analysis and policy, run over the recorded frames, decide the same.

Analysis and policy are pure, so what they are told decides what they say. They are told what the
loop told them then: every frame that was analysed, in order; every frame as it was exposed; every
observation in the turn it came; every miss and request.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from livewatch.analysis.analyst import Analyst
from livewatch.analysis.segmentation.segmenter import without_plug_ins
from livewatch.errors import BadInput
from livewatch.loop import announced
from livewatch.recording.entry import Entry
from livewatch.recording.layout import EVENTS, OBSERVATIONS, SESSION
from livewatch.recording.mark import BEGINNING
from livewatch.recording.retold import Resumption, experiment_of, observations, turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from livewatch.analysis.analyst import AnalystState
    from livewatch.model import Decision, Exposed, Frame, News, Observation
    from livewatch.policy.policy import Policy
    from livewatch.policy.state import PolicyState
    from livewatch.recording.folder import SessionFolder
    from livewatch.recording.mark import Mark
    from livewatch.recording.retold import Turn

FAILED = "analysis failed"


class NotSeen(BadInput):
    """A frame that was analysed then cannot be analysed now; says which, and why."""


class Looking(Protocol):
    """What looks at frames again: an `Analyst`, or what stands for one."""

    def begin(self) -> AnalystState:
        """The state before the first frame."""
        ...

    def observe(self, state: AnalystState, frame: Frame) -> tuple[AnalystState, Observation]:
        """The state after one more frame, and what the frame showed."""
        ...


class Again:
    """Analysis run again over the frames that were analysed, in the order of frames.

    A frame whose analysis failed then is not tried again: it is said to have failed. Frames taken
    after plug-in segmenters were given up are looked at without them.
    """

    def __init__(
        self, session: SessionFolder, analyst: Looking, known: Iterable[Observation] | None = None
    ) -> None:
        self._session = session
        self._analyst = analyst
        self._plain: Looking | None = None
        self._without_plug_ins = given_up(session)
        self._state = analyst.begin()
        self._failed: dict[int, Observation] = {}
        seen = []
        for each in observations(session) if known is None else known:
            seen.append(each.frame)
            if each.problem is not None and each.problem.startswith(FAILED):
                self._failed[each.frame] = each
        self._todo = iter(sorted(seen))
        self._done: dict[int, Observation] = {}

    @property
    def state(self) -> AnalystState:
        """What analysis remembers by now."""
        return self._state

    def go_on_from(self, frame: int, state: AnalystState) -> None:
        """Take `state` for what analysis remembers after `frame`, and go on from there."""
        self._state = state
        self._todo = iter([each for each in self._todo if each > frame])

    def rest(self) -> tuple[str, ...]:
        """Analyse all that is left, up to a frame that cannot be: it would cost a process each.

        Frames whose pixels are damaged are left out; what is wrong with each, in a line.
        """
        damages = []
        for number in self._todo:
            try:
                self._observe(number)
            except NotSeen:
                break
            except BadInput as damage:
                damages.append(str(damage))
        return tuple(damages)

    def seen(self, frame: int) -> Observation:
        """What frame `frame` shows, and, before it, every one that was analysed before it."""
        while frame not in self._done:
            number = next(self._todo, None)
            if number is None:
                where = self._session.path / OBSERVATIONS
                raise BadInput(f"{where}: what was seen in frame {frame} is not there, or twice")
            self._done[number] = self._observe(number)
        return self._done.pop(frame)

    def _observe(self, frame: int) -> Observation:
        if frame in self._failed:
            return self._failed[frame]
        analyst = self._analyst_of(frame)
        self._state, observation = analyst.observe(self._state, self._session.frame(frame))
        return observation

    def _analyst_of(self, frame: int) -> Looking:
        """The analyst that looked at a frame."""
        if not any(frame in span for span in self._without_plug_ins):
            return self._analyst
        if self._plain is None:
            self._plain = Analyst(without_plug_ins(experiment_of(self._session)))
        return self._plain


def given_up(session: SessionFolder) -> list[range]:
    """The frames that were looked at without plug-in segmenters, which had been given up.

    A session that is resumed gives them another chance.
    """
    spans: list[range] = []
    since: int | None = None
    for event in session.events("segmenters given up", "resumed"):
        kind, frame = event["kind"], event.get("frame")
        if not isinstance(frame, int):
            raise BadInput(f"{session.path / EVENTS}, event {event['event']}: damaged, no frame")
        if kind == "segmenters given up":
            since = frame + 1
        elif since is not None:
            spans.append(range(since, frame))
            since = None
    return spans if since is None else [*spans, range(since, len(session))]


def decided_again(
    session: SessionFolder, policy: Policy, analyst: Looking
) -> Iterator[tuple[Turn, Decision]]:
    """Every turn as it was, with the decision as it is made now, both numbered.

    Raises `BadInput` at what is damaged.
    """
    again = Again(session, analyst)
    state, decision = policy.begin(begun_s(session))
    number = frames = 0
    for turn in turns(session):
        if isinstance(turn, Resumption):
            state = undecided(session, policy, state, frames, turn.frame)
            state, decision = policy.resume(state, turn.time_s)
            frames = turn.frame
            continue
        if isinstance(turn.came, Entry):
            frames = turn.came.frame + 1
        for news in told(turn, again.seen):
            state, decision = policy.decide(state, news)
        number += 1
        yield turn, decision.numbered(number)


@dataclass(frozen=True, slots=True)
class Mind:
    """What a policy remembers after a session's last turn, and how many decisions it has made."""

    state: PolicyState
    decisions: int


def minded(
    session: SessionFolder,
    policy: Policy,
    known: Mapping[int, Observation],
    since: tuple[PolicyState, Mark] | None = None,
) -> Mind:
    """What a session's policy remembers at its end; from the beginning, or `since` a checkpoint.

    It is told what is `known` of each frame, as written down, and is not asked what to do: quick,
    for no image is looked at again and the state changes with news only.
    """

    def seen(frame: int) -> Observation:
        if frame not in known:
            where = session.path / OBSERVATIONS
            raise BadInput(f"{where}: what was seen in frame {frame} is not there")
        return known[frame]

    state, mark = since or (policy.begin(begun_s(session))[0], BEGINNING)
    decisions, frames = mark.decisions, mark.frames
    for turn in turns(session, mark):
        if isinstance(turn, Resumption):
            state = undecided(session, policy, state, frames, turn.frame)
            state, frames = policy.resume(state, turn.time_s)[0], turn.frame
            continue
        decisions += 1
        if isinstance(turn.came, Entry):
            frames = turn.came.frame + 1
        for news in told(turn, seen):
            state = policy.learnt(state, news)
    return Mind(undecided(session, policy, state, frames, len(session)), decisions)


def begun_s(session: SessionFolder) -> float:
    """Session time at the policy's first decision."""
    begun = session.header.get("begun_s", 0.0)
    if not isinstance(begun, int | float):
        raise BadInput(f"{session.path / SESSION}: begun_s is no time")
    return float(begun)


def told(turn: Turn, seen: Callable[[int], Observation]) -> Iterator[News]:
    """What the policy was told in a turn, in order."""
    if isinstance(turn.came, Entry):
        yield exposed(turn.came)
    elif turn.came is not None:
        yield turn.came
    if turn.seen is not None:
        yield seen(turn.seen)


def undecided(
    session: SessionFolder, policy: Policy, state: PolicyState, decided: int, frames: int
) -> PolicyState:
    """The policy's state, told of the frames that a crash left written and not decided on.

    They have had their light, and their slots.
    """
    for frame in range(decided, frames):
        state = policy.learnt(state, exposed(session.entry(frame)))
    return state


def exposed(entry: Entry) -> Exposed:
    """What the policy was told of a frame before it was analysed."""
    return announced(entry.frame_of(()))
