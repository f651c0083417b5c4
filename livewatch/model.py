"""The words of livewatch: what flows between microscope, analysis and policy.

Every noun is a frozen value. Lengths are in um, times in s (exposures in ms, as on
every camera's dial), angles in degrees, and the unit is in the name. Positions are stage
coordinates: x runs along image columns, y along image rows, downward; so a cell keeps its
place when the view is zoomed.

This module knows nothing of devices, files, threads or windows.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from livewatch.replaced import replaced
from livewatch.roundness import roundness

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    Pixels: TypeAlias = NDArray[np.uint8 | np.uint16]


class Kind(StrEnum):
    """What sort of cell it is."""

    NK = "nk"
    TUMOR = "tumor"


class Purpose(StrEnum):
    """Why a shot is taken; also the mode the microscope is in."""

    SURVEY = "survey"
    WATCH = "watch"
    ENCOUNTER = "encounter"
    BURST = "burst"
    COOLDOWN = "cooldown"


class Outcome(StrEnum):
    """How an encounter ended (see the design's measures of contact)."""

    ONGOING = "ongoing"
    KILLED = "killed"
    EVADED = "evaded"
    RELEASED = "released"
    ENGULFED = "engulfed"
    CENSORED = "censored"


# --- where and how the microscope looks --------------------------------------------


@dataclass(frozen=True, slots=True)
class Region:
    """Part of the sensor that is read out, in unbinned sensor pixels."""

    x_px: int
    y_px: int
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True)
class View:
    """Where the camera looks, and how. Complete: nothing is inherited from before.

    `stage_x_um`, `stage_y_um` is where the optical axis (the middle of the whole sensor)
    meets the sample. `pixel_um` is the size of one *image* pixel, binning included.
    `sensor_px` is (width, height) of the whole sensor, unbinned; for a split image, of one
    half. `region` None means the whole sensor. `trim_x_um`, `trim_y_um`, `trim_z_um` is what is
    added to the objective's offset: by so much a check of the aim found it wrong.
    """

    position: str
    stage_x_um: float
    stage_y_um: float
    z_um: float | None
    objective: str
    pixel_um: float
    binning: int
    sensor_px: tuple[int, int]
    region: Region | None = None
    trim_x_um: float = 0.0
    trim_y_um: float = 0.0
    trim_z_um: float = 0.0

    @property
    def whole(self) -> View:
        """The same view with the whole sensor read."""
        return self if self.region is None else replaced(self, region=None)

    @property
    def window(self) -> Region:
        """The region that is read out, stated even when it is the whole sensor."""
        return self.region or Region(0, 0, *self.sensor_px)

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns) of the image this view gives."""
        window = self.window
        return window.height_px // self.binning, window.width_px // self.binning

    @property
    def left_um(self) -> float:
        """Stage x of the image's left edge."""
        unbinned_um = self.pixel_um / self.binning
        return self.stage_x_um + (self.window.x_px - self.sensor_px[0] / 2) * unbinned_um

    @property
    def top_um(self) -> float:
        """Stage y of the image's top edge."""
        unbinned_um = self.pixel_um / self.binning
        return self.stage_y_um + (self.window.y_px - self.sensor_px[1] / 2) * unbinned_um

    @property
    def width_um(self) -> float:
        """Width of the image in the sample."""
        return self.shape[1] * self.pixel_um

    @property
    def height_um(self) -> float:
        """Height of the image in the sample."""
        return self.shape[0] * self.pixel_um

    @property
    def x_um(self) -> float:
        """Stage x of the image's centre."""
        return self.left_um + self.width_um / 2

    @property
    def y_um(self) -> float:
        """Stage y of the image's centre."""
        return self.top_um + self.height_um / 2

    def holds(self, x_um: float, y_um: float, margin_um: float = 0.0) -> bool:
        """Whether a place in the sample lies in the image, at least `margin_um` inside."""
        return (
            self.left_um + margin_um <= x_um <= self.left_um + self.width_um - margin_um
            and self.top_um + margin_um <= y_um <= self.top_um + self.height_um - margin_um
        )


@dataclass(frozen=True, slots=True)
class Instrument:
    """What a microscope can do, as read from it before the session starts.

    `pixel_um` maps each calibrated objective to its unbinned pixel size. `home` is the view
    the microscope had when livewatch took over. A microscope without a motorized stage,
    focus, turret or region readout says so, and the policy does without.
    """

    home: View
    pixel_um: Mapping[str, float]
    moves_xy: bool = True
    moves_z: bool = True
    moves_objective: bool = True
    has_region: bool = True
    has_sequence: bool = True


# --- what is asked of it, and what comes back ----------------------------------------


@dataclass(frozen=True, slots=True)
class Plane:
    """One exposure of one channel. `power` is relative to the experiment's full power."""

    channel: str
    exposure_ms: float
    power: float = 1.0

    @property
    def dose(self) -> float:
        """Light given to what is in view: exposure in ms times relative power."""
        return self.exposure_ms * self.power


@dataclass(frozen=True, slots=True)
class Shot:
    """One thing to image: all `planes` at `view`, not before `not_before_s`.

    `not_before_s` infinite waits for the operator. `count` above 1 asks for a streamed burst of
    that many frames. `decision` is the number of the decision that ordered it.
    """

    view: View
    planes: tuple[Plane, ...]
    not_before_s: float
    purpose: Purpose
    count: int = 1
    decision: int = 0

    @property
    def dose(self) -> float:
        """Light one frame of this shot costs."""
        return sum(plane.dose for plane in self.planes)

    def continues(self, before: Shot) -> bool:
        """Whether this is what is left of the burst `before` after one more frame."""
        return (
            before.count > 1
            and self.count == before.count - 1
            and self.view == before.view
            and self.planes == before.planes
            and self.purpose == before.purpose
        )


@dataclass(frozen=True, slots=True)
class Exposure:
    """When one plane of a frame was exposed, on the session's clock."""

    channel: str
    start_s: float
    end_s: float
    exposure_ms: float


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """Real seconds from an arbitrary start: for latencies, whatever the session's clock does.

    `asked_s` is when the devices were first asked to get ready for the frame; NaN in a stream.
    """

    begun_s: float = 0.0
    exposed_s: float = 0.0
    in_hand_s: float = 0.0
    asked_s: float = float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """What the camera saw: one image per plane of the shot, at a view that was confirmed.

    `planes` are arrays (rows, columns) in the order of `shot.planes`. `index` counts the
    session's frames from 0. `time_s` is the start of the first exposure. `source` is the
    recorded time point shown, in a replay. `remark` says what is wrong with it nevertheless (out
    of focus), '' when nothing is.
    """

    index: int
    shot: Shot
    view: View
    planes: tuple[Pixels, ...]
    exposures: tuple[Exposure, ...]
    time_s: float
    source: int | None = None
    stopwatch: Stopwatch = Stopwatch()
    remark: str = ""

    @property
    def end_s(self) -> float:
        """End of the last exposure."""
        return self.exposures[-1].end_s

    @property
    def number(self) -> int:
        """The number a table names this frame by: in a replay, the recorded time point."""
        return self.index if self.source is None else self.source

    def plane(self, channel: str) -> Pixels | None:
        """The image of one channel, or None if this frame has none."""
        for plane, pixels in zip(self.shot.planes, self.planes, strict=True):
            if plane.channel == channel:
                return pixels
        return None


@dataclass(frozen=True, slots=True)
class Missed:
    """A slot for which there is no frame, and why.

    `lit` is how many frames' light the sample may have had for nothing: none where the shot was
    refused, several where streamed images were lost.
    """

    shot: Shot
    reason: str
    time_s: float
    lit: int = 1


@dataclass(frozen=True, slots=True)
class Exposed:
    """That a frame was taken, before anything is known of what it shows."""

    frame: int
    shot: Shot
    time_s: float
    end_s: float


Taken: TypeAlias = Frame | Missed

# --- what was seen ------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """One cell in one frame. `outline_um` is (n, 2): x, y in stage um, not repeated at the end.

    `signal` is the mean over the cell above background, in counts. `at_edge` says that the
    image border cuts the cell, so its area and shape are not its own. `parent_id` names the cell
    it came from by division.
    """

    id: int
    kind: Kind
    x_um: float
    y_um: float
    area_um2: float
    perimeter_um: float
    signal: float
    at_edge: bool
    outline_um: NDArray[np.float32] = field(repr=False)
    parent_id: int | None = None

    @property
    def roundness(self) -> float:
        """How near to a disc it is: 1 for a disc, less for anything else."""
        return roundness(self.area_um2, max(self.perimeter_um, 1e-9))


NAN = float("nan")
"""A measure that was not, or could not be, taken."""


@dataclass(frozen=True, slots=True)
class Bite:
    """Tumor-colored material that appeared inside an NK cell in contact, and stayed.

    `fraction` is its share of the tumor's dye before contact. `supported` says that the tumor
    lost dye at that time as well.
    """

    time_s: float
    fraction: float
    supported: bool = False


@dataclass(frozen=True, slots=True)
class Contact:
    """One NK-tumor pair that is near, in one frame.

    `gap_um` is bias-corrected. `approach_um_per_s` is positive while the gap closes;
    `contact_in_s` is the predicted time until the membranes touch (0 when they do, inf when
    the pair is not closing) with its standard deviation `contact_in_sd_s`.

    What follows is measured while an encounter is open, NaN or empty otherwise. Directions are
    seen from the tumor's centre: 0 along +x, growing towards +y (clockwise on screen).
    `patch_deg` is the middle of the contact patch, which runs from `patch_start_deg` to
    `patch_end_deg` in growing direction. `orbit_deg` is how far the patch has moved around the
    tumor since contact began, in the image; `twist_deg` how far the tumor's body has turned
    (`twist_quality` 0..1; NaN with `twist_reason` when it cannot be measured); `slip_um` how far
    the patch has moved along the membrane in the tumor's own rotating frame. `bites` counts
    those so far, `bitten_fraction` is the share of the tumor's dye now inside the NK cell.
    `tumor_waves_um` is the ripple of the tumor's outline, `tumor_speed_um_per_s` how fast it moves
    by itself, `shed_fraction` the share of its dye in pieces around it. `viability` goes from 1
    (alive) to 0 (dead), `viability_evidence` names what speaks for death.
    """

    nk_id: int
    tumor_id: int
    nk_x_um: float
    nk_y_um: float
    tumor_x_um: float
    tumor_y_um: float
    gap_um: float
    contact_um: float
    seal_fraction: float
    approach_um_per_s: float = 0.0
    contact_in_s: float = float("inf")
    contact_in_sd_s: float = float("inf")
    patch_deg: float = NAN
    patch_start_deg: float = NAN
    patch_end_deg: float = NAN
    orbit_deg: float = NAN
    twist_deg: float = NAN
    twist_quality: float = NAN
    twist_reason: str = ""
    slip_um: float = NAN
    bites: int = 0
    bitten_fraction: float = NAN
    tumor_area_um2: float = NAN
    tumor_roundness: float = NAN
    tumor_waves_um: float = NAN
    tumor_speed_um_per_s: float = NAN
    shed_fraction: float = NAN
    viability: float = NAN
    viability_evidence: str = ""

    @property
    def pair(self) -> tuple[int, int]:
        """(nk_id, tumor_id)."""
        return self.nk_id, self.tumor_id


@dataclass(frozen=True, slots=True)
class Encounter:
    """An NK-tumor contact over time. `end_s` None means it is still open.

    `start_s` is the first frame in contact, `end_s` the last. `bridged_s` is the time apart
    that was bridged inside it. `x_um`, `y_um` is midway between the two cells, last seen.
    `repeat` counts the encounters the same two cells had before.

    `outcome` may become known only some time after the contact (see [outcome] in the
    experiment); `outcome_confidence` 0..1 goes with it. `tags` are among twisted, slipped and
    bitten, with the times (`twisted_s`, ...) from contact to each. `max_twist_deg`,
    `max_slip_um` and `max_orbit_deg` are the largest seen, signed; `twist_deg`, `slip_um` and
    `orbit_deg` the last. `viability` is the last known, `death_s` when death was first seen.
    """

    id: int
    position: str
    nk_id: int
    tumor_id: int
    start_s: float
    last_contact_s: float
    end_s: float | None
    x_um: float
    y_um: float
    frames: int = 0
    bridged_s: float = 0.0
    min_gap_um: float = float("inf")
    max_seal_fraction: float = 0.0
    outcome: Outcome = Outcome.ONGOING
    outcome_reason: str = ""
    outcome_confidence: float = NAN
    tags: tuple[str, ...] = ()
    twist_deg: float = NAN
    max_twist_deg: float = NAN
    twisted_s: float = NAN
    twist_reason: str = ""
    slip_um: float = NAN
    max_slip_um: float = NAN
    slipped_s: float = NAN
    orbit_deg: float = NAN
    max_orbit_deg: float = NAN
    bites: tuple[Bite, ...] = ()
    bitten_s: float = NAN
    bitten_fraction: float = NAN
    viability: float = NAN
    viability_evidence: str = ""
    death_s: float = NAN
    repeat: int = 0

    @property
    def is_open(self) -> bool:
        """Whether the contact goes on, or may go on."""
        return self.end_s is None

    @property
    def duration_s(self) -> float:
        """From the first frame in contact to the last."""
        return self.last_contact_s - self.start_s

    @property
    def pair(self) -> tuple[int, int]:
        """(nk_id, tumor_id)."""
        return self.nk_id, self.tumor_id


@dataclass(frozen=True, slots=True)
class Landing:
    """Where the camera looks after a change of view, as the cells known there tell.

    Of `expected` cells that the image should show whole, `found` are seen, all of them displaced
    by about `dx_um`, `dy_um`, with the standard deviation `sd_um` on each axis (NaN: too few to
    tell). `soft_um` is how soft the edges of the pairs in it are (infinite: none stand out of
    the noise), and `before_um` how soft they were before.
    """

    expected: int
    found: int
    dx_um: float = NAN
    dy_um: float = NAN
    sd_um: float = NAN
    soft_um: float = NAN
    before_um: float = NAN

    @property
    def softer_um(self) -> float:
        """By how much softer edges have become; NaN where that is not known."""
        return self.soft_um - self.before_um

    @property
    def miss_um(self) -> float:
        """By how much the camera looks elsewhere than it says; NaN where that is not known."""
        return float((self.dx_um**2 + self.dy_um**2) ** 0.5)

    def misses(self, aim_um: float) -> bool:
        """Whether the cells are surely further than `aim_um` from where they should be.

        Where only one cell is expected, nothing is sure.
        """
        if self.found == 0:
            return self.expected > 1
        return self.miss_um > aim_um + 2 * self.sd_um


@dataclass(frozen=True, slots=True)
class Observation:
    """What one frame showed. `problem` says why a frame could not be used, if so.

    `encounters` are those open, those that closed with this frame, and those closed earlier
    whose outcome became known with it; `opened`, `closed` and `settled` name the ids that
    changed here. `landing` is there for the first frame after the view was changed.
    """

    frame: int
    number: int
    time_s: float
    view: View
    cells: tuple[Cell, ...] = ()
    contacts: tuple[Contact, ...] = ()
    encounters: tuple[Encounter, ...] = ()
    opened: tuple[int, ...] = ()
    closed: tuple[int, ...] = ()
    settled: tuple[int, ...] = ()
    problem: str | None = None
    landing: Landing | None = None

    def cell(self, cell_id: int) -> Cell | None:
        """The cell of that identity, or None if it is not in this frame."""
        return next((cell for cell in self.cells if cell.id == cell_id), None)


# --- what is done about it ----------------------------------------------------------


class Ask(StrEnum):
    """What an operator can ask for."""

    HOLD = "hold"
    GO_ON = "go on"
    LOOK = "look"
    LEAVE = "leave"
    MARK = "mark"
    END = "end"


@dataclass(frozen=True, slots=True)
class Request:
    """Something the operator asked for, at a time on the session's clock.

    `x_um`, `y_um` go with LOOK, `encounter` with LEAVE, `text` with MARK and END.
    """

    ask: Ask
    time_s: float
    x_um: float = 0.0
    y_um: float = 0.0
    encounter: int = -1
    text: str = ""


Reply: TypeAlias = Taken | Request | Observation
"""What the loop is sent when it has asked for a shot. A request, or an observation that came
too late for its own turn, reaches it while it waits for the shot's time."""

News: TypeAlias = Exposed | Observation | Missed | Request
"""What the policy is told, one piece at a time."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What to image next, and why. `shot` None ends the session.

    `target` names the encounter the shot follows, None when it follows none. `refused` says
    what was wanted and not granted, with reasons. `failed` goes with an end that a fault
    forces. The loop numbers decisions as it publishes them; the policy leaves `id` at 0.
    """

    shot: Shot | None
    reason: str
    target: int | None = None
    refused: tuple[str, ...] = ()
    failed: bool = False
    id: int = 0

    def numbered(self, number: int) -> Decision:
        """The same decision, it and its shot labelled with `number`."""
        shot = None if self.shot is None else replace(self.shot, decision=number)
        return replace(self, id=number, shot=shot)


@dataclass(frozen=True, slots=True)
class Lateness:
    """How late one turn's exposure began, and how long each stage took. NaN: did not happen.

    `late_s` is the exposure's start minus the time it was due, on the session's clock. The
    others are real seconds: exposure end -> frame in hand (`transfer_s`) -> analysed
    (`analysis_s`) -> decided (`decision_s`). `react_s`, from the end of the exposure before
    to the start of this one, is stated where this one was due at once; `ready_s` is the part of it
    that the devices took to get ready, and `own_s` what neither they nor analysis took.
    """

    late_s: float = float("nan")
    transfer_s: float = float("nan")
    analysis_s: float = float("nan")
    decision_s: float = float("nan")
    react_s: float = float("nan")
    ready_s: float = float("nan")
    own_s: float = float("nan")


@dataclass(frozen=True, slots=True)
class Step:
    """One turn of the loop, as published to recorder and faces.

    `observation` is None when analysis was not there in time. One that came later is a turn of
    its own, with the observation as its `reply` too.
    """

    reply: Reply
    observation: Observation | None
    decision: Decision
    lateness: Lateness = Lateness()
