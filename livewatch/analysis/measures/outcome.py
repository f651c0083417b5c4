"""How an encounter ended, by rules that can be read out with it."""

from __future__ import annotations

from dataclasses import replace
from math import degrees, isfinite
from typing import TYPE_CHECKING

from livewatch.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from livewatch.analysis.measures.course import Course
    from livewatch.analysis.measures.life import Life
    from livewatch.model import Encounter
    from livewatch.settings import OutcomeRules

ENGULFED_S = 60.0
UNSURE_WITHOUT_TWIST = 0.6
FLIES_UM_PER_S = 1 / 60
"""A tumor cell that goes off so fast, right after contact, got away: it creeps at a third of it."""
SEEN_TO_TURN = 0.5
"""Share of the looks that must tell the body's turn, to be sure that it did not."""
DEATH_SHOWS_S = 110.0
"""Signs of death are clear so long after it began."""


def ended(
    course: Course,
    life: Life | None,
    time_s: float,
    rules: OutcomeRules,
    others: Iterable[Encounter] = (),
) -> Encounter:
    """The course's encounter with its outcome, as far as it can be known at `time_s`.

    `others` are the other encounters of the same tumor cell.
    """
    assert course.encounter is not None
    encounter = course.encounter
    if encounter.outcome not in (Outcome.ONGOING, Outcome.ENGULFED):
        return encounter
    if life is not None and _killed(encounter, life, rules):
        if any(_later(other, encounter, life) for other in others):
            return _censored(encounter, "another NK cell was at the tumor cell when it died")
        return _as(encounter, Outcome.KILLED, life.evidence, 1 - life.viability, life.dying_s)
    inside_s = time_s - course.vacuole.since_s
    if inside_s >= ENGULFED_S:
        reason = f"one cell inside the other for {inside_s:.0f} s"
        return _as(encounter, Outcome.ENGULFED, reason, 0.8)
    if encounter.is_open or time_s - encounter.last_contact_s < rules.viable_s:
        return encounter
    if not course.parted:
        return _censored(encounter, "the NK cell was lost while in contact")
    seen_s = -float("inf") if life is None else life.time_s
    if life is not None and seen_s - encounter.last_contact_s >= rules.viable_s:
        return _survived(course, encounter, life, rules)
    if time_s - max(seen_s, encounter.last_contact_s) >= rules.viable_s:
        return _censored(encounter, "the tumor cell was lost before its fate could be known")
    return encounter


def at_end(encounter: Encounter, why: str = "the session ended") -> Encounter:
    """An encounter whose outcome is not known when nothing more will be seen: censored."""
    if encounter.outcome is not Outcome.ONGOING:
        return encounter
    return _censored(encounter, f"{why} before its outcome could be known")


def _killed(encounter: Encounter, life: Life, rules: OutcomeRules) -> bool:
    """A death that shows within viable_s after contact is the contact's doing."""
    if not isfinite(life.death_s) or life.dying_s < encounter.start_s:
        return False
    return life.dying_s <= encounter.last_contact_s + rules.viable_s


def _later(other: Encounter, encounter: Encounter, life: Life) -> bool:
    """Whether another contact was going on when the tumor began to die, after this one was over.

    It may be over, too, by the time that death shows.
    """
    began_s = life.dying_s - DEATH_SHOWS_S
    return encounter.last_contact_s < began_s and other.start_s <= began_s <= other.last_contact_s


def _survived(course: Course, encounter: Encounter, life: Life, rules: OutcomeRules) -> Encounter:
    how = [tag for tag in encounter.tags if tag in ("twisted", "slipped")]
    after_s = life.time_s - encounter.last_contact_s
    alive = f"alive {after_s:.0f} s after contact"
    if how:
        return _as(encounter, Outcome.EVADED, f"{' and '.join(how)}, {alive}", life.viability)
    unsure = life.viability * UNSURE_WITHOUT_TWIST
    unseen = _moved_unseen(course, encounter, rules)
    if unseen:
        return _as(encounter, Outcome.EVADED, f"{unseen}, {alive}", unsure)
    still = "neither twisted nor slipped"
    share = course.turns_told
    if share >= SEEN_TO_TURN:
        return _as(encounter, Outcome.RELEASED, f"{still}, {alive}", life.viability)
    seen = f"only be measured in {share:.0%} of the frames" if course.turns else "not be measured"
    return _as(encounter, Outcome.RELEASED, f"{still} (twist could {seen}), {alive}", unsure)


def _moved_unseen(course: Course, encounter: Encounter, rules: OutcomeRules) -> str:
    """Why it must have twisted or slipped, though neither can be seen alone; else nothing.

    The patch's way round the tumor is their sum; and a cell that makes off by itself got away.
    """
    slipped_deg, flight = degrees(rules.slipped_um / course.radius_um), course.flight
    if abs(encounter.max_orbit_deg) >= rules.twisted_deg + slipped_deg:
        return f"orbit of {encounter.max_orbit_deg:.0f} degrees: twisted or slipped"
    if course.turns_told < SEEN_TO_TURN and flight.speed_um_per_s >= FLIES_UM_PER_S:
        gone = f"went {flight.gone_um:.1f} um off within {flight.after_s:.0f} s"
        return f"{gone} of contact: twisted or slipped unseen"
    return ""


def _censored(encounter: Encounter, reason: str) -> Encounter:
    return _as(encounter, Outcome.CENSORED, reason, 1.0)


def _as(
    encounter: Encounter,
    outcome: Outcome,
    reason: str,
    confidence: float,
    death_s: float = float("nan"),
) -> Encounter:
    return replace(
        encounter,
        outcome=outcome,
        outcome_reason=reason,
        outcome_confidence=min(max(confidence, 0.0), 1.0),
        death_s=death_s,
    )
