"""The tumor cells of a frame that courses are about, each looked at once for all its NK cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livewatch.analysis.measures.around import Around
from livewatch.analysis.measures.crop import Images
from livewatch.analysis.measures.portrait import portrait_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from livewatch.analysis.measures.course import Course
    from livewatch.analysis.measures.portrait import Portrait
    from livewatch.analysis.measures.twist import Body
    from livewatch.model import Cell, Contact, Frame


def portraits_of(
    bodies: Iterable[Body],
    frame: Frame,
    cells: Sequence[Cell],
    courses: Iterable[Course],
    contacts: Iterable[Contact],
) -> dict[int, Portrait]:
    """A closer look at each tumor cell that a course is about, with the NK cells at it.

    `bodies` are those remembered.
    """
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
    known = {body.tumor_id: body for body in bodies}
    around = Around.of(cells)
    portraits = {}
    for tumor_id, nks in partners.items():
        tumor = seen[tumor_id]
        near_by = around.reaching((tumor, *nks))
        portraits[tumor_id] = portrait_of(frame, images, tumor, nks, near_by, known.get(tumor_id))
    return {key: portrait for key, portrait in portraits.items() if portrait is not None}


def bodies_kept(
    bodies: Iterable[Body], portraits: Mapping[int, Portrait], courses: Iterable[Course]
) -> tuple[Body, ...]:
    """The tumor bodies to remember: those that a course is still about."""
    known = {body.tumor_id: body for body in bodies}
    for portrait in portraits.values():
        if portrait.body is not None:
            known[portrait.body.tumor_id] = portrait.body
    wanted = {course.tumor_id for course in courses}
    return tuple(body for tumor_id, body in known.items() if tumor_id in wanted)
