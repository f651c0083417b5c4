"""Decisions made again: analysis and policy, run over the recorded frames, decide the same.

Analysis and policy are pure, so what they are told decides what they say. They are told what the
loop told them then: every frame that was analysed, in order; every frame as it was exposed; every
observation in the turn it came; every miss and request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from livewatch.loop import announced
from livewatch.recording.entry import Entry
from livewatch.recording.retold import observations, turns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livewatch.analysis.analyst import Analyst
    from livewatch.model import Decision, Exposed, Observation
    from livewatch.policy.policy import Policy
    from livewatch.recording.folder import SessionFolder
    from livewatch.recording.retold import Turn

FAILED = "analysis failed"


class Again:
    """Analysis run again over the frames that were analysed, in the order of frames.

    A frame whose analysis failed then is not tried again: it is said to have failed.
    """

    def __init__(self, session: SessionFolder, analyst: Analyst) -> None:
        self._session = session
        self._analyst = analyst
        self._state = analyst.begin()
        self._failed: dict[int, Observation] = {}
        seen = []
        for each in observations(session):
            seen.append(each.frame)
            if each.problem is not None and each.problem.startswith(FAILED):
                self._failed[each.frame] = each
        self._todo = iter(sorted(seen))
        self._done: dict[int, Observation] = {}

    def seen(self, frame: int) -> Observation:
        """What frame `frame` shows, and, before it, every one that was analysed before it."""
        while frame not in self._done:
            number = next(self._todo)
            self._done[number] = self._observe(number)
        return self._done.pop(frame)

    def _observe(self, frame: int) -> Observation:
        if frame in self._failed:
            return self._failed[frame]
        self._state, observation = self._analyst.observe(self._state, self._session.frame(frame))
        return observation


def decided_again(
    session: SessionFolder, policy: Policy, analyst: Analyst
) -> Iterator[tuple[Turn, Decision]]:
    """Every turn as it was, with the decision as it is made now, both numbered.

    Raises `BadInput` at what is damaged.
    """
    again = Again(session, analyst)
    begun_s = session.header.get("begun_s", 0.0)
    state, decision = policy.begin(begun_s)
    for number, turn in enumerate(turns(session), 1):
        if isinstance(turn.came, Entry):
            state, decision = policy.decide(state, exposed(turn.came))
        elif turn.came is not None:
            state, decision = policy.decide(state, turn.came)
        if turn.seen is not None:
            state, decision = policy.decide(state, again.seen(turn.seen))
        yield turn, decision.numbered(number)


def exposed(entry: Entry) -> Exposed:
    """What the policy was told of a frame before it was analysed."""
    return announced(entry.frame_of(()))
