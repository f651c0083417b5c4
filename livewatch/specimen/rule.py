"""When a true pair counts as meeting and parting, and how its meeting ended.

The experiment's rules ([contact] and [outcome]), applied to what really was so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from livewatch.model import Outcome
from livewatch.settings import ContactRules, OutcomeRules
from livewatch.specimen.culture import STEP_S

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from livewatch.specimen.happening import TrueEncounter

CONTACT, OUTCOME = ContactRules(), OutcomeRules()


@dataclass(frozen=True, slots=True)
class Rule:
    """When a true pair counts as meeting and parting, and what counts as how it ended.

    Defaults are the experiment's [contact] and [outcome]. A death up to `viable_s` after contact
    is the contact's doing, as it is for the experiment, unless another NK cell is in contact by
    then. An NK cell is engulfed once `inside` of its outline has been within the tumor cell's for
    `engulf_s`.
    """

    enter_um: float = CONTACT.enter_um
    exit_um: float = CONTACT.exit_um
    bridge_s: float = CONTACT.bridge_s
    hold_s: float = 2.0
    viable_s: float = OUTCOME.viable_s
    twisted_deg: float = OUTCOME.twisted_deg
    slipped_um: float = OUTCOME.slipped_um
    inside: float = 0.9
    engulf_s: float = 60.0


ORDINARY = Rule()


def engulfed_since_s(lines: NDArray[Any], rule: Rule) -> float:
    """When the NK cell was first inside the tumor cell, to stay for long enough; else NaN."""
    inside = np.concatenate([[False], lines["inside"] >= rule.inside, [False]])
    begins, ends = np.flatnonzero(np.diff(inside.astype(np.int8))).reshape(-1, 2).T
    for begin, end in zip(begins, ends, strict=True):
        if (lines["step"][end - 1] - lines["step"][begin]) * STEP_S >= rule.engulf_s:
            return float(lines["step"][begin] * STEP_S)
    return math.nan


def judged_as(
    encounter: TrueEncounter, at_it: Iterable[TrueEncounter], now_s: float, rule: Rule
) -> TrueEncounter:
    """The encounter with tags and outcome; `at_it` are all encounters of the tumor cell."""
    by_another = any(
        encounter.last_contact_s < other.last_contact_s
        and other.start_s <= encounter.death_s <= other.last_contact_s
        for other in at_it
    )
    tags = tuple(
        tag
        for tag, so in (
            ("twisted", abs(encounter.max_twist_deg) >= rule.twisted_deg),
            ("slipped", abs(encounter.max_slip_um) >= rule.slipped_um),
            ("bitten", bool(encounter.bites)),
        )
        if so
    )
    if encounter.death_s < encounter.start_s:
        tags, outcome = (*tags, "corpse"), Outcome.RELEASED
    elif encounter.engulfed_s <= now_s and not encounter.death_s < encounter.engulfed_s:
        outcome = Outcome.ENGULFED
    elif encounter.death_s <= encounter.last_contact_s or (
        math.isfinite(encounter.death_s) and not by_another
    ):
        outcome = Outcome.KILLED
    elif by_another:
        outcome = Outcome.CENSORED
    elif encounter.end_s is None or now_s - encounter.end_s < rule.viable_s:
        outcome = Outcome.ONGOING
    elif {"twisted", "slipped"} & set(tags):
        outcome = Outcome.EVADED
    else:
        outcome = Outcome.RELEASED
    return replace(encounter, tags=tags, outcome=outcome)
