"""All measures of one frame: which pairs to look at, what each shows, what that adds up to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import hypot, inf, isfinite, nan
from typing import TYPE_CHECKING

import numpy as np

from livewatch.analysis.encounters import LOST
from livewatch.analysis.measures.around import Around
from livewatch.analysis.measures.bites import eaten, yielded
from livewatch.analysis.measures.course import Course, taken_up, told, twist_since_contact
from livewatch.analysis.measures.crop import Images, averaged
from livewatch.analysis.measures.life import fade_of, first_seen
from livewatch.analysis.measures.losses import change_at
from livewatch.analysis.measures.outcome import ended
from livewatch.analysis.measures.outline import (
    DIRECTIONS,
    distances_um,
    elongation_of,
    share_within,
    share_within_hull,
)
from livewatch.analysis.measures.patch import patch_of
from livewatch.analysis.measures.portrait import CUT, portrait_of
from livewatch.analysis.measures.slip import moved
from livewatch.analysis.measures.texture import RINGS
from livewatch.analysis.measures.twist import blended, turned_back
from livewatch.analysis.measures.uptake import uptake_of
from livewatch.model import Kind, Outcome

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from livewatch.analysis.measures.life import Life
    from livewatch.analysis.measures.outline import Outline
    from livewatch.analysis.measures.portrait import Portrait
    from livewatch.analysis.measures.twist import Body
    from livewatch.model import Cell, Contact, Encounter, Frame
    from livewatch.settings import Experiment

FORGET_S = 3600.0
"""A cell not seen for this long does not come back."""
ENGULFED_SHARE, BRIM_SHARE, STILL_INSIDE = 0.85, 0.95, 0.8
"""Of one cell's outline lies on, or in, the other: one is inside the other."""
SEAL_MORE_UM = 0.0


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
        blended(*turned_back(blank, blank, 0.5), blank, blank, 0.5)
        square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]])
        distances_um(square, square, 1.0)
        elongation_of(square, 0.0, 0.0)
        change_at(np.repeat(np.arange(8.0)[:, None], 3, axis=1), 4, 4.0, 0.1)

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
        lives, fade = _lives(notes, frame, cells)
        shown = {cell.id for cell in cells}
        waiting = [_with_its_fate_open(one, shown) for one in encounters]
        courses = taken_up(notes.courses, contacts, waiting)
        portraits = _portraits(notes, frame, cells, courses, contacts)
        for tumor_id in lives.keys() & portraits.keys():
            lives[tumor_id] = lives[tumor_id].judged(portraits[tumor_id], self._rules)
        measured = {contact.pair: contact for contact in contacts}
        seen = {cell.id: cell for cell in cells}
        courses = _fed(courses, portraits, lives, seen)
        followed = []
        for course in courses:
            contact, portrait = measured.get(course.pair), portraits.get(course.tumor_id)
            if contact is not None and portrait is not None and course.is_followed:
                life = lives.get(course.tumor_id)
                pair = seen[course.nk_id], seen[course.tumor_id]
                course, contact = self._looked_at(course, portrait, pair, contact, life)
                measured[course.pair] = contact
            elif course.nk_id in seen and course.tumor_id in seen:
                course = replace(course, parted=True)
            if course.position == here:
                life = lives.get(course.tumor_id)
                course = self._concluded(course, life, frame.time_s, courses)
            followed.append(course)
        told_of = {one.encounter.id: one.encounter for one in followed if one.encounter is not None}
        current = tuple(told_of[one.id] for one in encounters)
        late = _settled_late(notes.courses, told_of, {one.id for one in encounters})
        kept = tuple(course for course in followed if course.has_open_question(measured))
        fades = (*(one for one in notes.fades if one[0] != here), (here, fade))
        now = Notes(kept, _bodies(notes, portraits, kept), tuple(lives.values()), fades)
        settled = tuple(encounter.id for encounter in late)
        return now, tuple(measured.values()), (*current, *late), settled

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
        contact = replace(
            contact,
            tumor_area_um2=portrait.outline.area_um2,
            tumor_roundness=portrait.outline.roundness,
            tumor_waves_um=portrait.outline.waves_um,
            twist_deg=twist_deg,
            twist_quality=portrait.turn.quality,
            twist_reason=portrait.turn.reason,
            viability=nan if life is None else life.viability,
            viability_evidence="" if life is None else life.evidence,
        )
        if course.encounter is None:
            return course, contact
        course, contact = self._patched(course, portrait, pair[0], contact)
        contact = replace(
            contact, bites=len(course.meal.bites), bitten_fraction=course.meal.fraction
        )
        return told(course, contact, portrait.time_s, self._rules), contact

    def _cut_off(
        self, course: Course, contact: Contact, life: Life | None, time_s: float
    ) -> tuple[Course, Contact]:
        """A pair of which the image shows a part: what was known stays, nothing is added."""
        contact = replace(
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
        within_um = self._touch.touch_um + SEAL_MORE_UM
        patch = patch_of(portrait.outline, nk.outline_um, within_um)
        inside = _is_inside(nk, portrait.outline, already=isfinite(course.engulfed_s)) or (
            patch is not None and patch.fraction > ENGULFED_SHARE
        )
        since_s = course.engulfed_s if isfinite(course.engulfed_s) else portrait.time_s
        parted = course.parted and patch is None and not inside
        course = replace(course, engulfed_s=since_s if inside else nan, parted=parted)
        if patch is None:
            return course, replace(contact, contact_um=0.0, seal_fraction=0.0)
        radius_um = portrait.outline.mean_radius_um
        slip, orbit_deg, slip_um = moved(
            course.slip, patch.middle_deg, contact.twist_deg, radius_um
        )
        course = replace(course, slip=slip, radius_um=radius_um)
        return course, replace(
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
        others = [
            other.encounter
            for other in courses
            if other.tumor_id == course.tumor_id
            and other.nk_id != course.nk_id
            and other.encounter is not None
        ]
        encounter = ended(course, life, time_s, self._rules, others)
        return course if encounter is course.encounter else replace(course, encounter=encounter)


def _is_inside(nk: Cell, tumor: Outline, *, already: bool) -> bool:
    """Whether an NK cell lies within a tumor cell: most of it in its mask, nearly all in its cup.

    One that is `already` inside is out again only when it has left the cup: outlines waver.
    """
    apart_um = hypot(nk.x_um - tumor.x_um, nk.y_um - tumor.y_um)
    if apart_um >= tumor.radius_um.max():
        return False
    in_cup = share_within_hull(nk.outline_um, tumor)
    if already:
        return in_cup > STILL_INSIDE
    return in_cup > BRIM_SHARE and share_within(nk.outline_um, tumor) > ENGULFED_SHARE


def _with_its_fate_open(encounter: Encounter, shown: Container[int]) -> Encounter:
    """An encounter whose NK cell was lost: what becomes of its tumor cell can still be seen."""
    is_lost = encounter.outcome is Outcome.CENSORED and encounter.outcome_reason == LOST
    if is_lost and encounter.nk_id not in shown and encounter.tumor_id in shown:
        return replace(encounter, outcome=Outcome.ONGOING, outcome_reason="")
    return encounter


def _lives(notes: Notes, frame: Frame, cells: Iterable[Cell]) -> tuple[dict[int, Life], float]:
    """Every tumor cell's life with this frame's dye, and what bleaching left of it."""
    tumors = [cell for cell in cells if cell.kind is Kind.TUMOR]
    lives = {life.tumor_id: life for life in notes.lives if frame.time_s - life.time_s < FORGET_S}
    fade = fade_of(lives, tumors, dict(notes.fades).get(frame.view.position, 1.0))
    for cell in tumors:
        if cell.id in lives:
            lives[cell.id] = lives[cell.id].with_dye(cell, fade, frame.time_s)
        elif not cell.at_edge:
            lives[cell.id] = first_seen(cell, fade, frame.time_s)
    return lives, fade


def _portraits(
    notes: Notes,
    frame: Frame,
    cells: Sequence[Cell],
    courses: Iterable[Course],
    contacts: Iterable[Contact],
) -> dict[int, Portrait]:
    """A closer look at each tumor cell that a course is about, with the NK cells at it."""
    seen = {cell.id: cell for cell in cells}
    near = {contact.pair for contact in contacts}
    partners: dict[int, list[Cell]] = {}
    for course in courses:
        if course.tumor_id in seen:
            at_it = partners.setdefault(course.tumor_id, [])
            if course.pair in near and course.is_followed:
                at_it.append(seen[course.nk_id])
    if not partners:
        return {}
    images = Images(frame.plane("tumor"), frame.plane("nk"), frame.plane("death"))
    bodies = {body.tumor_id: body for body in notes.bodies}
    around = Around.of(cells)
    portraits = {}
    for tumor_id, nks in partners.items():
        tumor = seen[tumor_id]
        near_by = around.reaching((tumor, *nks))
        portraits[tumor_id] = portrait_of(frame, images, tumor, nks, near_by, bodies.get(tumor_id))
    return {key: portrait for key, portrait in portraits.items() if portrait is not None}


def _bodies(
    notes: Notes, portraits: Mapping[int, Portrait], courses: Iterable[Course]
) -> tuple[Body, ...]:
    """The tumor bodies to remember: those that a course is still about."""
    bodies = {body.tumor_id: body for body in notes.bodies}
    for portrait in portraits.values():
        if portrait.body is not None:
            bodies[portrait.body.tumor_id] = portrait.body
    wanted = {course.tumor_id for course in courses}
    return tuple(body for tumor_id, body in bodies.items() if tumor_id in wanted)


def _fed(
    courses: Iterable[Course],
    portraits: Mapping[int, Portrait],
    lives: Mapping[int, Life],
    seen: Mapping[int, Cell],
) -> tuple[Course, ...]:
    """The courses with what each NK cell holds of its tumor cell now."""
    fed = []
    for course in courses:
        portrait, nk = portraits.get(course.tumor_id), seen.get(course.nk_id)
        if portrait is not None and nk is not None and course.is_followed and not nk.at_edge:
            course = _fed_one(course, portrait, lives.get(course.tumor_id))
        fed.append(course)
    at: dict[int, list[Course]] = {}
    for course in fed:
        at.setdefault(course.tumor_id, []).append(course)
    return tuple(
        replace(course, meal=yielded(course.meal, (other.meal for other in at[course.tumor_id])))
        if course.is_followed
        else course
        for course in fed
    )


def _fed_one(course: Course, portrait: Portrait, life: Life | None) -> Course:
    """The course with what the NK cell holds of the tumor now."""
    uptake = uptake_of(portrait.crop, course.nk_id, portrait.dye, course.meal.leaks)
    if uptake is None:
        return course
    # A dying cell sheds pieces and spills its dye: those are no bites. Nor is what shows through
    # when the NK cell itself is inside.
    outside = not isfinite(course.engulfed_s)
    holding = course.encounter is not None and outside and (life is None or life.is_alive)
    since_s = course.encounter.start_s if holding and course.encounter is not None else inf
    meal = eaten(course.meal, uptake, portrait.level, portrait.time_s, since_s=since_s)
    return replace(course, meal=meal)


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
