"""All measures of one frame: which pairs to look at, what each shows, what that adds up to."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nan
from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.encounters import LOST
from livewatch.analysis.measures.course import (
    NOT_FED,
    Course,
    chased,
    taken_up,
    told,
    twist_since_contact,
)
from livewatch.analysis.measures.crop import averaged
from livewatch.analysis.measures.feeding import fed
from livewatch.analysis.measures.gallery import bodies_kept, portraits_of
from livewatch.analysis.measures.life import drift_among, fade_of, first_seen
from livewatch.analysis.measures.losses import evidence_of, likeliest
from livewatch.analysis.measures.outcome import ended
from livewatch.analysis.measures.outline import (
    DIRECTIONS,
    distances_um,
    elongation_of,
    share_nearer,
)
from livewatch.analysis.measures.patch import patch_of
from livewatch.analysis.measures.portrait import CUT
from livewatch.analysis.measures.slip import moved
from livewatch.analysis.measures.texture import RINGS
from livewatch.analysis.measures.twist import blended
from livewatch.analysis.measures.vacuole import looked_at
from livewatch.model import Kind, Outcome
from livewatch.replaced import replaced

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from livewatch.analysis.measures.life import Life
    from livewatch.analysis.measures.portrait import Portrait
    from livewatch.analysis.measures.roam import Drift
    from livewatch.analysis.measures.twist import Body
    from livewatch.model import Cell, Contact, Encounter, Frame
    from livewatch.settings import Experiment

FORGET_S = 3600.0
"""A cell not seen for this long does not come back."""


@dataclass(frozen=True, slots=True, eq=False)
class Notes:
    """What is remembered between frames; bounded by the cells and unsettled encounters there are.

    `bodies` and `lives` are of tumor cells, `fades` what bleaching left of the dye by position.
    """

    courses: tuple[Course, ...] = ()
    bodies: tuple[Body, ...] = ()
    lives: tuple[Life, ...] = ()
    fades: tuple[tuple[str, float], ...] = ()


class Measurer:
    """Measures encounters. Pure: what is remembered goes in and comes out."""

    def __init__(self, experiment: Experiment) -> None:
        self._rules = experiment.outcome
        self._touch = experiment.contact

    def begin(self) -> Notes:
        """Nothing remembered."""
        return Notes()

    def warm_up(self) -> None:
        """Compile, or load from the cache, what is compiled."""
        for camera in (np.uint8, np.uint16):
            averaged(np.zeros((4, 4), camera), 2)
        blank = np.zeros((len(RINGS), DIRECTIONS), np.float32)
        blended(blank, blank, blank, blank, 0.5, 0.5)
        square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]])
        share_nearer(square, square, 1.0)
        distances_um(square, square, 1.0)
        elongation_of(square, 0.0, 0.0)
        evidence_of(0.0, 0.0)
        likeliest(np.repeat(np.arange(8.0)[:, None], 3, axis=1), -inf, inf, 0.1)

    def observe(
        self,
        notes: Notes,
        frame: Frame,
        cells: Sequence[Cell],
        contacts: Sequence[Contact],
        encounters: Sequence[Encounter],
    ) -> tuple[Notes, tuple[Contact, ...], tuple[Encounter, ...], tuple[int, ...]]:
        """Measure one frame.

        `cells` carry the tracks' identities; `encounters` are those open, at any position, and
        those that closed with this frame. Back come contacts and encounters with their measures,
        after them the encounters closed earlier whose outcome became known, and the ids of these.
        """
        here = frame.view.position
        lives, fade, drift = _lives(notes, frame, cells)
        shown = {cell.id for cell in cells}
        waiting = [_with_its_fate_open(one, shown) for one in encounters]
        courses = taken_up(notes.courses, contacts, waiting)
        portraits = portraits_of(notes.bodies, frame, cells, courses, contacts)
        for tumor_id in lives.keys() & portraits.keys():
            lives[tumor_id] = lives[tumor_id].judged(portraits[tumor_id], self._rules)
        measured = {contact.pair: contact for contact in contacts}
        seen = {cell.id: cell for cell in cells}
        courses = fed(courses, portraits, lives, seen)
        followed = []
        for course in courses:
            contact, portrait = measured.get(course.pair), portraits.get(course.tumor_id)
            if contact is not None and portrait is not None and course.is_followed:
                life = lives.get(course.tumor_id)
                pair = seen[course.nk_id], seen[course.tumor_id]
                course, contact = self._looked_at(course, portrait, pair, contact, life)
                measured[course.pair] = contact
            elif course.nk_id in seen and course.tumor_id in seen:
                course = replaced(course, parted=True)
            if course.tumor_id in seen:
                tumor = seen[course.tumor_id]
                course = chased(course, seen.get(course.nk_id), tumor, frame.time_s, drift)
            if course.position == here:
                life = lives.get(course.tumor_id)
                course = self._concluded(course, life, frame.time_s, courses)
            followed.append(course)
        told_of = {one.encounter.id: one.encounter for one in followed if one.encounter is not None}
        current = tuple(told_of[one.id] for one in encounters)
        late = _settled_late(notes.courses, told_of, {one.id for one in encounters})
        kept = tuple(course for course in followed if course.has_open_question(measured))
        fades = (*(one for one in notes.fades if one[0] != here), (here, fade))
        now = Notes(kept, bodies_kept(notes.bodies, portraits, kept), tuple(lives.values()), fades)
        return now, tuple(measured.values()), (*current, *late), tuple(one.id for one in late)

    def _looked_at(
        self,
        course: Course,
        portrait: Portrait,
        pair: tuple[Cell, Cell],
        contact: Contact,
        life: Life | None,
    ) -> tuple[Course, Contact]:
        """One pair's measures, added to its course and its contact.

        Of a pair that the image border cuts nothing is measured: a part has another outline,
        another middle and another amount of dye than the whole.
        """
        if any(cell.at_edge for cell in pair):
            return self._cut_off(course, contact, life, portrait.time_s)
        course, twist_deg = twist_since_contact(course, portrait.turn.twist_deg, portrait.time_s)
        meal = NOT_FED if course.encounter is None else course.meal
        contact = replaced(
            contact,
            tumor_area_um2=portrait.outline.area_um2,
            tumor_roundness=portrait.outline.roundness,
            tumor_waves_um=portrait.outline.waves_um,
            tumor_speed_um_per_s=nan if life is None else life.roam.speed_um_per_s,
            shed_fraction=nan if life is None else life.shed,
            twist_deg=twist_deg,
            twist_quality=portrait.turn.quality,
            twist_reason=portrait.turn.reason,
            viability=nan if life is None else life.viability,
            viability_evidence="" if life is None else life.evidence,
            bites=len(meal.bites),
            bitten_fraction=meal.fraction,
        )
        if course.encounter is None:
            return course, contact
        course, contact = self._patched(course, portrait, pair[0], contact)
        return told(course, contact, portrait.time_s, self._rules), contact

    def _cut_off(
        self, course: Course, contact: Contact, life: Life | None, time_s: float
    ) -> tuple[Course, Contact]:
        """A pair of which the image shows a part: what was known stays, nothing is added."""
        contact = replaced(
            contact,
            seal_fraction=nan,
            twist_reason=CUT,
            viability=nan if life is None else life.viability,
            viability_evidence="" if life is None else life.evidence,
            bites=len(course.meal.bites),
            bitten_fraction=course.meal.fraction,
        )
        if course.encounter is None:
            return course, contact
        return told(course, contact, time_s, self._rules), contact

    def _patched(
        self, course: Course, portrait: Portrait, nk: Cell, contact: Contact
    ) -> tuple[Course, Contact]:
        """Where the NK cell lies on the tumor, and how far it has moved there."""
        patch = patch_of(portrait.outline, nk.outline_um, self._touch.touch_um)
        vacuole = looked_at(course.vacuole, nk, portrait.outline, patch, portrait.time_s)
        parted = course.parted and patch is None and not vacuole.holds
        course = replaced(course, vacuole=vacuole, parted=parted)
        if vacuole.holds:  # all around it is membrane, and no place on it
            return course, replaced(contact, seal_fraction=nan)
        if patch is None:
            return course, replaced(contact, contact_um=0.0, seal_fraction=0.0)
        radius_um = portrait.outline.mean_radius_um
        slip, orbit_deg, slip_um = moved(
            course.slip, patch.middle_deg, contact.twist_deg, radius_um
        )
        course = replaced(course, slip=slip, radius_um=radius_um)
        return course, replaced(
            contact,
            contact_um=patch.length_um,
            seal_fraction=patch.fraction,
            patch_deg=patch.middle_deg,
            patch_start_deg=patch.start_deg,
            patch_end_deg=patch.end_deg,
            orbit_deg=orbit_deg,
            slip_um=slip_um,
        )

    def _concluded(
        self, course: Course, life: Life | None, time_s: float, courses: Iterable[Course]
    ) -> Course:
        if course.encounter is None:
            return course
        others = (  # not gone through for each pair: few ask for them
            other.encounter
            for other in courses
            if other.tumor_id == course.tumor_id
            and other.nk_id != course.nk_id
            and other.encounter is not None
        )
        encounter = ended(course, life, time_s, self._rules, others)
        return course if encounter is course.encounter else replaced(course, encounter=encounter)


def _with_its_fate_open(encounter: Encounter, shown: Container[int]) -> Encounter:
    """An encounter whose NK cell was lost: what becomes of its tumor cell can still be seen."""
    is_lost = encounter.outcome is Outcome.CENSORED and encounter.outcome_reason == LOST
    if is_lost and encounter.nk_id not in shown and encounter.tumor_id in shown:
        return replaced(encounter, outcome=Outcome.ONGOING, outcome_reason="")
    return encounter


def _lives(
    notes: Notes, frame: Frame, cells: Iterable[Cell]
) -> tuple[dict[int, Life], float, Drift]:
    """Every tumor cell's life with this frame's dye, what bleaching left of it, and the drift."""
    tumors = [cell for cell in cells if cell.kind is Kind.TUMOR]
    lives = {life.tumor_id: life for life in notes.lives if frame.time_s - life.time_s < FORGET_S}
    fade = fade_of(lives, tumors, dict(notes.fades).get(frame.view.position, 1.0))
    drift = drift_among(lives, tumors)
    for cell in tumors:
        if cell.id in lives:
            lives[cell.id] = lives[cell.id].seen_again(cell, fade, drift, frame.time_s)
        elif not cell.at_edge:
            lives[cell.id] = first_seen(cell, fade, frame.time_s)
    return lives, fade, drift


def _settled_late(
    before: Iterable[Course], now: Mapping[int, Encounter], current: set[int]
) -> list[Encounter]:
    """Encounters closed earlier whose outcome became known with this frame."""
    waited = {one.encounter.id for one in before if one.encounter is not None and one.is_unsettled}
    return [
        encounter
        for key, encounter in now.items()
        if key in waited - current and encounter.outcome is not Outcome.ONGOING
    ]
