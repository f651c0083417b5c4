"""Twist from texture, on a stage of its own: known angles, an NK cell at the side."""

from __future__ import annotations

import numpy as np
import pytest
from measures_stage import Stage, cell

from livewatch.analysis.measures.crop import Images, crop_of
from livewatch.analysis.measures.outline import outline_of
from livewatch.analysis.measures.texture import texture_of
from livewatch.analysis.measures.twist import Body, Turn, first_sight, turned
from livewatch.model import Kind


def watched(stage: Stage, twists: list[float], patches: list[float]) -> list[Turn]:
    rng = np.random.default_rng(stage.seed)
    body: Body | None = None
    turns = []
    for number, (twist_deg, patch_deg) in enumerate(zip(twists, patches, strict=True)):
        centre = rng.normal(0, 0.8, 2)
        tumor = stage.tumor_outline(twist_deg, centre)
        nk, middle = stage.nk_outline(patch_deg, 0.18, twist_deg, centre)
        images = Images(*stage.images(tumor, nk, middle, twist_deg, centre), None)
        seen = cell(1, Kind.TUMOR, tumor, 0.25, 0.2, rng)
        other = cell(2, Kind.NK, nk, 0.15, 0.2, rng)
        outline = outline_of(seen.outline_um, [other.outline_um])
        crop = crop_of(stage.view, images, outline.points_um, [other], [other])
        assert crop is not None
        unrolled = texture_of(crop, outline)
        assert not isinstance(unrolled, str), unrolled
        texture, _ = unrolled
        if body is None:
            body, turn = first_sight(1, texture, 0.0), Turn(0.0)
        else:
            body, turn = turned(body, texture, 2.0 * number)
        turns.append(turn)
    return turns


SLOW, STILL = list(np.linspace(0, 90, 16)), [20.0] * 16


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    ("pixel_um", "photons"), [(0.65, 250), (0.325, 250), (0.325, 40)], ids=["10x", "20x", "dim"]
)
def test_a_textured_cell_is_followed_through_a_quarter_turn(
    seed: int, pixel_um: float, photons: float
) -> None:
    stage = Stage(seed=seed, pixel_um=pixel_um, photons=photons)
    turns = watched(stage, SLOW, STILL)
    assert [turn.twist_deg for turn in turns] == pytest.approx(SLOW, abs=4)


def test_a_quarter_turn_between_two_frames_is_seen() -> None:
    turns = watched(Stage(seed=4), [0.0, 0.0, 90.0, 0.0, -90.0], [20.0] * 5)
    assert [turn.twist_deg for turn in turns] == pytest.approx([0, 0, 90, 0, -90], abs=4)


def test_it_does_not_drift_in_a_long_contact() -> None:
    turns = watched(Stage(seed=5), [0.0] * 60, [10.0] * 60)
    assert max(abs(turn.twist_deg) for turn in turns) < 2.5


def test_an_nk_cell_going_round_a_still_tumor_is_no_twist() -> None:
    turns = watched(Stage(seed=6), [0.0] * 16, list(np.linspace(0, 120, 16)))
    assert [turn.twist_deg for turn in turns] == pytest.approx([0.0] * 16, abs=3)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
@pytest.mark.parametrize("bleed", [0.0, 0.15])
def test_a_uniform_disc_gives_no_number_even_while_the_nk_cell_goes_round(
    seed: int, bleed: float
) -> None:
    stage = Stage(seed=seed, texture=0.0, bleed=bleed)
    turns = watched(stage, list(np.linspace(0, 60, 12)), list(np.linspace(0, 120, 12)))
    assert all(np.isnan(turn.twist_deg) and turn.reason for turn in turns[1:])


def test_another_cell_in_its_place_is_not_recognised() -> None:
    stranger = _swapped(Stage(seed=7), Stage(seed=8))
    assert np.isnan(stranger.twist_deg)
    assert stranger.reason


def _swapped(one: Stage, two: Stage) -> Turn:
    textures = []
    for stage in (one, one, two):
        tumor = stage.tumor_outline(0)
        nk, middle = stage.nk_outline(0, 0.18, 0)
        images = Images(*stage.images(tumor, nk, middle, 0), None)
        seen, other = cell(1, Kind.TUMOR, tumor), cell(2, Kind.NK, nk)
        outline = outline_of(seen.outline_um)
        crop = crop_of(stage.view, images, outline.points_um, [other], [other])
        assert crop is not None
        unrolled = texture_of(crop, outline)
        assert not isinstance(unrolled, str)
        textures.append(unrolled[0])
    body, turn = turned(first_sight(1, textures[0], 0.0), textures[1], 2.0)
    assert turn.twist_deg == pytest.approx(0, abs=2)
    return turned(body, textures[2], 4.0)[1]


def test_too_few_pixels_are_a_reason() -> None:
    stage = Stage(pixel_um=1.6)
    tumor = stage.tumor_outline(0)
    nk, middle = stage.nk_outline(0, 0.18, 0)
    images = Images(*stage.images(tumor, nk, middle, 0), None)
    crop = crop_of(stage.view, images, tumor, [], [])
    assert crop is not None
    assert "pixels across" in str(texture_of(crop, outline_of(tumor)))
