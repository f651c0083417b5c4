"""A policy that can be asked what it remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livewatch.policy.policy import Policy

if TYPE_CHECKING:
    from livewatch.model import Decision, News
    from livewatch.policy.state import PolicyState


class Remembering(Policy):
    """A policy that can be asked what it remembers by now: `state`."""

    state: PolicyState | None = None

    def decide(self, state: PolicyState, news: News) -> tuple[PolicyState, Decision]:
        """The next decision, in the light of one piece of news."""
        self.state, decision = super().decide(state, news)
        return self.state, decision
