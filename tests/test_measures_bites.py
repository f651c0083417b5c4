"""Bites: counted from what an NK cell holds over time, and told from bleed-through."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import cv2
import numpy as np
import pytest
from measures_stage import Stage, cell

from livewatch.analysis.measures import Measurer
from livewatch.analysis.measures.bites import Meal, eaten, yielded
from livewatch.analysis.measures.crop import Images, crop_of
from livewatch.analysis.measures.uptake import Uptake, uptake_of
from livewatch.model import Bite, Contact, Encounter, Exposure, Frame, Kind, Plane, Purpose, Shot
from livewatch.settings import Experiment

NOISE = 0.0003
Bitten = list[tuple[float, float]]


def watched(
    losses: Bitten,
    risen: Bitten,
    *,
    until_s: float = 300.0,
    every_s: float = 2.0,
    since_s: float = 0.0,
    known: tuple[Bite, ...] = (),
    begin_s: float = 0.0,
    spread: float = 0.001,
) -> Meal:
    """A tumor that loses (time_s, fraction) at once; what rises in the NK cell does so in 30 s."""
    rng = np.random.default_rng(0)
    meal = Meal(bites=known)
    for time_s in np.arange(begin_s, begin_s + until_s, every_s):
        light = 1 - sum(size * (time_s >= when) for when, size in losses) + rng.normal(0, spread)
        held = sum(size * float(np.clip((time_s - when) / 30, 0, 1)) for when, size in risen)
        uptake = Uptake(max(held + rng.normal(0, NOISE), 0.0), NOISE, ())
        meal = eaten(meal, uptake, light, float(time_s), since_s=since_s)
    return meal


THREE: Bitten = [(60, 0.014), (150, 0.03), (220, 0.008)]


def test_a_loss_that_shows_in_the_nk_cell_is_a_bite_with_its_time_and_size() -> None:
    meal = watched(THREE, THREE)
    assert [bite.time_s for bite in meal.bites] == pytest.approx([60, 150, 220], abs=4)
    assert [bite.fraction for bite in meal.bites] == pytest.approx([0.014, 0.03, 0.008], rel=0.25)
    assert all(bite.supported for bite in meal.bites)


def test_two_bites_half_a_minute_apart_are_two() -> None:
    two: Bitten = [(100, 0.015), (132, 0.02)]
    assert [bite.time_s for bite in watched(two, two).bites] == pytest.approx([100, 132], abs=4)


def test_a_slow_time_lapse_sees_them_too_only_roughly() -> None:
    meal = watched([(600, 0.03)], [(600, 0.03)], until_s=1500, every_s=30.0)
    assert len(meal.bites) == 1
    assert meal.bites[0].time_s == pytest.approx(600, abs=30)


def test_a_loss_that_no_nk_cell_shows_is_no_bite_of_this_one() -> None:
    assert watched(THREE, []).bites == ()


def test_what_shows_without_a_loss_is_no_bite() -> None:
    assert watched([], THREE).bites == ()
    assert watched([], []).bites == ()


def test_bleaching_is_no_loss_even_while_material_shows() -> None:
    slow: Bitten = [(float(when), 0.0001) for when in range(0, 300, 2)]
    assert watched(slow, [(100, 0.02)]).bites == ()


def test_a_dying_cell_that_goes_on_fading_was_not_bitten() -> None:
    fading: Bitten = [(200, 0.04), *((210.0 + 2 * n, 0.01) for n in range(30))]
    assert watched(fading, [(200, 0.03)]).bites == ()


def test_what_an_nk_cell_brings_along_or_takes_when_apart_is_no_bite() -> None:
    assert watched(THREE, THREE, since_s=inf).bites == ()
    assert [bite.time_s > 100 for bite in watched(THREE, THREE, since_s=100.0).bites] == [True] * 2


def test_one_frame_that_fails_is_no_bite() -> None:
    flash: Bitten = [(100, 0.05), (102, -0.05)]
    assert watched(flash, flash).bites == ()


def test_a_loss_lost_in_the_noise_is_a_bite_when_a_clear_rise_begins_with_it() -> None:
    small: Bitten = [(100, 0.006)]
    found = watched(small, small, spread=0.0025).bites
    assert [bite.time_s for bite in found] == pytest.approx([100], abs=8)
    assert watched(small, [], spread=0.0025).bites == ()
    assert watched([], small, spread=0.0025).bites == ()


def test_a_faint_loss_is_a_bite_only_if_enough_comes_to_light_from_then_on() -> None:
    faint: Bitten = [(100, 0.008)]
    found = watched(faint, faint, spread=0.004).bites
    assert [bite.time_s for bite in found] == pytest.approx([100], abs=10)
    for risen in ([], [(100.0, 0.001)], [(130.0, 0.008)], [(60.0, 0.008)]):
        assert watched(faint, risen, spread=0.004).bites == ()


def test_what_an_earlier_bite_still_owes_is_not_that_of_a_faint_loss() -> None:
    losses: Bitten = [(80, 0.02), (100, 0.008)]
    found = watched(losses, [(80, 0.02)], spread=0.004).bites
    assert [bite.time_s for bite in found] == pytest.approx([80], abs=6)


def test_a_bite_lends_its_material_to_no_step_before_it() -> None:
    bite: Bitten = [(128, 0.02)]
    found = watched([(84, 0.008), *bite], bite).bites
    assert [each.time_s for each in found] == pytest.approx([128], abs=4)


def test_what_an_earlier_bite_still_owes_is_not_that_of_a_likely_loss_either() -> None:
    losses: Bitten = [(80, 0.03), (110, 0.006)]
    found = watched(losses, [(80, 0.005), (110, 0.02)], spread=0.0015).bites
    assert [bite.time_s for bite in found] == pytest.approx([80], abs=4)


def test_of_a_certain_loss_it_is_not_asked_what_earlier_bites_still_owe() -> None:
    losses: Bitten = [(80, 0.03), (110, 0.02)]
    found = watched(losses, [(80, 0.01), (110, 0.01)], spread=0.0015).bites
    assert [bite.time_s for bite in found] == pytest.approx([80, 110], abs=4)


def test_a_loss_is_the_bite_of_the_nk_cell_in_which_more_comes_to_light() -> None:
    loss: Bitten = [(100, 0.03)]
    biter, bystander = (watched(loss, risen, until_s=190) for risen in (loss, [(105.0, 0.01)]))
    assert len(bystander.bites) == 1
    assert yielded(bystander, [biter, bystander]).bites == ()
    assert yielded(biter, [biter, bystander]).bites == biter.bites


def test_a_bite_passes_to_the_nk_cell_that_shows_more_of_it_later_and_stays_there() -> None:
    loss: Bitten = [(100, 0.03)]
    early, late = [(102.0, 0.01)], [(108.0, 0.03)]
    soon = [watched(loss, risen, until_s=until_s) for risen, until_s in ((early, 160), (late, 112))]
    assert yielded(soon[0], soon).bites == soon[0].bites != ()
    first, second = (watched(loss, risen, until_s=190) for risen in (early, late))
    passed = yielded(first, [first, second])
    assert passed.bites == ()
    assert yielded(passed, [passed]).bites == ()
    assert yielded(second, [passed, second]).bites == second.bites != ()


def test_a_bite_comes_back_from_an_nk_cell_in_which_less_came_to_light_in_the_end() -> None:
    loss: Bitten = [(100, 0.03)]
    slow, quick = [(106.0, 0.03)], [(100.0, 0.012), (140.0, -0.01)]
    first, rival = (watched(loss, risen, until_s=190) for risen in (slow, quick))
    away = replace(first, losses=tuple(replace(one, yielded=True) for one in first.losses))
    back = yielded(replace(away, bites=()), [away, rival])
    assert back.bites == first.bites != ()


def test_a_dip_that_recovers_is_no_bite() -> None:
    dip: Bitten = [(100, 0.015), (126, -0.015)]
    assert watched(dip, [(60, 0.03)]).bites == ()


def test_bites_are_bounded() -> None:
    known = tuple(Bite(float(n), 0.01) for n in range(64))
    meal = watched([(1060, 0.03)], [(1060, 0.03)], known=known, begin_s=1000.0)
    assert len(meal.bites) == 64
    assert meal.bites[-1].time_s == pytest.approx(1060, abs=4)
    assert len(meal.sights) <= 96


def looked_at(
    stage: Stage, leaks: tuple[float, ...] = (), tip_um: tuple[float, float] | None = None
) -> Uptake:
    """What the NK cell holds; the tumor's outline as found juts out to `tip_um`, if given."""
    tumor = stage.tumor_outline(0)
    nk, middle = stage.nk_outline(0, 0.15, 0)
    images = Images(*stage.images(tumor, nk, middle, 0), None)
    if tip_um is not None:
        tumor = cv2.convexHull(np.vstack([tumor, tip_um]).astype(np.float32))[:, 0]
    crop = crop_of(stage.view, images, tumor, [cell(2, Kind.NK, nk)], [cell(2, Kind.NK, nk)])
    assert crop is not None
    assert crop.tumor is not None
    dye = float((crop.tumor[crop.tumor_mask > 0] - 100).sum()) * crop.pixel_um**2
    uptake = uptake_of(crop, 2, dye, leaks)
    assert uptake is not None
    return uptake


@pytest.mark.parametrize("bleed", [0.0, 0.05, 0.15])
def test_bleed_through_is_no_uptake_and_is_measured(bleed: float) -> None:
    uptake = looked_at(Stage(bleed=bleed))
    assert uptake.fraction < 0.002
    assert uptake.leaks[0] == pytest.approx(bleed, abs=0.02)


@pytest.mark.parametrize("bleed", [0.0, 0.15])
@pytest.mark.parametrize("size", [0.006, 0.015, 0.04])
def test_a_spot_of_tumor_color_is_weighed_whatever_bleeds_through(
    bleed: float, size: float
) -> None:
    before = looked_at(Stage(bleed=bleed))
    stage = Stage(bleed=bleed)
    stage.spots = [(1.0, 0.5, size)]
    assert looked_at(stage, before.leaks).fraction == pytest.approx(size, rel=0.25, abs=0.0025)


def test_a_tumor_outline_that_goes_round_what_was_bitten_off_does_not_hide_it() -> None:
    before = looked_at(Stage())
    stage = Stage()
    stage.spots = [(-1.2, 0.0, 0.03)]
    whole = looked_at(stage, before.leaks).fraction
    hidden = looked_at(stage, before.leaks, tip_um=(13.6, 0.0)).fraction
    assert whole == pytest.approx(0.03, rel=0.25)
    assert hidden > 0.3 * whole


@pytest.mark.parametrize("cut", ["nk", "tumor"])
def test_what_an_nk_cell_holds_is_not_measured_by_a_part_of_either_cell(cut: str) -> None:
    stage = Stage()
    stage.spots = [(1.0, 0.5, 0.03)]
    outlines = {"tumor": stage.tumor_outline(0)}
    outlines["nk"], middle = stage.nk_outline(0, 0.15, 0)
    images = stage.images(outlines["tumor"], outlines["nk"], middle, 0)[::-1]
    shot = Shot(stage.view, (Plane("nk", 50.0), Plane("tumor", 50.0)), 0.0, Purpose.ENCOUNTER)
    exposures = tuple(Exposure(plane.channel, 0.0, 0.0, 50.0) for plane in shot.planes)
    measurer = Measurer(Experiment())
    notes, held = measurer.begin(), []
    for index in range(4):
        cells = []
        for name, outline in outlines.items():
            part = outline[:, 1] > 1 if index == 2 and name == cut else outline[:, 1] > -99
            whole = cell(2 - (name == "tumor"), Kind(name), outline[part])
            cells.append(replace(whole, at_edge=not part.all()))
        contact = Contact(2, 1, *middle, 0.0, 0.0, 0.0, 8.0, 0.1)
        one = Encounter(7, "a", 2, 1, 0.0, 2.0 * index, None, 0, 0)
        seen = Frame(index, shot, stage.view, images, exposures, 2.0 * index)
        notes, (after,), _, _ = measurer.observe(notes, seen, cells, (contact,), (one,))
        held.append(after.bitten_fraction)
    assert held[1] == pytest.approx(0.03, rel=0.3)
    assert held[2] == held[1]
    assert held[3] == pytest.approx(held[1], rel=0.01)
