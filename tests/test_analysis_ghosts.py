"""A cell's light in the other channel is no cell there."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from test_analysis_tracking import disc

from livewatch.analysis.analyst import Analyst
from livewatch.analysis.ghosts import overlap, without_ghosts
from livewatch.model import Exposure, Frame, Kind, Plane, Purpose, Shot, View
from livewatch.settings import Experiment

TUMOR = replace(disc(0.0, 0.0, 11.0, Kind.TUMOR), signal=400.0)


def nk(x_um: float, y_um: float, radius_um: float, signal: float):  # type: ignore[no-untyped-def]
    return replace(disc(x_um, y_um, radius_um), signal=signal)


def test_what_has_a_cells_outline_and_little_of_its_light_is_its_ghost() -> None:
    beside = nk(30.0, 0.0, 4.5, 300.0)
    assert without_ghosts([nk(0.4, -0.3, 11.2, 20.0), beside], [TUMOR]) == (beside,)


@pytest.mark.parametrize(
    "cell",
    [
        nk(0.4, -0.3, 11.2, 300.0),  # as bright: dyed in both colors
        nk(0.0, 0.0, 5.0, 20.0),  # taken in, or on top of it
        nk(6.0, 0.0, 11.0, 20.0),  # over it in part
        nk(22.0, 0.0, 11.0, 20.0),  # beside it
    ],
)
def test_a_cell_upon_another_is_no_ghost(cell) -> None:  # type: ignore[no-untyped-def]
    assert without_ghosts([cell], [TUMOR]) == (cell,)


def test_where_there_is_nothing_there_are_no_ghosts() -> None:
    assert without_ghosts([], [TUMOR]) == ()
    assert without_ghosts([TUMOR], []) == (TUMOR,)


def test_overlap_is_the_share_of_what_either_covers() -> None:
    assert overlap(TUMOR, TUMOR) == 1.0
    assert overlap(TUMOR, nk(0.0, 0.0, 5.5, 1.0)) == pytest.approx(0.25, abs=0.03)
    assert overlap(TUMOR, nk(40.0, 0.0, 5.5, 1.0)) == 0.0


@pytest.mark.parametrize("bleeds_into", list(Kind))
def test_a_single_cell_that_bleeds_through_is_one_cell_and_no_encounter(bleeds_into: Kind) -> None:
    """Too few cells to measure bleed-through by."""
    source = Kind.TUMOR if bleeds_into is Kind.NK else Kind.NK
    disc_px = np.zeros((256, 256), np.float32)
    cv2.circle(disc_px, (128, 120), 17 if source is Kind.TUMOR else 9, 1.0, -1)
    disc_px = cv2.GaussianBlur(disc_px, (0, 0), 1.0)
    light = {source: 600 * disc_px, bleeds_into: 40 * disc_px}
    rng, analyst = np.random.default_rng(0), Analyst(Experiment())
    view = View("p", 0.0, 0.0, None, "10x", 0.65, 1, (256, 256))
    planes = tuple(Plane(kind.value, 50.0) for kind in Kind)
    state = analyst.begin()
    for index in range(6):
        pixels = tuple((100 + rng.poisson(20 + light[kind])).astype(np.uint16) for kind in Kind)
        exposures = tuple(Exposure(kind.value, 30.0 * index, 30.0 * index, 50.0) for kind in Kind)
        shot = Shot(view, planes, 30.0 * index, Purpose.SURVEY)
        frame = Frame(index, shot, view, pixels, exposures, 30.0 * index)
        state, observation = analyst.observe(state, frame)
        assert [cell.kind for cell in observation.cells] == [source]
    assert observation.encounters == ()
