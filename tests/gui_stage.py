"""A session that does what a test says, and steps of round cells for it to publish."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from livewatch.model import (
    Ask,
    Cell,
    Contact,
    Decision,
    Encounter,
    Exposure,
    Frame,
    Kind,
    Lateness,
    Observation,
    Plane,
    Purpose,
    Region,
    Request,
    Shot,
    Step,
    View,
)
from livewatch.tally import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from livewatch.alarm import Alarm

PLANES = (Plane("nk", 50.0), Plane("tumor", 50.0))
SIDE_PX = 512
PIXEL_UM = 0.65


def view(region: Region | None = None, side_px: int = SIDE_PX, position: str = "well A") -> View:
    return View(position, 100.0, 200.0, None, "10x", PIXEL_UM, 1, (side_px, side_px), region)


@dataclass(frozen=True)
class Disc:
    """A round cell in stage um."""

    id: int
    kind: Kind
    x_um: float
    y_um: float
    radius_um: float

    @property
    def cell(self) -> Cell:
        turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
        wave = self.radius_um * (1 + 0.06 * np.sin(5 * turn + self.id))
        outline = np.stack([self.x_um + wave * np.cos(turn), self.y_um + wave * np.sin(turn)], 1)
        return Cell(
            self.id,
            self.kind,
            self.x_um,
            self.y_um,
            np.pi * self.radius_um**2,
            2 * np.pi * self.radius_um,
            800.0,
            False,
            outline.astype(np.float32),
        )


def discs(count: int, at: View, seed: int = 1) -> list[Disc]:
    """`count` NK and as many tumor cells somewhere in a view; 0 touches `count`."""
    rng = np.random.default_rng(seed)
    places = rng.uniform(0.08, 0.92, (2 * count, 2)) * (at.width_um, at.height_um)
    found = []
    for index, (x_um, y_um) in enumerate(places):
        kind, radius = (Kind.NK, 5.0) if index < count else (Kind.TUMOR, 10.0)
        found.append(Disc(index, kind, at.left_um + x_um, at.top_um + y_um, radius))
    tumor = Disc(count, Kind.TUMOR, at.x_um + 6, at.y_um, 10.0)
    return [
        Disc(0, Kind.NK, at.x_um - 9.5, at.y_um + 1, 5.0),
        *found[1:count],
        tumor,
        *found[count + 1 :],
    ]


def pictures(at: View, cells: Sequence[Disc], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """NK and tumor image of discs, with camera noise."""
    rng = np.random.default_rng(seed)
    rows, columns = at.shape
    x = at.left_um + (np.arange(columns) + 0.5) * at.pixel_um
    y = at.top_um + (np.arange(rows) + 0.5) * at.pixel_um
    planes = {kind: np.full(at.shape, 110.0) for kind in Kind}
    for disc in cells:
        near = np.ix_(
            np.abs(y - disc.y_um) < 2 * disc.radius_um, np.abs(x - disc.x_um) < 2 * disc.radius_um
        )
        far = np.hypot(x[near[1]] - disc.x_um, y[near[0]] - disc.y_um) / disc.radius_um
        planes[disc.kind][near] += 700 / (1 + np.exp(8 * (far - 0.9)))
    nk, tumor = (rng.poisson(planes[kind]).astype(np.uint16) for kind in Kind)
    return nk, tumor


def frame(
    index: int = 0,
    at: View | None = None,
    cells: Sequence[Disc] = (),
    purpose: Purpose = Purpose.SURVEY,
    time_s: float = 0.0,
) -> Frame:
    at = at or view()
    shot = Shot(at, PLANES, time_s, purpose)
    exposures = tuple(Exposure(plane.channel, time_s, time_s + 0.05, 50.0) for plane in PLANES)
    return Frame(index, shot, at, pictures(at, cells, index), exposures, time_s)


def contact(nk_id: int = 0, tumor_id: int = 1, gap_um: float = 0.4) -> Contact:
    return Contact(nk_id, tumor_id, 0.0, 0.0, 0.0, 0.0, gap_um, 9.0, 0.23)


def encounter(number: int = 3, nk_id: int = 0, tumor_id: int = 1, **more: object) -> Encounter:
    return Encounter(
        number, "well A", nk_id, tumor_id, 30.0, 95.0, more.pop("end_s", None), 0.0, 0.0, **more
    )  # type: ignore[arg-type]


def seen(shown: Frame, cells: Sequence[Disc] = (), **more: object) -> Observation:
    inside = tuple(disc.cell for disc in cells if shown.view.holds(disc.x_um, disc.y_um))
    return Observation(shown.index, shown.number, shown.time_s, shown.view, inside, **more)  # type: ignore[arg-type]


def step(
    index: int = 0,
    at: View | None = None,
    cells: Sequence[Disc] = (),
    purpose: Purpose = Purpose.SURVEY,
    target: int | None = None,
    due_s: float = 0.0,
    time_s: float | None = None,
    **more: object,
) -> Step:
    """A frame, what was seen in it, and that the next shot is as this one."""
    shown = frame(index, at, cells, purpose, 2.0 * index if time_s is None else time_s)
    decision = Decision(Shot(shown.view, PLANES, due_s, purpose), "because a test says so", target)
    late = Lateness(0.004, 0.001, 0.013, 0.0002, 0.084)
    return Step(shown, seen(shown, cells, **more), decision, late)


@dataclass
class Stage:
    """Implements `livewatch.gui.source.Source`. Ends when asked to; not if it `holds`."""

    requests: list[Request] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    acknowledged: list[int] = field(default_factory=list)
    free_bytes: int = 231_000_000_000
    at_start: tuple[Step, ...] = ()
    ends_at_once: bool = False
    holds: bool = False
    failed: bool = False
    ending: str = "stopped: stopped in the window"

    def __post_init__(self) -> None:
        self.listeners: list[Callable[[Step], None]] = []
        self.started = False
        self.ended = ""
        self.time_s = 0.0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stage")

    def _run(self) -> None:
        self._end.wait()
        self.ended = self.ending

    @property
    def is_over(self) -> bool:
        return self.started and not self._thread.is_alive()

    def subscribe(self, callback: Callable[[Step], None]) -> None:
        self.listeners.append(callback)

    def start(self) -> None:
        self.started = True
        self._thread.start()
        for published in self.at_start:
            self.publish(published)
        if self.ends_at_once:
            self._end.set()

    def ask(self, request: Request) -> None:
        self.requests.append(request)
        if request.ask is Ask.END and not self.holds:
            self._end.set()

    def end(self) -> None:
        """End now."""
        self._end.set()

    def join(self, timeout: float | None = None) -> None:
        self._thread.join(timeout)

    def acknowledge(self, alarm: int) -> None:
        self.acknowledged.append(alarm)

    def status(self) -> Status:
        alarms = tuple(self.alarms)
        return Status(self.time_s, self.free_bytes, "session", self.ended, self.failed, alarms)

    def publish(self, published: Step) -> None:
        for listener in self.listeners:
            listener(published)

    @property
    def asked(self) -> list[Ask]:
        return [request.ask for request in self.requests]
