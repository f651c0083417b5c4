"""Membranes: outlines settle where the edge of a cell truly is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from walkers import circle

from livewatch.analysis.membrane import at_half_height, evened, normals, profiles

SIDE, FINE = 96, 8
MIDDLE_PX = (SIDE / 2 + 0.2, SIDE / 2 - 0.3)


def picture(radius_px: float, rim: float, blur_px: float, cut: float = 0.0) -> np.ndarray:
    """A disc around the middle, its outermost 2 px `rim` times as bright, through a lens."""
    y, x = (np.mgrid[: SIDE * FINE, : SIDE * FINE] + 0.5) / FINE - 0.5
    far = np.hypot(x - SIDE / 2 - 0.2, y - SIDE / 2 + 0.3)
    fine = 400.0 * (far <= radius_px) * np.where(far > radius_px - 2, rim, 1.0) * (x >= cut)
    fine = cv2.GaussianBlur(fine.astype(np.float32), (0, 0), blur_px * FINE)
    image = fine.reshape(SIDE, FINE, SIDE, FINE).mean((1, 3))
    return np.asarray(image + np.random.default_rng(0).normal(0, 8, image.shape), np.float32)


def ring(radius_px: float, drawn_px: float) -> np.ndarray:
    """The disc drawn with a wrong radius."""
    return circle(0, 0, drawn_px, round(2 * np.pi * radius_px / 0.8)) + MIDDLE_PX


def settled(image: np.ndarray, drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The outline at half height; its area, perimeter and centre."""
    moved, shapes = at_half_height(image, drawn, np.array((0, len(drawn)), np.int32))
    return moved, shapes[0]


@pytest.mark.parametrize("rim", [0.85, 1.0, 2.0])
@pytest.mark.parametrize("drawn_px", [-0.5, 0.0, 1.0])
@pytest.mark.parametrize("radius_px", [7.0, 15.0])
def test_the_radius_is_right_however_it_was_drawn_and_whatever_the_rim(
    radius_px: float, drawn_px: float, rim: float
) -> None:
    image = picture(radius_px, rim, blur_px=0.6)
    _, (area, perimeter, x, y) = settled(image, ring(radius_px, radius_px + drawn_px))
    assert np.sqrt(area / np.pi) == pytest.approx(radius_px, abs=0.3)
    assert (x, y) == pytest.approx(MIDDLE_PX, abs=0.23)
    assert perimeter == pytest.approx(2 * np.pi * radius_px, rel=0.06)


def test_where_there_is_no_edge_the_outline_stays() -> None:
    drawn = ring(15, 15)
    moved, _ = settled(np.full((SIDE, SIDE), 400.0, np.float32), drawn)
    assert np.array_equal(moved, drawn)


def test_an_outline_along_the_image_border_stays_inside_the_image() -> None:
    image = picture(15, 1.0, 0.6)[:, SIDE // 2 :].copy()
    cut = np.maximum(ring(15, 15.5) - (SIDE / 2, 0), -0.5)
    moved, _ = settled(image, cut)
    assert (moved >= -0.5 - 0.015).all()


def test_the_brightness_across_an_outline_is_the_same_near_the_border_and_far_from_it() -> None:
    image = picture(15, 1.0, 0.6)
    inner = ring(15, 15)
    normal = normals(inner)
    near = image[:, round(MIDDLE_PX[0]) - 16 :].copy()  # all points, not all that is outside
    there = profiles(near, inner - (image.shape[1] - near.shape[1], 0), normal)
    shown = np.isfinite(there)
    assert 0 < shown.mean() < 1
    np.testing.assert_allclose(there[shown], profiles(image, inner, normal)[shown], rtol=1e-5)


def test_no_cells_no_outlines() -> None:
    moved, shapes = at_half_height(picture(15, 1, 0.6), np.zeros((0, 2)), np.zeros(1, np.int32))
    assert moved.shape == (0, 2)
    assert shapes.shape == (0, 4)


@pytest.mark.parametrize("unknown", [0, 1, 2, 3])
def test_shifts_are_evened_to_the_median_of_those_known_nearby(unknown: int) -> None:
    rng = np.random.default_rng(unknown)
    shift = rng.normal(size=30)
    for at in range(0, 30, 5):
        shift[at + rng.permutation(5)[:unknown]] = np.nan
    near = np.stack([np.roll(shift, by) for by in range(-2, 3)], axis=1)
    known = [window[~np.isnan(window)] for window in near]
    median = [np.median(few) if len(few) >= 3 else 0.0 for few in known]
    assert evened(shift).tolist() == median
