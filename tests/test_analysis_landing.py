"""Where the camera looks after a change of view, as the cells tell it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from math import hypot, isnan
from typing import TYPE_CHECKING

import numpy as np
import pytest

from livewatch.analysis.analyst import Analyst
from livewatch.analysis.freeze import from_json, to_json
from livewatch.analysis.softness import softness_um
from livewatch.model import Exposure, Frame, Kind, Observation, Plane, Purpose, Region, Shot, View
from livewatch.settings import Experiment
from livewatch.specimen.synthetic import SyntheticSpecimen

if TYPE_CHECKING:
    from livewatch.analysis.analyst import AnalystState

HOME = View("A", 0.0, 0.0, 0.0, "20x", 0.325, 1, (512, 512))
CLOSER = replace(HOME, objective="40x", pixel_um=0.1625)
PLANES = Plane("nk", 30.0), Plane("tumor", 30.0)
ANALYST = Analyst(Experiment())
SEEDS = [11, 13, 2]
BEGIN_S = 90.0


def frame(specimen: SyntheticSpecimen, index: int, view: View, really: View | None = None) -> Frame:
    """What the camera takes when it says that it looks at `view` but looks `really` elsewhere."""
    time_s = BEGIN_S + 2.0 * index
    images = tuple(
        specimen.expose(really or view, plane.channel, 30.0, 1.0, time_s).pixels for plane in PLANES
    )
    exposures = tuple(Exposure(p.channel, time_s, time_s + 0.03, 30.0) for p in PLANES)
    shot = Shot(view, PLANES, time_s, Purpose.ENCOUNTER)
    return Frame(index, shot, view, images, exposures, time_s)


@cache
def watched(seed: int) -> tuple[SyntheticSpecimen, AnalystState, Observation]:
    """A specimen, and what is known of it after six frames."""
    specimen, state = SyntheticSpecimen("mixed", seed), ANALYST.begin()
    for index in range(6):
        state, seen = ANALYST.observe(state, frame(specimen, index, HOME))
    return specimen, state, seen


def at_a_pair(seen: Observation, view: View) -> View:
    """The view, the nearest pair in its middle."""
    pair = min(seen.contacts, key=lambda one: one.gap_um)
    x_um, y_um = (pair.nk_x_um + pair.tumor_x_um) / 2, (pair.nk_y_um + pair.tumor_y_um) / 2
    return replace(view, stage_x_um=x_um, stage_y_um=y_um)


def off(view: View, x_um: float, y_um: float, z_um: float = 0.0) -> View:
    assert view.z_um is not None
    return replace(
        view,
        stage_x_um=view.stage_x_um - x_um,
        stage_y_um=view.stage_y_um - y_um,
        z_um=view.z_um + z_um,
    )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("miss_um", [(0.0, 0.0), (9.0, -4.0), (-12.0, 16.0)])
def test_the_cells_tell_by_how_much_an_aim_missed(seed: int, miss_um: tuple[float, float]) -> None:
    specimen, state, seen = watched(seed)
    view = at_a_pair(seen, CLOSER)
    _, now = ANALYST.observe(state, frame(specimen, 6, view, off(view, *miss_um)))
    landing = now.landing
    assert landing is not None
    assert hypot(landing.dx_um - miss_um[0], landing.dy_um - miss_um[1]) < 1.5
    assert landing.misses(4.0) == (miss_um != (0.0, 0.0))


def test_a_frame_that_missed_changes_no_track_and_the_next_one_that_does_not_goes_on() -> None:
    specimen, state, seen = watched(11)
    view = at_a_pair(seen, CLOSER)
    state, missed = ANALYST.observe(state, frame(specimen, 6, view, off(view, 15.0, 0.0)))
    assert missed.problem is not None
    assert missed.problem.startswith("aim missed: the cells are 1")
    assert missed.cells == ()
    state = from_json(to_json(state))
    state, after = ANALYST.observe(state, frame(specimen, 7, view))
    assert after.problem is None
    pair = min(seen.contacts, key=lambda one: one.gap_um)
    assert pair.pair in {one.pair for one in after.contacts}


def test_what_misses_again_and_again_is_taken_for_what_it_is() -> None:
    specimen, state, seen = watched(11)
    view = at_a_pair(seen, CLOSER)
    problems = []
    for index in range(6, 9):
        state, now = ANALYST.observe(state, frame(specimen, index, view, off(view, 15.0, 0.0)))
        problems.append(now.problem is not None)
    assert problems == [True, True, False]


def test_where_everything_is_strange_nothing_is_found() -> None:
    specimen, state, seen = watched(11)
    view = at_a_pair(seen, CLOSER)
    _, now = ANALYST.observe(state, frame(specimen, 6, view, off(view, 260.0, 170.0)))
    assert now.landing is not None
    assert now.landing.found == 0
    assert now.landing.expected > 1
    assert now.problem is not None
    assert "none of the" in now.problem


def test_a_region_and_a_binning_are_checked_too_and_the_same_view_again_is_not() -> None:
    specimen, state, _ = watched(13)
    region = replace(HOME, region=Region(128, 128, 256, 256))
    for index, view in enumerate((region, replace(HOME, binning=2, pixel_um=0.65)), start=6):
        state, now = ANALYST.observe(state, frame(specimen, index, view))
        assert now.landing is not None
        assert not now.landing.misses(4.0)
    state, now = ANALYST.observe(state, frame(specimen, 8, view))
    assert now.landing is None


@pytest.mark.parametrize("seed", SEEDS)
def test_edges_are_softer_out_of_focus_and_not_through_another_objective(seed: int) -> None:
    specimen, state, seen = watched(seed)
    view = at_a_pair(seen, CLOSER)
    softer_um = []
    for z_um in (0.0, 4.0):
        _, now = ANALYST.observe(state, frame(specimen, 6, view, off(view, 0.0, 0.0, z_um)))
        assert now.landing is not None
        softer_um.append(now.landing.softer_um)
    assert abs(softer_um[0]) < 0.5
    assert softer_um[1] > 0.8


@pytest.mark.parametrize("seed", SEEDS)
def test_cells_are_as_bright_through_other_optics_as_before(seed: int) -> None:
    specimen, state, seen = watched(seed)
    view = at_a_pair(seen, CLOSER)
    _, now = ANALYST.observe(state, frame(specimen, 6, view))
    known = {cell.id: cell for cell in seen.cells}
    ratios = [
        cell.signal / known[cell.id].signal
        for cell in now.cells
        if cell.id in known and not cell.at_edge and cell.kind is Kind.TUMOR
    ]
    assert ratios
    assert all(0.6 < ratio < 1.6 for ratio in ratios)


def test_one_cell_alone_proves_nothing() -> None:
    specimen, state, seen = watched(11)
    cell = seen.cells[0]
    alone = replace(
        CLOSER, stage_x_um=cell.x_um, stage_y_um=cell.y_um, region=Region(192, 192, 128, 128)
    )
    _, now = ANALYST.observe(state, frame(specimen, 6, alone))
    assert now.landing is not None
    if now.landing.expected < 2:
        assert now.problem is None
        assert isnan(now.landing.miss_um)


@pytest.mark.parametrize(("bright", "is_told"), [(2000.0, True), (0.0, False)])
def test_edges_that_do_not_stand_out_of_the_noise_are_not_called_sharp(
    bright: float, is_told: bool
) -> None:
    """Far out of focus a camera's noise alone is left, of which edges 0.5 um soft were told."""
    row_noise = np.random.default_rng(1).normal(0, 1, (200, 1))
    image = 100 + np.random.default_rng(0).normal(0, 5, (200, 200)) + row_noise
    y, x = np.mgrid[:200, :200]
    image += bright * np.clip(1.5 - np.hypot(x - 100, y - 100) / 40, 0, 0.5)
    soft_um = softness_um([image], 0.163)
    assert (soft_um < 3.0) if is_told else soft_um == np.inf
    assert np.isnan(softness_um([], 0.163))
