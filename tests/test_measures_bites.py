"""Bites: counted from what an NK cell holds over time, and told from bleed-through."""

from __future__ import annotations

from math import nan

import numpy as np
import pytest
from measures_stage import Stage, cell

from livewatch.analysis.measures.bites import Meal, eaten
from livewatch.analysis.measures.crop import Images, crop_of
from livewatch.analysis.measures.uptake import Uptake, uptake_of
from livewatch.model import Bite, Kind

NOISE = 0.0003


def bitten(course: list[float], interval_s: float = 2.0, *, holding: bool = True) -> Meal:
    rng = np.random.default_rng(0)
    meal = Meal()
    for number, fraction in enumerate(course):
        seen = max(fraction + rng.normal(0, NOISE), 0.0)
        meal = eaten(meal, Uptake(seen, NOISE, ()), nan, number * interval_s, holding=holding)
    return meal


def steps(
    *bites: tuple[float, float], until_s: float = 300, rise_s: float = 30, every_s: float = 2.0
) -> list[float]:
    """Material over time: each (time_s, fraction) comes out within rise_s."""
    times = np.arange(0, until_s, every_s)
    return list(sum(size * np.clip((times - when) / rise_s, 0, 1) for when, size in bites))


def test_each_rise_is_one_bite_with_its_time_and_size() -> None:
    meal = bitten(steps((60, 0.014), (150, 0.03), (230, 0.008)))
    assert [bite.time_s for bite in meal.bites] == pytest.approx([60, 150, 230], abs=8)
    assert [bite.fraction for bite in meal.bites] == pytest.approx([0.014, 0.03, 0.008], rel=0.25)


def test_a_slow_time_lapse_sees_them_too_only_later() -> None:
    meal = bitten(steps((90, 0.02), until_s=600, every_s=30.0), interval_s=30.0)
    assert len(meal.bites) == 1
    assert meal.bites[0].time_s == pytest.approx(90, abs=60)


def test_nothing_is_bitten_where_nothing_rises() -> None:
    assert bitten([0.0] * 200).bites == ()
    assert bitten([0.02] * 200).bites == ()


def test_what_an_nk_cell_brings_along_or_takes_when_apart_is_no_bite() -> None:
    assert bitten(steps((60, 0.02)), holding=False).bites == ()


def test_a_flash_that_does_not_last_is_no_bite() -> None:
    course = [0.0] * 50 + [0.02] * 2 + [0.0] * 50
    assert bitten(course).bites == ()


def test_material_that_is_hidden_for_a_moment_is_not_bitten_again() -> None:
    course = steps((40, 0.03), until_s=160)
    hidden = [*course, *[0.018] * 5, *[0.03] * 40]
    assert len(bitten(hidden).bites) == 1


def test_the_tumors_loss_supports_a_bite() -> None:
    meal = Meal()
    for number, fraction in enumerate(steps((60, 0.03), until_s=160)):
        dye = 1.0 if number < 31 else 0.97
        meal = eaten(meal, Uptake(fraction, NOISE, ()), dye, number * 2.0, holding=True)
    assert [bite.supported for bite in meal.bites] == [True]
    assert not any(bite.supported for bite in bitten(steps((60, 0.03))).bites)


def test_bites_are_bounded() -> None:
    meal = Meal(bites=tuple(Bite(float(n), 0.01) for n in range(64)), level=0.0)
    for number, fraction in enumerate(steps((60, 0.03), until_s=160)):
        meal = eaten(meal, Uptake(fraction, NOISE, ()), nan, 1000 + number * 2.0, holding=True)
    assert len(meal.bites) == 64
    assert meal.bites[-1].time_s > 1000


def looked_at(stage: Stage, leaks: tuple[float, ...] = ()) -> Uptake:
    tumor = stage.tumor_outline(0)
    nk, middle = stage.nk_outline(0, 0.15, 0)
    images = Images(*stage.images(tumor, nk, middle, 0), None)
    crop = crop_of(stage.view, images, tumor, [cell(2, Kind.NK, nk)], [cell(2, Kind.NK, nk)])
    assert crop is not None
    assert crop.tumor is not None
    dye = float((crop.tumor[crop.tumor_mask > 0] - 100).sum()) * crop.pixel_um**2
    uptake = uptake_of(crop, crop.mask(nk), crop.tumor_mask, dye, leaks)
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
    assert looked_at(stage, before.leaks).fraction == pytest.approx(size, rel=0.25)
