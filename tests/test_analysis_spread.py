"""Spread cells: whole with their dim processes, apart where two bodies meet, none invented."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from spread_scene import SpreadScene, draw_spread

from livewatch.analysis.segmentation import Sight
from livewatch.analysis.segmentation.classic import classic
from livewatch.analysis.segmentation.segmenter import plug_ins, without_plug_ins
from livewatch.analysis.segmentation.spread import spread
from livewatch.model import Exposure, Frame, Plane, Purpose, Shot, View
from livewatch.settings import Cells, Experiment

PIXEL_UM, WIDTH_UM = 0.325, 14.0
BRIGHT = 60.0


def imaged(light, seed=0):  # type: ignore[no-untyped-def]
    """A light distribution, blurred, on a background of 60 photons, as a camera gives it."""
    photons = np.random.default_rng(seed).poisson(cv2.GaussianBlur(light, (0, 0), 1.1) + 60)
    return (100 + photons).astype(np.uint16)


def stained(bodies, processes):  # type: ignore[no-untyped-def]
    """Bodies (x, y, half length, half width) of full brightness, processes (points, share), px."""
    light = np.zeros((512, 512), np.float32)
    for points, share in processes:
        cv2.polylines(light, [np.array(points, np.int32)], False, BRIGHT * share, 7)
    for x, y, long, wide in bodies:
        cv2.ellipse(light, (x, y), (long, wide), 0, 0, 360, BRIGHT, -1)
    return light


def bend(first, last, rise):  # type: ignore[no-untyped-def]
    """Points of an arc from one point to another."""
    along = np.linspace(0, 1, 30)[:, None]
    path = np.array(first) * (1 - along) + np.array(last) * along
    path[:, 1] += rise * np.sin(np.pi * along[:, 0])
    return path.round()


@pytest.mark.parametrize("seed", range(3))
def test_a_long_thin_cell_is_one_cell_as_far_as_its_dim_processes_reach(seed: int) -> None:
    arms = [(bend((90, 200), (230, 250), 20), 0.25), (bend((280, 250), (450, 300), -25), 0.25)]
    light = stained([(255, 250, 45, 14)], arms)
    labels, label_um = spread(imaged(light, seed), PIXEL_UM, WIDTH_UM)
    assert labels.max() == 1
    columns = np.flatnonzero(labels.any(0)) * label_um / PIXEL_UM
    assert columns[0] < 100
    assert columns[-1] > 440
    truth = cv2.resize(light, labels.shape[::-1], interpolation=cv2.INTER_AREA) > 0.1 * BRIGHT
    assert (truth & (labels > 0)).sum() > 0.6 * (truth | (labels > 0)).sum()


def test_bodies_joined_by_a_process_and_bodies_with_a_dark_seam_are_two_cells() -> None:
    joined = stained([(130, 120, 45, 16), (360, 120, 45, 16)], [([(130, 120), (360, 120)], 0.25)])
    seamed = stained([(200, 380, 45, 16), (298, 380, 45, 16)], [])
    labels, _ = spread(imaged(joined + seamed), PIXEL_UM, WIDTH_UM)
    assert labels.max() == 4


def test_a_dim_flat_lobe_belongs_to_its_cell() -> None:
    light = np.zeros((512, 512), np.float32)
    cv2.ellipse(light, (300, 256), (60, 40), 0, 0, 360, 0.35 * BRIGHT, -1)
    cv2.ellipse(light, (240, 256), (40, 20), 0, 0, 360, BRIGHT, -1)
    labels, label_um = spread(imaged(light), PIXEL_UM, WIDTH_UM)
    assert labels.max() == 1
    area_px = (labels > 0).sum() * (label_um / PIXEL_UM) ** 2
    assert area_px == pytest.approx((light > 0).sum(), rel=0.15)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("way", [classic, spread])
def test_where_there_are_no_cells_none_are_seen_though_a_side_of_the_image_glows(way, seed) -> None:  # type: ignore[no-untyped-def]
    image, _ = draw_spread(SpreadScene(cells=0, debris=0, shape=(512, 512)), 1000 + seed)
    assert way(image, PIXEL_UM, WIDTH_UM)[0].max() == 0


def test_cells_under_a_glowing_side_of_the_image_stay_apart() -> None:
    light = stained([(100, 30, 45, 14), (300, 30, 45, 14)], [])
    glow = 20 * np.exp(-np.arange(512) / 20).astype(np.float32)
    labels, _ = spread(imaged(light + glow[:, None]), PIXEL_UM, WIDTH_UM)
    assert labels.max() == 2


def test_an_experiment_asks_for_spread_cells_by_name_and_keeps_them_when_plug_ins_go() -> None:
    experiment = Experiment(
        cells=Cells(tumor_diameter_um=WIDTH_UM, tumor_segmenter="spread", nk_segmenter="mine")
    )
    assert plug_ins(experiment) == ("mine",)
    experiment = without_plug_ins(experiment)
    assert experiment.cells.nk_segmenter == "classic"
    sight = Sight(experiment)
    image = imaged(stained([(255, 250, 45, 14)], [(bend((280, 250), (450, 300), -25), 0.25)]))
    view = View("p", 0.0, 0.0, None, "20x", PIXEL_UM, 1, (512, 512))
    shot = Shot(view, (Plane("tumor", 50.0),), 0.0, Purpose.SURVEY)
    frame = Frame(0, shot, view, (image,), (Exposure("tumor", 0.0, 0.0, 50.0),), 0.0)
    (cell,) = sight.see(sight.begin(), frame)[1].tumor.cells
    assert np.ptp(cell.outline_um[:, 0]) > 210 * PIXEL_UM
