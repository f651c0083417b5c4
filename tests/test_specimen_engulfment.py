"""One cell ends inside the other: how it looks, and what truth says of it."""

from __future__ import annotations

from dataclasses import replace
from math import nan

import cv2
import numpy as np
import pytest

from livewatch.model import Outcome, View
from livewatch.specimen.happening import TrueEncounter
from livewatch.specimen.rule import Rule, judged_as
from livewatch.specimen.scene import SCENES
from livewatch.specimen.synthetic import SyntheticSpecimen

PIXEL_UM = 0.1625
SEED = 1
CLEAR = replace(
    SCENES["engulfing"], look=SCENES["engulfing"].look._replace(tumor_into_nk=0.0, haze=0.0)
)


@pytest.fixture(scope="module")
def engulfed():
    """The first engulfed encounter of a specimen that nobody has lit."""
    scout = SyntheticSpecimen(CLEAR, SEED)
    scout.truth(1500.0)
    return next(one for one in scout.encounters() if one.outcome is Outcome.ENGULFED)


@pytest.fixture(scope="module")
def moments(engulfed):
    """The specimen, and its truth at the first touch, half way, and when all is over."""
    specimen = SyntheticSpecimen(CLEAR, SEED)
    half_s = (engulfed.start_s + engulfed.engulfed_s) / 2
    times = (engulfed.start_s, half_s, engulfed.engulfed_s + 70.0)
    return specimen, [specimen.truth(time_s) for time_s in times]


def pair_of(truth, engulfed):
    wanted = engulfed.nk_id, engulfed.tumor_id
    return next(pair for pair in truth.pairs if (pair.nk_id, pair.tumor_id) == wanted)


def mask_of(outline, view):
    mask = np.zeros(view.shape, np.uint8)
    corner = np.array([view.left_um, view.top_um])
    cv2.fillPoly(mask, [np.round((outline - corner) / PIXEL_UM - 0.5).astype(np.int32)], 1)
    return mask.astype(bool)


def test_the_nk_cell_goes_in_and_stays_in(engulfed, moments):
    inside = [pair_of(truth, engulfed).inside for truth in moments[1]]
    assert inside[0] == 0.0
    assert inside[0] < inside[1] < 0.9
    assert inside[2] == 1.0
    assert engulfed.start_s < engulfed.engulfed_s
    assert engulfed.end_s is None


def test_the_membrane_rises_round_it_before_it_closes(engulfed, moments):
    before, during, after = (pair_of(truth, engulfed) for truth in moments[1])
    assert during.seal_fraction > before.seal_fraction + 0.08
    tumor = moments[1][1].cell(engulfed.tumor_id).outline_um
    hull = cv2.contourArea(cv2.convexHull(tumor.astype(np.float32)))
    assert cv2.contourArea(tumor.astype(np.float32)) < 0.95 * hull  # a cup
    assert after.seal_fraction < 0.05  # of the outer membrane, which is closed now


def test_the_host_swells_by_what_it_took_in(engulfed, moments):
    first, last = moments[1][0], moments[1][2]
    gained = last.cell(engulfed.tumor_id).area_um2 - first.cell(engulfed.tumor_id).area_um2
    assert gained == pytest.approx(last.cell(engulfed.nk_id).area_um2, rel=0.4)


def test_the_picture_shows_an_nk_cell_in_a_vacuole(engulfed, moments):
    specimen, (*_, truth) = moments
    host = truth.cell(engulfed.tumor_id)
    guest = truth.near(host.x_um, host.y_um).cell(engulfed.nk_id)
    view = View("", host.x_um, host.y_um, None, "40x", PIXEL_UM, 1, (240, 240))
    within = cv2.erode(mask_of(guest.outline_um, view).astype(np.uint8), np.ones((5, 5))) > 0
    around = mask_of(host.outline_um, view) & ~mask_of(guest.outline_um, view)
    tumor, nk = (
        specimen.expose(view, channel, 200.0, 1.0, truth.time_s).pixels.astype(float) - 100.0
        for channel in ("tumor", "nk")
    )
    assert np.median(tumor[within]) < 0.6 * np.median(tumor[around])
    assert np.median(nk[within]) > 3.0 * np.median(nk[around])


def test_engulfment_is_told_once_it_has_lasted(engulfed):
    specimen = SyntheticSpecimen(CLEAR, SEED)
    wanted = engulfed.nk_id, engulfed.tumor_id

    def outcome(time_s):
        specimen.truth(time_s)
        found = specimen.encounters()
        return next(one.outcome for one in found if (one.nk_id, one.tumor_id) == wanted)

    assert outcome(engulfed.engulfed_s + 50.0) is Outcome.ONGOING
    assert outcome(engulfed.engulfed_s + 70.0) is Outcome.ENGULFED


def test_the_engulfed_event_is_noted_once(engulfed, moments):
    moments[0].truth(1500.0)
    told = [one for one in moments[0].events() if one.what == "engulfed"]
    assert len({(one.nk_id, one.tumor_id) for one in told}) == len(told) >= 1
    assert any(one.nk_id == engulfed.nk_id for one in told)


# --- how truth judges a death after contact ---------------------------------------------

MET = TrueEncounter(
    1, 2, 100.0, 200.0, 200.0, 0, 0, 0, 0.2, 0, 0, 0, (), nan, Outcome.ONGOING, ()
)  # fmt: skip
RULE = Rule(viable_s=300.0)


def judged(encounter, *others, now_s=1000.0):
    return judged_as(encounter, [encounter, *others], now_s, RULE).outcome


def test_a_death_soon_after_contact_is_the_contacts_doing():
    assert judged(replace(MET, death_s=350.0)) is Outcome.KILLED
    assert judged(replace(MET, death_s=150.0)) is Outcome.KILLED


def test_a_death_in_the_grip_of_another_leaves_the_earlier_contact_censored():
    other = replace(MET, nk_id=3, start_s=250.0, last_contact_s=400.0, death_s=350.0)
    assert judged(replace(MET, death_s=350.0), other) is Outcome.CENSORED
    assert judged(other, replace(MET, death_s=350.0)) is Outcome.KILLED


def test_of_two_that_hold_it_when_it_dies_both_killed_it():
    other = replace(MET, nk_id=3, start_s=120.0, last_contact_s=400.0, death_s=150.0)
    assert judged(replace(MET, death_s=150.0), other) is Outcome.KILLED


def test_a_cell_that_outlives_contact_was_released_and_one_not_yet_known_is_ongoing():
    assert judged(MET) is Outcome.RELEASED
    assert judged(MET, now_s=400.0) is Outcome.ONGOING
