"""The policy: what livewatch does with the microscope, one piece of news at a time.

Pure: the state is a frozen value passed in and out. News changes the state; the decision is
read from it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from livewatch.model import Decision, Exposed, Missed, News, Observation
from livewatch.policy.aiming import aim_checked
from livewatch.policy.choose import choose
from livewatch.policy.follow import followed_after
from livewatch.policy.orders import heard
from livewatch.policy.rules import Rules
from livewatch.policy.schedule import exposed, missed
from livewatch.policy.state import PolicyState, Stage, Visit

if TYPE_CHECKING:
    from livewatch.model import Instrument
    from livewatch.settings import Experiment


class Policy:
    """Decides what to image next. Raises BadInput where the instrument cannot do what is asked."""

    def __init__(self, experiment: Experiment, instrument: Instrument) -> None:
        self.rules = Rules.of(experiment, instrument)

    def begin(self, now_s: float) -> tuple[PolicyState, Decision]:
        """The first decision of a session that starts now: survey the first position."""
        visits = tuple(Visit(site.name) for site in self.rules.sites)
        state = PolicyState(now_s, now_s, visits)
        return state, choose(state, self.rules)

    def resume(self, state: PolicyState, now_s: float) -> tuple[PolicyState, Decision]:
        """Go on after an interruption: rounds and light stay, pairs must be seen anew."""
        state = replace(
            state,
            now_s=now_s,
            followed=(),
            burst=None,
            held=False,
            ended="",
            failed=False,
            note="",
            last=None,
            corrected="",
            refocus=None,
        )
        return state, choose(state, self.rules)

    def decide(self, state: PolicyState, news: News) -> tuple[PolicyState, Decision]:
        """The next decision, in the light of one piece of news."""
        state = self.learnt(state, news)
        return state, choose(state, self.rules)

    def learnt(self, state: PolicyState, news: News) -> PolicyState:
        """The state after one piece of news."""
        if isinstance(news, Exposed):
            return exposed(state, news, self.rules)
        if isinstance(news, Missed):
            return missed(state, news, self.rules)
        if isinstance(news, Observation):
            return observed(state, news, self.rules)
        return heard(state, news, self.rules)


def observed(state: PolicyState, seen: Observation, rules: Rules) -> PolicyState:
    """The state after an observation. One of no use changes nothing but the reason, and the aim."""
    state = aim_checked(state, seen, rules)
    if seen.problem is not None:
        unused = f"Frame {seen.number} is of no use ({seen.problem})"
        return state if seen.landing is not None else replace(state, note=unused)
    return burst_checked(followed_after(state, seen, rules))


def burst_checked(state: PolicyState) -> PolicyState:
    """The state, its burst ended early if there is no contact any more where it is aimed at."""
    if state.burst is None:
        return state
    position = state.burst.view.position
    touching = any(
        pair.stage is Stage.TOUCHING and pair.position == position for pair in state.followed
    )
    return state if touching else replace(state, burst=None, note="The burst ends early")
