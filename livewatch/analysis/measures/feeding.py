"""What each NK cell takes of its tumor cell in a frame; of several, who took it."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from livewatch.analysis.measures.bites import eaten, yielded
from livewatch.analysis.measures.uptake import uptake_of
from livewatch.replaced import replaced

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from livewatch.analysis.measures.course import Course
    from livewatch.analysis.measures.life import Life
    from livewatch.analysis.measures.portrait import Portrait
    from livewatch.model import Cell


def fed(
    courses: Iterable[Course],
    portraits: Mapping[int, Portrait],
    lives: Mapping[int, Life],
    seen: Mapping[int, Cell],
) -> tuple[Course, ...]:
    """The courses with what each NK cell holds of its tumor cell now."""
    after = []
    for course in courses:
        portrait = portraits.get(course.tumor_id)
        if portrait is not None and course.is_followed and _is_whole(course, seen):
            course = _fed_one(course, portrait, lives.get(course.tumor_id))
        after.append(course)
    at: dict[int, list[Course]] = {}
    for course in after:
        at.setdefault(course.tumor_id, []).append(course)
    return tuple(_yielding(course, at[course.tumor_id]) for course in after)


def _is_whole(course: Course, seen: Mapping[int, Cell]) -> bool:
    """Whether both cells of a pair are there, and the border cuts neither.

    What an NK cell holds is a share of all of the tumor's dye: of a part of it, it would be more.
    """
    pair = seen.get(course.nk_id), seen.get(course.tumor_id)
    return all(cell is not None and not cell.at_edge for cell in pair)


def _yielding(course: Course, at_it: Iterable[Course]) -> Course:
    """The course without the bites that another, of those at the tumor cell, shows more clearly."""
    if not course.is_followed:
        return course
    meal = yielded(course.meal, (other.meal for other in at_it))
    return course if meal is course.meal else replaced(course, meal=meal)


def _fed_one(course: Course, portrait: Portrait, life: Life | None) -> Course:
    """The course with what the NK cell holds of the tumor now."""
    uptake = uptake_of(portrait.crop, course.nk_id, portrait.dye, course.meal.leaks)
    if uptake is None:
        return course
    # A dying cell sheds pieces and spills its dye: those are no bites. Nor is what shows through
    # when the NK cell itself is inside.
    outside = not course.vacuole.holds
    holding = course.encounter is not None and outside and (life is None or life.is_alive)
    since_s = course.encounter.start_s if holding and course.encounter is not None else inf
    meal = eaten(course.meal, uptake, portrait.level, portrait.time_s, since_s=since_s)
    return replaced(course, meal=meal)
