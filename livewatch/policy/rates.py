"""How soon a pair wants its next frame: chance of contact, stages, and the rate of each."""

from __future__ import annotations

from math import erf, isfinite, sqrt
from typing import TYPE_CHECKING

from livewatch.policy.state import Followed, Stage

if TYPE_CHECKING:
    from livewatch.policy.rules import Rules

HYSTERESIS = 0.5
"""A chance of contact must fall to this share of what raised the rate before it lowers it."""


def chance(contact_in_s: float, sd_s: float, within_s: float) -> float:
    """Probability that contact comes within `within_s`: a normal around the prediction."""
    if contact_in_s <= 0:
        return 1.0
    if not (isfinite(contact_in_s) and isfinite(sd_s)):
        return 0.0
    if sd_s <= 0:
        return float(contact_in_s <= within_s)
    return 0.5 * (1 + erf((within_s - contact_in_s) / (sd_s * sqrt(2))))


def stage_of(
    soon: float, later: float, before: Stage | None, kept_s: float, rules: Rules
) -> Stage | None:
    """The stage of a pair not yet in contact; None when it needs no frames of its own.

    `soon` and `later` are the chances of contact before the next frame at the watch rate and
    at the survey's: would the next frame at the slower rate come too late? `kept_s` is how long
    the pair has been in stage `before`; a stage is not left within the minimum dwell.
    """
    level = rules.experiment.watch.probability
    dwelling = kept_s < rules.experiment.reaction.min_dwell_s
    up, stay = level, level * HYSTERESIS
    if soon >= up or (before is Stage.CLOSING and (dwelling or soon >= stay)):
        return Stage.CLOSING
    if later >= up or (before is not None and (dwelling or later >= stay)):
        return Stage.NEAR
    return None


def interval_s(pair: Followed, now_s: float, rules: Rules) -> float:
    """Time between two frames of a pair at its present stage.

    A contact that stays still is halved in rate each `quiet_s`, down to the watch rate; the
    moment it moves, its full rate is back.
    """
    if not pair.is_fast:
        return rules.watch_s
    halvings = quiet(pair, now_s, rules)
    if halvings == 0:
        return rules.fast_s
    return min(max(rules.fast_s, FASTEST_QUIET_S) * 2.0**halvings, rules.watch_s)


FASTEST_QUIET_S = 0.5
"""What a quiet contact's interval is doubled from, where the full rate is the camera's own."""


def quiet(pair: Followed, now_s: float, rules: Rules) -> int:
    """How many times over a contact has been still for `quiet_s`."""
    if pair.stage is not Stage.TOUCHING:
        return 0
    return min(max(int((now_s - pair.still_s) / rules.experiment.reaction.quiet_s), 0), 30)
