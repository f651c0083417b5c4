"""When a pair is left alone: its time is up, it came to nothing, or its light may not be spent."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

from livewatch.policy.state import Bar, Followed, Stage

if TYPE_CHECKING:
    from livewatch.policy.rules import Rules
    from livewatch.policy.state import PolicyState

MOST_BARS = 256
LOST_FRAMES = 10
NEARER = 0.5
NEAR_SHARE = 0.5
"""Pairs that are only near may use this share of the light that approaches may cost in vain."""


def importance(pair: Followed) -> tuple[int, float]:
    """The order in which pairs are dropped when there are too many: last one first."""
    order = (Stage.LOOK, Stage.TOUCHING, Stage.CLOSING, Stage.OVER, Stage.NEAR)
    return order.index(pair.stage), pair.since_s


def left(state: PolicyState, pair: Followed, bar: Bar | None) -> PolicyState:
    """The state without a pair; what its approach has cost was in vain."""
    bars = state.bars if bar is None else (*state.bars, bar)[-MOST_BARS:]
    return replace(
        state,
        followed=tuple(each for each in state.followed if each.pair != pair.pair),
        bars=bars,
        false_light=state.false_light + pair.light,
    )


def gave_up(pair: Followed, now_s: float, rules: Rules) -> bool:
    """Whether a pair has had all the time it may have."""
    reaction = rules.experiment.reaction
    allowed_s = {
        Stage.TOUCHING: reaction.max_dwell_s,
        Stage.LOOK: reaction.look_s,
        Stage.OVER: reaction.cooldown_s,
        Stage.CLOSING: rules.experiment.watch.patience_s,
        Stage.NEAR: inf,
    }[pair.stage]
    return now_s - pair.since_s >= allowed_s


def lost(pair: Followed, now_s: float, rules: Rules) -> bool:
    """Whether a pair was not seen for long although frames were taken: analysis is down."""
    reaction = rules.experiment.reaction
    unseen_s = now_s - pair.seen_s
    return (
        pair.stage is not Stage.LOOK
        and pair.blind >= LOST_FRAMES
        and unseen_s > reaction.cooldown_s + reaction.min_dwell_s
    )


def bar_of(pair: Followed, now_s: float, rules: Rules) -> Bar | None:
    """What keeps a pair that is left at this stage from being followed again at once."""
    refractory_s = rules.experiment.watch.refractory_s
    if pair.stage is Stage.TOUCHING:
        why = f"its encounter was followed for {rules.experiment.reaction.max_dwell_s:g} s"
        return Bar(*pair.pair, pair.encounter, inf, why)
    if pair.stage is Stage.OVER:
        return Bar(*pair.pair, None, now_s + refractory_s, "its encounter has only just ended")
    if pair.stage is Stage.CLOSING:
        until_s, why = now_s + refractory_s, "it came close and no nearer"
        return Bar(*pair.pair, None, until_s, why, pair.gap_um)
    return None


def refusal(pair: Followed, state: PolicyState, rules: Rules, frames: float = 1) -> str | None:
    """Why a pair is not followed now; None if nothing speaks against it.

    An approach needs light for at least so many `frames`.
    """
    for bar in state.bars:
        whole = bar.encounter is None and bar.until_s == inf
        if (bar.position, bar.nk_id, bar.tumor_id) == pair.pair and (
            whole or (bar.encounter == pair.encounter and not is_nearer(pair, bar))
        ):
            return bar.why
    if pair.stage not in (Stage.NEAR, Stage.CLOSING):
        return None
    vain = state.false_light + sum(each.light for each in state.followed)
    rest = sum(each.dose for each in state.spent) - vain
    most = rules.experiment.watch.false_alarm_light * (rest + rules.trusted_light)
    share = NEAR_SHARE if pair.stage is Stage.NEAR else 1.0
    if vain + frames * rules.dose > share * most:
        return f"approaches that came to nothing have used {vain:g} of {share * most:g} ms of light"
    return None


def is_nearer(pair: Followed, bar: Bar) -> bool:
    """Whether a pair that came close and no nearer has come much nearer since."""
    return pair.stage is Stage.CLOSING and pair.gap_um < NEARER * bar.gap_um


def lapsed(state: PolicyState, rules: Rules) -> PolicyState:
    """The state without the pairs whose time is up, or that nobody has seen any more."""
    for pair in state.followed:
        if gave_up(pair, state.now_s, rules):
            state = left(state, pair, bar_of(pair, state.now_s, rules))
        elif lost(pair, state.now_s, rules):
            state = left(state, pair, None)
    return state
