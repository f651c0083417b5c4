"""Which pair comes first, and whose turn it is when positions compete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livewatch.policy.state import Stage

if TYPE_CHECKING:
    from livewatch.policy.rules import Rules
    from livewatch.policy.state import Followed, PolicyState

NEW_S = 60.0
"""A contact counts as new for this long: how it begins is what is most easily missed."""
NEW = 1
"""The rank of a new contact."""

RARE_SHARE, RARE_OF = 0.25, 4
"""An outcome is rare if it is less than this share of those known, once so many are known."""


def rank(pair: Followed, state: PolicyState) -> int:
    """The lower, the sooner: asked for, new, about to touch, eventful, going on, over, near."""
    if pair.stage is Stage.LOOK:
        return 0
    if pair.stage is Stage.TOUCHING:
        if state.now_s - pair.since_s < NEW_S:
            return NEW
        return 3 if pair.bites or is_rare(pair.leaning, state) else 4
    return {Stage.CLOSING: 2, Stage.OVER: 5, Stage.NEAR: 6}[pair.stage]


def is_rare(outcome: str, state: PolicyState) -> bool:
    """Whether few of the encounters whose outcome is known ended like this."""
    counts = dict(state.outcomes)
    known = sum(counts.values())
    return bool(outcome) and known >= RARE_OF and counts.get(outcome, 0) < RARE_SHARE * known


def ranked(pairs: tuple[Followed, ...], state: PolicyState, turn_s: float) -> tuple[Followed, ...]:
    """Pairs in the order of their rank; of equal ones, the one that began first.

    Approaches go by how soon they are to end; contacts that go on come first in turns of `turn_s`,
    for they may not fit into one view. One that was not seen for a whole turn comes before all
    others.
    """

    def order(pair: Followed) -> tuple[bool, int, float, float, tuple[str, int, int]]:
        waits = pair.is_fast and pair.stage is not Stage.LOOK and state.now_s - pair.seen_s > turn_s
        soon = -pair.soon if pair.stage is Stage.CLOSING else 0.0
        return not waits, rank(pair, state), soon, pair.begun_s, pair.pair

    return tuple(in_turns(sorted(pairs, key=order), state, turn_s))


def in_turns(pairs: list[Followed], state: PolicyState, turn_s: float) -> list[Followed]:
    """The pairs, those first whose turn it is among contacts that go on and are of first rank."""
    best = rank(pairs[0], state)
    equal = [pair for pair in pairs if pair.stage is Stage.TOUCHING and rank(pair, state) == best]
    if best == NEW or pairs[0] not in equal:
        return pairs
    first = int(state.now_s // turn_s) % len(equal)
    return equal[first:] + equal[:first] + [pair for pair in pairs if pair not in equal]


def holder(state: PolicyState, rules: Rules) -> str:
    """The position that has the microscope for its fast pairs; '' when there is none.

    It keeps it for a turn when others want it too. A better rank takes it sooner, after the
    minimum dwell; whoever has waited longest is next, and none waits for more than a turn of
    each.
    """
    best: dict[str, int] = {}
    for pair in state.followed:
        if pair.is_fast:
            here = rank(pair, state)
            best[pair.position] = min(best.get(pair.position, here), here)
    if len(best) < 2 or state.turn not in best:
        return min(best, key=lambda each: (best[each], waits_s(state, each), each), default="")
    others = sorted((each for each in best if each != state.turn), key=lambda e: waits_s(state, e))
    held_s = state.now_s - state.turn_s
    longest = others[0]
    starving = state.now_s - waits_s(state, longest) > len(best) * rules.experiment.reaction.turn_s
    if held_s >= rules.experiment.reaction.turn_s:
        return longest
    if held_s < rules.experiment.reaction.min_dwell_s:
        return state.turn
    if starving:
        return longest
    first = min(others, key=lambda each: (best[each], waits_s(state, each)))
    return first if best[first] < best[state.turn] else state.turn


def waits_s(state: PolicyState, position: str) -> float:
    """Since when the fast pairs of a position wait for a frame at their rate.

    A survey frame in between does not count: it is no turn.
    """
    since_s = min(p.since_s for p in state.followed if p.is_fast and p.position == position)
    return max(since_s, state.visit(position).fast_s)
