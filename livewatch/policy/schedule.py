"""What a frame, or its absence, changes: time, slots, light, turns, patience."""

from __future__ import annotations

from math import floor, inf
from typing import TYPE_CHECKING

from livewatch.model import Purpose
from livewatch.policy.aiming import described, given_up, out_of_reach
from livewatch.policy.due import shown
from livewatch.policy.leave import importance, lapsed
from livewatch.policy.light import charged
from livewatch.policy.state import Stage, Trouble, Visit
from livewatch.replaced import replaced

if TYPE_CHECKING:
    from livewatch.model import Exposed, Missed, Shot
    from livewatch.policy.rules import Rules
    from livewatch.policy.state import Followed, PolicyState

FAST_PURPOSES = (Purpose.ENCOUNTER, Purpose.BURST)


def exposed(state: PolicyState, news: Exposed, rules: Rules) -> PolicyState:
    """The state after a frame was taken."""
    shot = news.shot
    left = replaced(shot, count=shot.count - 1, not_before_s=news.end_s, decision=0)
    state = replaced(
        state,
        now_s=max(state.now_s, news.end_s),
        visits=visited(state, shot, news.time_s, rules),
        followed=answered(state.followed, shot),
        spent=shown(charged(state.spent, shot), shot, news.time_s, rules),
        burst=left if left.count > 0 and shot.count > 1 else None,
        trouble=Trouble(),
        wait_s=float("-inf"),
        note="",
        last=shot.view,
    )
    return lapsed(turned(state, shot, news.time_s), rules)


def visited(state: PolicyState, shot: Shot, time_s: float, rules: Rules) -> tuple[Visit, ...]:
    """The visits after a frame of `shot` at `time_s`."""
    visit = state.visit(shot.view.position)
    site = rules.site(shot.view.position)
    fast = shot.purpose in FAST_PURPOSES
    after = replaced(visit, start_s=time_s, fast=fast, fast_s=time_s if fast else visit.fast_s)
    if shot.view == site.view:
        after = replaced(after, slot=next_slot(visit, time_s, state, rules), whole_s=time_s)
    elif fast or shot.purpose is Purpose.COOLDOWN:
        after = replaced(after, aim=shot.view)
    return (*(each for each in state.visits if each.position != after.position), after)


def next_slot(visit: Visit, time_s: float, state: PolicyState, rules: Rules) -> int:
    """The slot after the one that a frame at `time_s` has served.

    A frame that is late by more than half an interval serves the slot it is nearest to, so that
    the next is not right behind it; the slots between are dropped.
    """
    site = rules.site(visit.position)
    passed = (time_s - state.begun_s - site.phase_s) / rules.survey_s
    return max(visit.slot + 1 if passed >= visit.slot else visit.slot, floor(passed + 0.5) + 1)


def answered(followed: tuple[Followed, ...], shot: Shot) -> tuple[Followed, ...]:
    """The pairs, those at the shot's position with one more frame to their name.

    Of pairs that share a frame, the one that has come closest is charged for the approach.
    """
    here = [pair for pair in followed if pair.position == shot.view.position]
    charged_pair = min(here, key=importance, default=None)
    approach = shot.purpose is not Purpose.SURVEY
    return tuple(
        one_more(pair, shot, approach and pair is charged_pair)
        if pair.position == shot.view.position
        else pair
        for pair in followed
    )


def one_more(pair: Followed, shot: Shot, pays: bool) -> Followed:
    """A pair after a frame at its position; whether its approach is what the frame was for."""
    approaching = pays and pair.stage in (Stage.NEAR, Stage.CLOSING)
    return replaced(
        pair,
        answered=pair.answered or shot.purpose in FAST_PURPOSES,
        bursted=pair.bursted or shot.purpose is Purpose.BURST,
        blind=pair.blind + 1,
        light=pair.light + (shot.dose if approaching else 0.0),
    )


def turned(state: PolicyState, shot: Shot, time_s: float) -> PolicyState:
    """The state with the turn given to the position that is being reacted to."""
    if shot.purpose in FAST_PURPOSES and state.turn != shot.view.position:
        return replaced(state, turn=shot.view.position, turn_s=time_s)
    return state


def missed(state: PolicyState, news: Missed, rules: Rules) -> PolicyState:
    """The state after a slot was lost: try again, then skip it, then wait longer and longer.

    Light that the sample may have had for it is charged.
    """
    limits = rules.experiment.limits
    now_s = max(state.now_s, news.time_s)
    before = state.trouble
    trouble = replaced(
        before,
        since_s=min(before.since_s, now_s),
        tries=before.tries + 1,
    )
    spent = charged(state.spent, news.shot, news.lit)
    state = replaced(state, now_s=now_s, spent=spent, burst=None, trouble=trouble)
    over_s = inf if limits.duration_s is None else state.begun_s + limits.duration_s
    if min(now_s, over_s) - trouble.since_s >= limits.give_up_s:
        ended = f"No frame for {now_s - trouble.since_s:.0f} s: {news.reason}"
        return replaced(state, ended=ended, failed=True)
    if trouble.tries <= limits.retries:
        note = f"Missed ({news.reason}): try {trouble.tries + 1} of {limits.retries + 1}"
        return replaced(state, wait_s=now_s, note=note)
    return skipped(state, news, rules)


def skipped(state: PolicyState, news: Missed, rules: Rules) -> PolicyState:
    """The state after a shot was given up: its slot is dropped, and nothing tried for a while.

    A closer look that the microscope does not manage is given up instead.
    """
    trouble = state.trouble
    changed = out_of_reach(state, news, rules)
    if changed:
        why = f"missed {trouble.tries} times {described(changed, news.shot.view)} ({news.reason})"
        state = replaced(state, trouble=replaced(trouble, tries=0), wait_s=state.now_s)
        return given_up(state, changed, why, rules)
    pause_s = rules.experiment.limits.suspend_s * 2.0 ** min(trouble.suspended, 20)
    note = f"Missed {trouble.tries} times ({news.reason}): slot skipped, waiting {pause_s:g} s"
    return replaced(
        state,
        visits=visited(state, news.shot, state.now_s, rules),
        followed=answered(state.followed, news.shot),
        trouble=replaced(trouble, tries=0, suspended=trouble.suspended + 1),
        wait_s=state.now_s + pause_s,
        note=note,
    )
