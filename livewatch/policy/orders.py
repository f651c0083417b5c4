"""What the operator's requests change. They act at the next shot and pass no limit."""

from __future__ import annotations

from dataclasses import replace
from math import hypot, inf
from typing import TYPE_CHECKING

from livewatch.model import Ask, View
from livewatch.policy.closer import stage_limits
from livewatch.policy.leave import MOST_BARS
from livewatch.policy.region import Box
from livewatch.policy.state import Bar, Followed, Stage

if TYPE_CHECKING:
    from livewatch.model import Request
    from livewatch.policy.rules import Rules
    from livewatch.policy.state import PolicyState


def heard(state: PolicyState, news: Request, rules: Rules) -> PolicyState:
    """The state after a request."""
    state = replace(state, now_s=max(state.now_s, news.time_s), note="")
    match news.ask:
        case Ask.HOLD:
            return replace(state, held=True, burst=None)
        case Ask.GO_ON:
            return resumed(state)
        case Ask.LOOK:
            return looking(state, news, rules)
        case Ask.LEAVE:
            return left(state, news)
        case Ask.MARK:
            return replace(state, note=f"Marked by the operator: {news.text or 'no text'}")
        case Ask.END:
            why = f": {news.text}" if news.text else ""
            return replace(state, ended=f"Ended by the operator{why}")


def resumed(state: PolicyState) -> PolicyState:
    """The state after a hold, or after a look that was long enough."""
    kept = tuple(pair for pair in state.followed if pair.stage is not Stage.LOOK)
    return replace(state, held=False, followed=kept, note="The operator said to go on")


def looking(state: PolicyState, news: Request, rules: Rules) -> PolicyState:
    """The state with a place to look at, if the microscope can reach it."""
    x_um, y_um = news.x_um, news.y_um
    site = min(rules.sites, key=lambda s: (not s.view.holds(x_um, y_um), off_um(s.view, news)))
    if not site.view.holds(x_um, y_um) and not reachable(site.view, news, rules):
        return replace(state, note=f"Refused: ({x_um:.0f}, {y_um:.0f}) um cannot be reached")
    place = Followed(
        site.name, -1, -1, Stage.LOOK, state.now_s, state.now_s, state.now_s, x_um, y_um
    )
    others = tuple(pair for pair in state.followed if pair.stage is not Stage.LOOK)
    return replace(state, followed=(place, *others), held=False, burst=None)


def off_um(view: View, news: Request) -> float:
    """How far a place is from a view's middle."""
    return hypot(view.x_um - news.x_um, view.y_um - news.y_um)


def reachable(view: View, news: Request, rules: Rules) -> bool:
    """Whether the stage may go to where the middle of a view is a place."""
    limits = stage_limits(view, rules.experiment)
    x_low, x_high = limits.x_um or (-inf, inf)
    y_low, y_high = limits.y_um or (-inf, inf)
    box = Box(x_low, y_low, x_high, y_high)
    return rules.instrument.moves_xy and box.holds(Box(news.x_um, news.y_um, news.x_um, news.y_um))


def left(state: PolicyState, news: Request) -> PolicyState:
    """The state without the pair of an encounter, which is not followed again.

    An encounter that is not known means: whatever is followed now.
    """
    leaving = [pair for pair in state.followed if pair.encounter == news.encounter]
    leaving = leaving or [pair for pair in state.followed if pair.is_fast and news.encounter < 0]
    bars = tuple(
        Bar(*pair.pair, None, inf, "the operator said to leave it")
        for pair in leaving
        if pair.stage is not Stage.LOOK
    )
    kept = tuple(pair for pair in state.followed if pair not in leaving)
    names = f"{len(leaving)} pair{'s' * (len(leaving) != 1)}"
    note = f"The operator said to leave {names}"
    return replace(
        state, followed=kept, bars=(*state.bars, *bars)[-MOST_BARS:], burst=None, note=note
    )
