"""How bright a body is: the same places compared, whatever turns, covers or shifts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from measures_stage import Stage, cell

from livewatch.analysis.measures.crop import Images, crop_of
from livewatch.analysis.measures.glow import Glow, glowing
from livewatch.analysis.measures.outline import outline_of
from livewatch.analysis.measures.stand import MOST, Stand, levelled
from livewatch.analysis.measures.texture import texture_of
from livewatch.model import Kind

Course = Callable[[int], float]


HERE = Stand("20x", 0.0, 0.0)


def levels(
    dye: Course,
    turn_deg: Course,
    covered: Course,
    frames: int = 24,
    stand: Callable[[int], Stand] = lambda _: HERE,
) -> list[float]:
    """The level of a textured cell whose dye, turn and covered share change from frame to frame."""
    stage, rng, glow, told = Stage(texture=0.3), np.random.default_rng(0), None, []
    photons = stage.photons
    for number in range(frames):
        stage.photons = photons * dye(number)
        turn = turn_deg(number)
        tumor = stage.tumor_outline(turn)
        nk, middle = stage.nk_outline(turn, covered(number), turn)
        images = Images(*stage.images(tumor, nk, middle, turn), None)
        seen, other = cell(1, Kind.TUMOR, tumor, 0.2, 0.0, rng), cell(2, Kind.NK, nk)
        outline = outline_of(seen.outline_um, [other.outline_um])
        crop = crop_of(stage.view, images, outline.points_um, [other], [other])
        assert crop is not None
        unrolled = texture_of(crop, outline)
        assert not isinstance(unrolled, str)
        texture, light = unrolled
        ground = crop.tumor_background
        glow = glowing(glow, light, texture.weight, turn, ground, 2.0 * number, stand(number))
        told.append(glow.level)
    return told


def test_a_cell_that_turns_under_a_growing_nk_cell_is_as_bright_as_before() -> None:
    level = levels(lambda _: 1.0, lambda n: 3.0 * n, lambda n: 0.05 + 0.012 * n)
    assert np.std(level) < 0.006
    assert np.mean(level[-6:]) == pytest.approx(np.mean(level[:6]), abs=0.006)


def test_a_loss_of_two_percent_is_seen_while_the_cell_turns() -> None:
    level = levels(lambda n: 1.0 if n < 12 else 0.98, lambda n: 3.0 * n, lambda n: 0.15)
    assert np.mean(level[:12]) - np.mean(level[12:]) == pytest.approx(0.02, abs=0.006)


def test_uneven_light_where_the_stage_takes_the_cell_is_no_change_of_it_but_a_loss_there_is() -> (
    None
):
    def lit(number: int) -> float:
        loss = 0.97 if number >= 24 else 1.0
        return loss * (0.9 if number % 5 == 4 else 1.0)

    def stand(number: int) -> Stand:
        return Stand("20x", 0.0, 0.0) if number % 5 == 4 else Stand("20x", 17.0, 0.1 * number)

    level = levels(lit, lambda _: 0.0, lambda _: 0.15, 48, stand)
    assert np.std(level[:24]) < 0.006
    assert np.mean(level[:24]) - np.mean(level[24:]) == pytest.approx(0.03, abs=0.006)


def test_the_stands_remembered_are_few_and_told_apart_by_their_optics() -> None:
    stands: tuple[Stand, ...] = ()
    for number in range(3 * MOST):
        optics = "20x" if number % 2 else "40x"
        stands, level = levelled(stands, Stand(optics, 10.0 * (number // 2), 0.0), 2.0, 1.0)
        assert level == pytest.approx(1.0 if number else 2.0)
    assert len(stands) == MOST
    assert stands[-1].optics == "20x"
    assert levelled(stands, HERE, np.nan, 1.0)[0] is stands


def test_too_little_that_was_seen_before_says_nothing_and_teaches_nothing() -> None:
    left, right = np.zeros((2, 12, 192), np.float32)
    left[:, :60], right[:, 100:] = 1.0, 1.0
    light = np.full((12, 192), 300.0, np.float32)
    before = glowing(None, light, left, 0.0, 100.0, 0.0, HERE)
    after = glowing(before, light, right, 0.0, 100.0, 2.0, HERE)
    assert isinstance(after, Glow)
    assert np.isnan(after.level)
    assert np.array_equal(after.weight, before.weight)
