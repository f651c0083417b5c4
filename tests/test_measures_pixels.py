"""Which pixels of a crop belong to whom, and how far they are from each other's cells."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from livewatch.analysis.measures.distance import distance_um
from livewatch.analysis.measures.outline import strung
from livewatch.analysis.measures.raster import SEVERAL, claimed

SHAPE = (40, 50)
ROW, COLUMN = np.mgrid[: SHAPE[0], : SHAPE[1]]


def disc(x: float, y: float, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """An outline, and which pixels' centres it covers."""
    turn = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    outline = np.column_stack((x + radius * np.cos(turn), y + radius * np.sin(turn)))
    return outline, np.hypot(COLUMN - x, ROW - y) < radius


def test_a_pixel_belongs_to_the_cells_that_cover_its_centre_also_where_the_crop_ends() -> None:
    (tumor, in_tumor), (left, in_left) = disc(20.3, 15.2, 12.7), disc(-2.1, 20.4, 9.6)
    (top, in_top), (corner, in_corner) = disc(30.2, 1.3, 7.7), disc(48.6, 38.7, 8.6)
    found = claimed(SHAPE, *strung([tumor, left, top, corner]), 2)
    for mask, expected in zip(
        found,
        (
            in_tumor,
            in_left | in_top | in_corner,
            in_tumor | in_corner,
            in_left + 2 * in_top,
        ),
        strict=True,
    ):
        assert np.array_equal(mask, expected)


def test_a_pixel_that_two_nk_cells_cover_belongs_to_neither() -> None:
    (tumor, _), (one, in_one), (two, in_two) = disc(9, 9, 5.1), disc(25, 20, 8.3), disc(33, 20, 8.3)
    nks = claimed(SHAPE, *strung([tumor, one, two]), 2)[3]
    assert np.array_equal(nks == SEVERAL, in_one & in_two)
    assert (nks == SEVERAL).any()


def test_distances_are_those_that_opencv_gives() -> None:
    outside = np.random.default_rng(3).random(SHAPE) < 0.995
    expected = cv2.distanceTransform(outside.astype(np.uint8), cv2.DIST_L2, 3)
    assert distance_um(outside, 0.5) == pytest.approx(0.5 * expected, rel=1e-4)


def test_what_has_nothing_beside_it_is_far_from_it() -> None:
    assert (distance_um(np.ones(SHAPE, np.bool_), 0.5) == 5000.0).all()
