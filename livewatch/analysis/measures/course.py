"""The course of one NK-tumor pair: what is remembered of it, from near to its outcome."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite, nan
from operator import attrgetter
from typing import TYPE_CHECKING

from livewatch.analysis.measures.bites import Meal
from livewatch.analysis.measures.flight import AT_REST, Flight, begun, flown
from livewatch.analysis.measures.slip import Slip
from livewatch.analysis.measures.vacuole import NO_VACUOLE, Vacuole
from livewatch.model import Outcome
from livewatch.replaced import replaced

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from livewatch.analysis.measures.roam import Drift
    from livewatch.model import Cell, Contact, Encounter
    from livewatch.settings import OutcomeRules

LOOK_UM = 3.0
"""Pairs this near are looked at before they touch: what was there before contact."""
HISTORY = 8
MEASURED = (
    "max_seal_fraction",
    "tags",
    "twist_deg",
    "max_twist_deg",
    "twisted_s",
    "twist_reason",
    "slip_um",
    "max_slip_um",
    "slipped_s",
    "orbit_deg",
    "max_orbit_deg",
    "bites",
    "bitten_s",
    "bitten_fraction",
    "viability",
    "viability_evidence",
    "death_s",
)
"""Fields of an encounter that are filled in here."""
CONCLUDED = ("outcome", "outcome_reason", "outcome_confidence")
"""Those that say how it ended, filled in here while it is not known from elsewhere."""


NOT_MOVED, NOT_FED = Slip(), Meal()


@dataclass(frozen=True, slots=True)
class Course:
    """One pair. `encounter` is its last version, None while the two are merely near.

    `twists` are the last few (time_s, angle) of the body, so that the angle at the first touch is
    known once the encounter opens; `twist0_deg` is that angle. `radius_um` is the tumor's.
    `parted` says that the two were seen apart after their last contact, `flight` how the tumor then
    went off. Of `looks` at them during the encounter, `turns` could tell how far the body had
    turned.
    """

    nk_id: int
    tumor_id: int
    encounter: Encounter | None = None
    slip: Slip = NOT_MOVED
    meal: Meal = NOT_FED
    twists: tuple[tuple[float, float], ...] = ()
    twist0_deg: float = nan
    radius_um: float = nan
    vacuole: Vacuole = NO_VACUOLE
    parted: bool = False
    flight: Flight = AT_REST
    looks: int = 0
    turns: int = 0

    @property
    def turns_told(self) -> float:
        """The share of the looks that could tell how far the body had turned."""
        return self.turns / max(self.looks, 1)

    @property
    def pair(self) -> tuple[int, int]:
        """(nk_id, tumor_id)."""
        return self.nk_id, self.tumor_id

    @property
    def key(self) -> tuple[int, int, int]:
        """The pair and its encounter's id, 0 while it has none."""
        return self.nk_id, self.tumor_id, 0 if self.encounter is None else self.encounter.id

    @property
    def is_open(self) -> bool:
        """Whether its encounter goes on."""
        return self.encounter is not None and self.encounter.is_open

    @property
    def position(self) -> str:
        """Where its encounter takes place, "" while it has none."""
        return "" if self.encounter is None else self.encounter.position

    @property
    def is_followed(self) -> bool:
        """Whether the pair is near or in contact: not merely waiting for an outcome."""
        return self.encounter is None or self.encounter.is_open

    @property
    def is_unsettled(self) -> bool:
        """Whether its encounter is over but its outcome not known."""
        return (
            self.encounter is not None
            and not self.encounter.is_open
            and self.encounter.outcome is Outcome.ONGOING
        )

    def has_open_question(self, near: Container[tuple[int, int]]) -> bool:
        """Whether there is a reason to remember it; `near` are the pairs near each other now."""
        return self.is_open or self.is_unsettled or (self.encounter is None and self.pair in near)

    def with_encounter(self, encounter: Encounter) -> Course:
        """The same course, its encounter's times and places as now known, its measures kept."""
        if self.encounter is None:
            return replaced(self, encounter=encounter)
        names = MEASURED + CONCLUDED if encounter.outcome is Outcome.ONGOING else MEASURED
        kept = zip(names, attrgetter(*names)(self.encounter), strict=True)
        return replaced(self, encounter=replaced(encounter, **dict(kept)))


def taken_up(
    courses: Iterable[Course], contacts: Iterable[Contact], encounters: Iterable[Encounter]
) -> tuple[Course, ...]:
    """The courses to follow in this frame, their encounters brought up to date.

    Begins one for each pair that came near or opened an encounter. An encounter whose pair touches
    again, as another encounter, goes on waiting for its outcome in a course of its own.
    """
    known = {course.key: course for course in courses}
    for encounter in encounters:
        key = (*encounter.pair, encounter.id)
        before = known.get(key) or known.pop((*encounter.pair, 0), Course(*encounter.pair))
        known[key] = before.with_encounter(encounter)
    followed = {course.pair for course in known.values() if course.is_open}
    for contact in contacts:
        if contact.gap_um <= LOOK_UM and contact.pair not in followed:
            known.setdefault((*contact.pair, 0), Course(*contact.pair))
    return tuple(
        course for course in known.values() if course.key[2] or course.pair not in followed
    )


def twist_since_contact(course: Course, twist_deg: float, time_s: float) -> tuple[Course, float]:
    """The body's turn since the encounter's first touch; NaN before it, or when unknown."""
    if isfinite(twist_deg):
        course = replaced(course, twists=(*course.twists, (time_s, twist_deg))[-HISTORY:])
    if course.encounter is None or not course.twists:
        return course, nan
    if not isfinite(course.twist0_deg):
        start_s = course.encounter.start_s
        first = min(course.twists, key=lambda known: abs(known[0] - start_s))
        course = replaced(course, twist0_deg=first[1])
    return course, twist_deg - course.twist0_deg


def chased(course: Course, nk: Cell | None, tumor: Cell, time_s: float, drift: Drift) -> Course:
    """The course with how far its tumor cell has gone off since the last contact.

    `drift` is what all cells share of their motion.
    """
    if course.encounter is None or not course.is_open or tumor.at_edge:
        return course
    if course.encounter.last_contact_s < time_s:
        return replaced(course, flight=flown(course.flight, tumor, time_s, drift))
    return course if nk is None else replaced(course, flight=begun(nk, tumor, time_s))


def told(course: Course, contact: Contact, time_s: float, rules: OutcomeRules) -> Course:
    """The course, its encounter with what this frame's contact adds to it.

    A turn that could be told in this frame and not in the one before is noted, but counts only
    when it can be told again in the next: a cell that can hardly be followed is now and then taken
    to have turned by anything. Of slip and orbit as much counts as two looks running agree on: an
    NK outline that fails for a frame lies on the other side of the tumor cell.
    """
    assert course.encounter is not None
    known = course.encounter
    since_s = time_s - known.start_s
    is_followed = isfinite(known.twist_deg) and not known.twist_reason
    max_twist = _larger(known.max_twist_deg, contact.twist_deg if is_followed else nan)
    slip_um = _both(known.slip_um, contact.slip_um) if is_followed else nan
    max_slip = _larger(known.max_slip_um, slip_um)
    bites = course.meal.bites
    twisted_s = _first(known.twisted_s, since_s, abs(max_twist) >= rules.twisted_deg)
    slipped_s = _first(known.slipped_s, since_s, abs(max_slip) >= rules.slipped_um)
    happened = {"twisted": isfinite(twisted_s), "slipped": isfinite(slipped_s), "bitten": bites}
    encounter = replaced(
        known,
        tags=tuple(tag for tag, so in happened.items() if so),
        twist_deg=_last(known.twist_deg, contact.twist_deg),
        max_twist_deg=max_twist,
        twisted_s=twisted_s,
        twist_reason=contact.twist_reason,
        slip_um=_last(known.slip_um, contact.slip_um),
        max_slip_um=max_slip,
        slipped_s=slipped_s,
        orbit_deg=_last(known.orbit_deg, contact.orbit_deg),
        max_orbit_deg=_larger(known.max_orbit_deg, _both(known.orbit_deg, contact.orbit_deg)),
        max_seal_fraction=max(known.max_seal_fraction, contact.seal_fraction),
        bites=bites,
        bitten_s=bites[0].time_s - known.start_s if bites else nan,
        bitten_fraction=_last(known.bitten_fraction, contact.bitten_fraction),
        viability=_last(known.viability, contact.viability),
        viability_evidence=contact.viability_evidence or known.viability_evidence,
    )
    turns = course.turns + isfinite(contact.twist_deg)
    return replaced(course, encounter=encounter, looks=course.looks + 1, turns=turns)


def _both(before: float, now: float) -> float:
    """As far from 0 as two looks running agree on; NaN if there are not two."""
    if not (isfinite(before) and isfinite(now)):
        return nan
    return min((before, now), key=abs) if before * now > 0 else 0.0


def _larger(before: float, now: float) -> float:
    """The one further from 0, NaN counting least."""
    return max((before, now), key=lambda value: abs(value) if isfinite(value) else -inf)


def _last(before: float, now: float) -> float:
    return now if isfinite(now) else before


def _first(before_s: float, now_s: float, happened: bool) -> float:
    return now_s if happened and not isfinite(before_s) else before_s
