"""A trial: one true encounter of the synthetic specimen, watched as the microscope would.

The specimen is run twice with the same seed: once unseen, to learn which encounter there will
be; once to image it, in a region round the pair. Analysis gets the frames only; its answers are put
beside the truth here.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from math import hypot, inf, isfinite, nan
from typing import TYPE_CHECKING

import cv2
import numpy as np

from livewatch.analysis.analyst import Analyst
from livewatch.analysis.measures import at_end
from livewatch.model import Exposure, Frame, Plane, Purpose, Region, Shot, View
from livewatch.report.conditions import Conditions, experiment, rule_of
from livewatch.report.staging import end_of, first_meeting, is_over, times_of
from livewatch.specimen.rule import ORDINARY
from livewatch.specimen.synthetic import DEATH_CHANNEL, SyntheticSpecimen

if TYPE_CHECKING:
    from livewatch.model import Cell, Contact, Encounter, Observation
    from livewatch.settings import OutcomeRules
    from livewatch.specimen.happening import TrueEncounter
    from livewatch.specimen.truth import TruePair, Truth

REGION_UM, FIELD_UM = 80.0, 160.0
"""Read out round the pair until their encounter is over, and then, as a session would."""
RECENTER_UM = 8.0
SENSOR_UM = 330.0
EXPOSURE_MS = 20.0
SAME_CELL_UM = 5.0


@dataclass(frozen=True, slots=True)
class Sight:
    """One frame of an encounter: what was measured, and what was so."""

    time_s: float
    contact: Contact
    truth: TruePair


@dataclass(frozen=True, slots=True)
class Trial:
    """One true encounter and what analysis said of it. `told` is None when it was not noticed.

    `textured` says whether the tumor cell's turning can be seen, by its texture or by its shape.
    """

    conditions: Conditions
    seed: int
    truth: TrueEncounter
    textured: bool
    told: Encounter | None
    sights: tuple[Sight, ...]
    in_contact: int
    signal_to_noise: float


def trial_of(conditions: Conditions, seed: int) -> Trial | None:
    """Watch a seed's first encounter until its outcome must be known; None if it has none."""
    rules = experiment().outcome
    ahead = first_meeting(conditions.scene, seed, rule_of(rules))
    if ahead is None:
        return None
    specimen = SyntheticSpecimen(conditions.sample, seed)
    record = Record(ahead, conditions)
    end_s = end_of(ahead, rules, seed)
    for time_s in times_of(ahead, end_s, conditions.interval_s):
        record.look(specimen, time_s)
    specimen.truth(end_s)
    return record.trial(seed, _as_it_was(specimen, ahead, rules))


class Record:
    """What analysis says of one encounter, frame by frame, beside what is so."""

    def __init__(self, ahead: TrueEncounter, conditions: Conditions) -> None:
        self._ahead, self._conditions = ahead, conditions
        self._analyst = Analyst(experiment(conditions.channels))
        self._state = self._analyst.begin()
        self._view: View | None = None
        self._frames = 0
        self._death_due_s = -inf
        self._told: dict[int, Encounter] = {}
        self._votes: Counter[int] = Counter()
        self._sights: list[Sight] = []
        self._turning_shows = True
        self._in_contact = 0
        self._signal_to_noise = nan

    def look(self, specimen: SyntheticSpecimen, time_s: float) -> None:
        """Take a frame, analyse it, and put what is said beside the truth."""
        truth = specimen.truth(time_s)
        side_um = FIELD_UM if is_over(self._ahead, time_s) else REGION_UM
        view = self._view = _aimed(self._view, truth, self._ahead, self._conditions, side_um)
        truth = truth.near(view.x_um, view.y_um)
        frame = self._frame(specimen, view, time_s)
        self._state, observation = self._analyst.observe(self._state, frame)
        self._told |= {encounter.id: encounter for encounter in observation.encounters}
        pair = _pair(truth, self._ahead)
        if pair is None:
            return
        touching = pair.gap_um <= ORDINARY.enter_um
        self._in_contact += touching
        tumor = truth.cell(self._ahead.tumor_id)
        self._turning_shows = tumor.textured or tumor.elongated
        if touching and not isfinite(self._signal_to_noise):
            self._signal_to_noise = _signal_to_noise(frame, truth, self._ahead.tumor_id)
        contact = _same(observation, truth, pair)
        if contact is None:
            return
        current = [e for e in observation.encounters if e.is_open and e.pair == contact.pair]
        if current:
            self._votes[current[0].id] += 1
            if touching:
                self._sights.append(Sight(time_s, contact, pair))

    def trial(self, seed: int, truth: TrueEncounter) -> Trial:
        """All of it."""
        chosen = self._told[self._votes.most_common(1)[0][0]] if self._votes else None
        return Trial(
            self._conditions,
            seed,
            truth,
            self._turning_shows,
            None if chosen is None else at_end(chosen),
            tuple(self._sights),
            self._in_contact,
            self._signal_to_noise,
        )

    def _frame(self, specimen: SyntheticSpecimen, view: View, time_s: float) -> Frame:
        """All channels that are due, one after the other."""
        channels = list(self._conditions.channels)
        if DEATH_CHANNEL in channels and time_s < self._death_due_s:
            channels.remove(DEATH_CHANNEL)
        elif DEATH_CHANNEL in channels:
            self._death_due_s = time_s + self._conditions.death_s
        took_s = EXPOSURE_MS / 1000
        planes = tuple(Plane(name, EXPOSURE_MS) for name in channels)
        exposures = tuple(
            Exposure(name, time_s + at * took_s, time_s + (at + 1) * took_s, EXPOSURE_MS)
            for at, name in enumerate(channels)
        )
        self._frames += 1
        return Frame(
            index=self._frames - 1,
            shot=Shot(view, planes, time_s, Purpose.ENCOUNTER),
            view=view,
            planes=tuple(
                specimen.expose(view, one.channel, EXPOSURE_MS, 1.0, one.start_s).pixels
                for one in exposures
            ),
            exposures=exposures,
            time_s=time_s,
        )


def _pair(truth: Truth, ahead: TrueEncounter) -> TruePair | None:
    wanted = ahead.nk_id, ahead.tumor_id
    return next((pair for pair in truth.pairs if (pair.nk_id, pair.tumor_id) == wanted), None)


def _aimed(
    view: View | None,
    truth: Truth,
    ahead: TrueEncounter,
    conditions: Conditions,
    side_um: float,
) -> View:
    """The view of the tumor cell, moved only when it is well off the middle."""
    if view is not None:
        truth = truth.near(view.x_um, view.y_um)
    tumors = [cell for cell in truth.cells if cell.id == ahead.tumor_id]
    pixel_um = conditions.pixel_um
    sensor, side = (round(length / pixel_um) // 2 * 2 for length in (SENSOR_UM, side_um))
    corner = (sensor - side) // 2
    region = Region(corner, corner, side, side)
    if view is not None and (
        not tumors or hypot(tumors[0].x_um - view.x_um, tumors[0].y_um - view.y_um) < RECENTER_UM
    ):
        return replace(view, region=region)
    return View(
        position="trial",
        stage_x_um=tumors[0].x_um,
        stage_y_um=tumors[0].y_um,
        z_um=None,
        objective=conditions.objective,
        pixel_um=pixel_um,
        binning=1,
        sensor_px=(sensor, sensor),
        region=region,
    )


def _signal_to_noise(frame: Frame, truth: Truth, tumor_id: int) -> float:
    """The tumor cell's light over the background's noise, per pixel of the tumor channel."""
    pixels = frame.plane("tumor")
    assert pixels is not None
    corner = np.array([frame.view.left_um, frame.view.top_um])
    inside, cells = np.zeros(pixels.shape, np.uint8), np.zeros(pixels.shape, np.uint8)
    for cell in truth.cells:
        polygon = [np.round((cell.outline_um - corner) / frame.view.pixel_um).astype(np.int32)]
        cv2.fillPoly(cells, polygon, 1)
        if cell.id == tumor_id:
            cv2.fillPoly(inside, polygon, 1)
    reach = 2 * round(3 / frame.view.pixel_um) + 1
    free = cv2.dilate(cells, np.ones((reach, reach), np.uint8)) == 0
    ground = pixels[free].astype(float)
    if not len(ground) or not inside.any():
        return nan
    # between neighbours, so that uneven light does not count as noise
    noise = np.diff(pixels.astype(float), axis=1)[free[:, 1:]].std() / 2**0.5
    return float((np.median(pixels[inside == 1]) - np.median(ground)) / max(noise, 1e-9))


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
