"""Sight: a frame in, the cells of both channels out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import cv2
import numpy as np

from livewatch.analysis.segmentation import dim, spread
from livewatch.analysis.segmentation.bleed import coefficient, without
from livewatch.analysis.segmentation.classic import find, glanced, taken
from livewatch.analysis.segmentation.ground import ACROSS_PX, Ground, ground, warm_up
from livewatch.analysis.segmentation.measure import measured
from livewatch.analysis.segmentation.memory import Leak, Memory
from livewatch.analysis.segmentation.past import added, known
from livewatch.analysis.segmentation.pieces import Pieces
from livewatch.analysis.segmentation.seen import Seen, Sighting
from livewatch.analysis.segmentation.segmenter import OWN, SPREAD, checked, segmenter
from livewatch.analysis.segmentation.usable import spoilt
from livewatch.model import Exposure, Frame, Kind, Plane, Purpose, Shot, View

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from livewatch.analysis.segmentation.past import Glance
    from livewatch.analysis.segmentation.segmenter import Segmenter
    from livewatch.model import Cell, Pixels
    from livewatch.settings import Experiment


class Look(NamedTuple):
    """One channel's image, its background taken off, and the light that was spent on it."""

    kind: Kind
    ground: Ground
    dose: float
    problem: str | None
    pixels: Pixels
    pixel_um: float


class Found(NamedTuple):
    """One channel's image without bleed-through, the cells in it, and the share taken off."""

    seen: Ground
    pieces: Pieces
    bleed: float
    problem: str | None = None
    glance: Glance | None = None
    cells: tuple[Cell, ...] = ()


NONE = np.zeros(0, np.float32)
NOTHING = Pieces(np.zeros((0, 0), np.int32), np.zeros((0, 4), np.int32), NONE, NONE)
Item = TypeVar("Item")
Result = TypeVar("Result")


class Sight:
    """Finds cells of both kinds in a frame.

    Pure: what is remembered from frame to frame goes in and comes out. `together` is a
    map-like callable that may run two independent jobs in parallel. Raises `SegmenterError`
    where the experiment asks for a segmenter that is not there.
    """

    def __init__(self, experiment: Experiment, *, together: Callable[..., Any] = map) -> None:
        self._diameter_um = {
            Kind.NK: experiment.cells.nk_diameter_um,
            Kind.TUMOR: experiment.cells.tumor_diameter_um,
        }
        names = {
            Kind.NK: experiment.cells.nk_segmenter,
            Kind.TUMOR: experiment.cells.tumor_segmenter,
        }
        self._segmenters = {
            kind: None if name in OWN else segmenter(name) for kind, name in names.items()
        }
        self._spread = frozenset(kind for kind, name in names.items() if name == SPREAD)
        shift_um = experiment.cells.shift_x_um, experiment.cells.shift_y_um
        self._shift_um = {Kind.NK: (0.0, 0.0), Kind.TUMOR: shift_um}
        self._together = together

    def begin(self) -> Memory:
        """Nothing is remembered."""
        return Memory()

    def warm_up(self) -> None:
        """Compile, or load from the cache, everything that is compiled.

        Sets OpenCV to one thread, in the whole process: channels run in parallel instead.
        """
        cv2.setNumThreads(1)
        warm_up()
        dim.warm_up()
        image = np.full((64, 64), 100, np.uint16)
        image[20:40, 20:40] = 1000
        image[22:38, 36:50] = 1000
        image[::2, ::2] += 1
        view = View("", 0.0, 0.0, None, "", 0.65, 1, (64, 64))
        planes = tuple(Plane(kind.value, 1.0) for kind in Kind)
        exposures = tuple(Exposure(kind.value, 0.0, 0.0, 1.0) for kind in Kind)
        shot = Shot(view, planes, 0.0, Purpose.SURVEY)
        self.see(self.begin(), Frame(0, shot, view, (image, image), exposures, 0.0))

    def see(self, memory: Memory, frame: Frame) -> tuple[Memory, Sighting]:
        """The memory after a frame, and the cells in its channels 'nk' and 'tumor'."""
        planes = [
            (kind, plane, pixels)
            for plane, pixels in zip(frame.shot.planes, frame.planes, strict=True)
            for kind in Kind
            if plane.channel == kind.value
        ]
        looks = self._each(lambda plane: self._look(*plane, frame.view), planes)
        found = self._find(memory, looks, frame.view)
        memory, found = judged(memory, looks, found, frame.view)
        if len(looks) == len(Kind) and not any(one.problem for one in found):
            learnt = self._learn(memory, looks, found)
            if is_news(memory, learnt):
                found = self._find(learnt, looks, frame.view)
            memory = learnt
        by_kind = {
            look.kind: self._seen(look, one, frame.view)
            for look, one in zip(looks, found, strict=True)
        }
        return memory, Sighting(by_kind.get(Kind.NK), by_kind.get(Kind.TUMOR))

    def _each(self, job: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """The job's results for each item, in order."""
        return list(self._together(job, items))

    def _look(self, kind: Kind, plane: Plane, pixels: Pixels, view: View) -> Look:
        """One channel's image with its background taken off."""
        across_px = spread.ACROSS_PX if kind in self._spread else ACROSS_PX
        seen = ground(pixels, view.pixel_um, self._diameter_um[kind], across_px)
        return Look(kind, seen, plane.dose, spoilt(pixels), pixels, view.pixel_um)

    def _find(self, memory: Memory, looks: list[Look], view: View) -> list[Found]:
        """The cells in each channel, bleed-through taken off as far as it is known."""

        def job(look: Look) -> Found:
            found = self._parted(look, memory, looks)
            corner_um = self._corner_um(look.kind, view)
            return found._replace(cells=measured(found.pieces, found.seen, look.kind, corner_um))

        return self._each(job, looks)

    def _parted(self, look: Look, memory: Memory, looks: list[Look]) -> Found:
        """One channel's image in pieces, which are not measured yet."""
        if look.problem:
            return Found(look.ground, NOTHING, 0.0, look.problem)
        share = leaking(memory, look, looks)
        other = next((one for one in looks if one.kind is not look.kind), look)
        clean = without(look.ground, other.ground, share)
        theirs = self._segmenters[look.kind]
        if theirs is None:
            pieces = spread.find(clean) if look.kind in self._spread else find(clean)
            return Found(clean, pieces, share, glance=glanced(clean, pieces))
        return self._ask(theirs, look, clean, share)

    def _ask(self, theirs: Segmenter, look: Look, clean: Ground, share: float) -> Found:
        """The cells that a plug-in finds. Whatever it does wrong becomes the image's problem."""
        diameter_um = self._diameter_um[look.kind]
        try:
            labels, label_um = theirs(look.pixels, look.pixel_um, diameter_um)
            labels = checked(labels, label_um, look.pixels, look.pixel_um)
        except Exception as error:  # noqa: BLE001 - foreign code may raise anything
            return Found(clean, NOTHING, share, f"its segmenter failed: {one_line(error)}")
        return Found(clean, taken(clean, labels, label_um), share)

    def _learn(self, memory: Memory, looks: list[Look], found: list[Found]) -> Memory:
        """Bleed-through measured once more, where that is due."""

        def job(into: int) -> Leak:
            leak, source = memory.into(looks[into].kind), 1 - into
            if not leak.is_due:
                return leak.learnt(None)
            pieces = found[source].pieces
            share = coefficient(
                pieces.labels, pieces.boxes, looks[source].ground, looks[into].ground
            )
            light = looks[source].dose / looks[into].dose
            return leak.learnt(None if share is None else share * light)

        leaks = {leak.into: leak for leak in self._each(job, (0, 1))}
        return replace(memory, into_nk=leaks[Kind.NK], into_tumor=leaks[Kind.TUMOR])

    def _corner_um(self, kind: Kind, view: View) -> NDArray[np.float64]:
        """Where a channel's image has its top-left corner, the chromatic shift taken off."""
        return np.array((view.left_um, view.top_um)) - self._shift_um[kind]

    def _seen(self, look: Look, found: Found, view: View) -> Seen:
        """One channel, without cells where it has a problem."""
        left_um, top_um = self._corner_um(look.kind, view).tolist()
        bad, shape = found.problem is not None, found.seen.signal.shape
        return Seen(
            kind=look.kind,
            labels=np.zeros(shape, np.int32) if bad else found.pieces.labels,
            pixel_um=found.seen.pixel_um,
            left_um=left_um,
            top_um=top_um,
            signal=found.seen.signal,
            noise=found.seen.noise,
            cells=() if bad else found.cells,
            bleed=found.bleed,
            problem=f"{look.kind} image: {found.problem}" if bad else None,
        )


def judged(
    memory: Memory, looks: list[Look], found: list[Found], view: View
) -> tuple[Memory, list[Found]]:
    """Memory after these images, and the images, those told that are out of focus or dark."""
    told = []
    for look, one in zip(looks, found, strict=True):
        glance = one.glance
        if glance is None:
            told.append(one)
            continue
        past = known(memory.pasts, look.kind, view)
        told.append(one._replace(problem=past.doubt(glance)))
        memory = replace(memory, pasts=added(memory.pasts, past.after(glance)))
    return memory, told


def one_line(error: Exception) -> str:
    """An exception in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]


def leaking(memory: Memory, look: Look, looks: list[Look]) -> float:
    """The share of the other channel's signal to be taken off this one's."""
    if len(looks) < len(Kind):
        return 0.0
    other = looks[0] if looks[1] is look else looks[1]
    return memory.into(look.kind).share * look.dose / other.dose


def is_news(before: Memory, after: Memory) -> bool:
    """Whether bleed-through has just been found, so that the frame must be seen again."""
    return any(before.into(kind).told == 0 and after.into(kind).share > 0 for kind in Kind)
