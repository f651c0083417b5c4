"""A trial: one true encounter of the synthetic specimen, watched as the microscope would.

The specimen is run twice with the same seed: once unseen, to learn which encounters there will
be; once to image one of them, in a region round the pair. Analysis gets the frames only; its
answers are put beside the truth here.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from math import hypot
from typing import TYPE_CHECKING

from livewatch.analysis.analyst import Analyst
from livewatch.analysis.measures import at_end
from livewatch.model import Exposure, Frame, Plane, Purpose, Region, Shot, View
from livewatch.settings import Channel, Experiment, OutcomeRules
from livewatch.specimen.rule import Rule
from livewatch.specimen.scene import Scene, scene_named
from livewatch.specimen.synthetic import CHANNELS, SyntheticSpecimen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livewatch.model import Cell, Contact, Encounter, Observation
    from livewatch.specimen.happening import TrueEncounter
    from livewatch.specimen.truth import TruePair, Truth

REGION_UM = 80.0
RECENTER_UM = 8.0
SENSOR_UM = 330.0
BEFORE_S = 20.0
AFTER_INTERVAL_S = 10.0
EXPOSURE_MS = 20.0
SAME_CELL_UM = 5.0


@dataclass(frozen=True, slots=True)
class Conditions:
    """How encounters are imaged.

    `light` is relative to the scene's; `bleed` is the fraction of NK light in the tumor channel,
    None as in the scene.
    """

    scene: str = "mixed"
    pixel_um: float = 0.325
    objective: str = "20x"
    interval_s: float = 2.0
    light: float = 1.0
    bleed: float | None = None

    @property
    def sample(self) -> Scene:
        """The scene with this light and bleed-through."""
        scene = scene_named(self.scene)
        look = scene.look._replace(dim=scene.look.dim * self.light)
        if self.bleed is not None:
            look = look._replace(nk_into_tumor=self.bleed)
        return replace(scene, look=look)


@dataclass(frozen=True, slots=True)
class Sight:
    """One frame of an encounter: what was measured, and what was so."""

    time_s: float
    contact: Contact
    truth: TruePair


@dataclass(frozen=True, slots=True)
class Trial:
    """One true encounter and what analysis said of it. `told` is None when it was not noticed.

    `textured` says whether the tumor cell's turning can be seen at all.
    """

    conditions: Conditions
    seed: int
    truth: TrueEncounter
    textured: bool
    told: Encounter | None
    sights: tuple[Sight, ...]
    watched_s: float


def experiment() -> Experiment:
    """The default experiment, with the death dye shown too."""
    return Experiment(channels={name: Channel() for name in CHANNELS})


def rule_of(rules: OutcomeRules) -> Rule:
    """The truth's rule for the same outcomes."""
    return Rule(viable_s=rules.viable_s, twisted_deg=rules.twisted_deg, slipped_um=rules.slipped_um)


def encounters_ahead(
    conditions: Conditions, seed: int, until_s: float
) -> tuple[TrueEncounter, ...]:
    """The encounters that begin after the first seconds and before `until_s`, unseen."""
    specimen = SyntheticSpecimen(conditions.sample, seed)
    rule = rule_of(experiment().outcome)
    specimen.truth(until_s)
    return tuple(one for one in specimen.encounters(rule) if one.start_s > BEFORE_S)


def trial_of(
    conditions: Conditions, seed: int, ahead: TrueEncounter, *, stop_s: float | None = None
) -> Trial:
    """Watch one encounter that lies ahead, until its outcome must be known (or `stop_s`)."""
    specimen = SyntheticSpecimen(conditions.sample, seed)
    rules = experiment().outcome
    analyst = Analyst(experiment())
    state = analyst.begin()
    told: dict[int, Encounter] = {}
    votes: Counter[int] = Counter()
    sights: list[Sight] = []
    textured = True
    time_s = ahead.start_s - BEFORE_S
    end_s = ahead.last_contact_s + 1.15 * rules.viable_s if stop_s is None else stop_s
    times = _times(time_s, ahead.last_contact_s, end_s, conditions.interval_s)
    view: View | None = None
    for index, time_s in enumerate(times):
        truth = specimen.truth(time_s)
        pair = _pair(truth, ahead)
        view = _aimed(view, truth, ahead, conditions)
        truth = truth.near(view.x_um, view.y_um)
        frame = _frame(specimen, view, index, time_s)
        state, observation = analyst.observe(state, frame)
        told |= {encounter.id: encounter for encounter in observation.encounters}
        pair = _pair(truth, ahead)
        if pair is None:
            continue
        textured = truth.cell(ahead.tumor_id).textured
        contact = _same(observation, truth, pair)
        if contact is None:
            continue
        current = [e for e in observation.encounters if e.is_open and e.pair == contact.pair]
        if current:
            votes[current[0].id] += 1
            if pair.gap_um <= 1.3:
                sights.append(Sight(time_s, contact, pair))
    specimen.truth(end_s + 1)
    chosen = told[votes.most_common(1)[0][0]] if votes else None
    return Trial(
        conditions,
        seed,
        _as_it_was(specimen, ahead, rules),
        textured,
        None if chosen is None else at_end(chosen),
        tuple(sights),
        time_s,
    )


def _times(start_s: float, parted_s: float, end_s: float, interval_s: float) -> Iterator[float]:
    """Encounter rate until a little after the cells parted, then slower."""
    time_s = max(start_s, 0.0)
    while time_s <= end_s:
        yield time_s
        after = time_s > parted_s + 70.0
        time_s += max(interval_s, AFTER_INTERVAL_S) if after else interval_s


def _pair(truth: Truth, ahead: TrueEncounter) -> TruePair | None:
    wanted = ahead.nk_id, ahead.tumor_id
    return next((pair for pair in truth.pairs if (pair.nk_id, pair.tumor_id) == wanted), None)


def _aimed(view: View | None, truth: Truth, ahead: TrueEncounter, conditions: Conditions) -> View:
    """The view of the tumor cell, moved only when it is well off the middle."""
    if view is not None:
        truth = truth.near(view.x_um, view.y_um)
    tumors = [cell for cell in truth.cells if cell.id == ahead.tumor_id]
    if view is not None and (
        not tumors or hypot(tumors[0].x_um - view.x_um, tumors[0].y_um - view.y_um) < RECENTER_UM
    ):
        return view
    pixel_um = conditions.pixel_um
    sensor, side = (round(length / pixel_um) // 2 * 2 for length in (SENSOR_UM, REGION_UM))
    corner = (sensor - side) // 2
    return View(
        position="trial",
        stage_x_um=tumors[0].x_um,
        stage_y_um=tumors[0].y_um,
        z_um=None,
        objective=conditions.objective,
        pixel_um=pixel_um,
        binning=1,
        sensor_px=(sensor, sensor),
        region=Region(corner, corner, side, side),
    )


def _frame(specimen: SyntheticSpecimen, view: View, index: int, time_s: float) -> Frame:
    shot = Shot(
        view, tuple(Plane(name, EXPOSURE_MS) for name in CHANNELS), time_s, Purpose.ENCOUNTER
    )
    took_s = EXPOSURE_MS / 1000
    starts = [time_s + number * took_s for number in range(len(CHANNELS))]
    return Frame(
        index=index,
        shot=shot,
        view=view,
        planes=tuple(
            specimen.expose(view, name, EXPOSURE_MS, 1.0, start_s).pixels
            for name, start_s in zip(CHANNELS, starts, strict=True)
        ),
        exposures=tuple(
            Exposure(name, start_s, start_s + took_s, EXPOSURE_MS)
            for name, start_s in zip(CHANNELS, starts, strict=True)
        ),
        time_s=time_s,
    )


def _same(observation: Observation, truth: Truth, pair: TruePair) -> Contact | None:
    """The contact that analysis lists between the two true cells."""
    nk, tumor = truth.cell(pair.nk_id), truth.cell(pair.tumor_id)
    for contact in observation.contacts:
        seen_nk = observation.cell(contact.nk_id)
        seen_tumor = observation.cell(contact.tumor_id)
        if seen_nk is None or seen_tumor is None:
            continue
        if _apart_um(seen_nk, nk.x_um, nk.y_um) < SAME_CELL_UM and (
            _apart_um(seen_tumor, tumor.x_um, tumor.y_um) < SAME_CELL_UM
        ):
            return contact
    return None


def _apart_um(cell: Cell, x_um: float, y_um: float) -> float:
    return hypot(cell.x_um - x_um, cell.y_um - y_um)


def _as_it_was(
    specimen: SyntheticSpecimen, ahead: TrueEncounter, rules: OutcomeRules
) -> TrueEncounter:
    """The same encounter, as it went in the imaged run (light may have changed its course)."""
    same = [
        one
        for one in specimen.encounters(rule_of(rules))
        if (one.nk_id, one.tumor_id) == (ahead.nk_id, ahead.tumor_id)
    ]
    return min(same, key=lambda one: abs(one.start_s - ahead.start_s), default=ahead)
