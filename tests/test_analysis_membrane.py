"""Membranes: outlines settle where the edge of a cell truly is."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from walkers import cell_of, circle

from livewatch.analysis.membrane import outlined
from livewatch.analysis.segmentation import Seen
from livewatch.model import Kind

SIDE, FINE = 96, 8


def picture(radius_px: float, rim: float, blur_px: float, cut: float = 0.0) -> np.ndarray:
    """A disc around the middle, its outermost 2 px `rim` times as bright, through a lens."""
    y, x = (np.mgrid[: SIDE * FINE, : SIDE * FINE] + 0.5) / FINE - 0.5
    far = np.hypot(x - SIDE / 2 - 0.2, y - SIDE / 2 + 0.3)
    fine = 400.0 * (far <= radius_px) * np.where(far > radius_px - 2, rim, 1.0) * (x >= cut)
    fine = cv2.GaussianBlur(fine.astype(np.float32), (0, 0), blur_px * FINE)
    image = fine.reshape(SIDE, FINE, SIDE, FINE).mean((1, 3))
    return np.asarray(image + np.random.default_rng(0).normal(0, 8, image.shape), np.float32)


def seen_of(image: np.ndarray, radius_px: float, drawn_px: float, pixel_um: float) -> Seen:
    """Segmentation's answer: the disc drawn with a wrong radius."""
    left_um, top_um = 1000.0, -300.0
    middle = np.array((SIDE / 2 + 0.2, SIDE / 2 - 0.3))
    ring = circle(0, 0, drawn_px, round(2 * np.pi * radius_px / 0.8)) + middle
    ring_um = ((ring + 0.5) * pixel_um + (left_um, top_um)).astype(np.float32)
    cell = cell_of(1, Kind.TUMOR, ring_um)
    assert cell is not None
    return Seen(
        kind=Kind.TUMOR,
        labels=np.zeros(image.shape, np.int32),
        pixel_um=pixel_um,
        left_um=left_um,
        top_um=top_um,
        signal=image,
        noise=3.0,
        outline_um=ring_um,
        outline_start=np.array((0, len(ring)), np.int32),
        shapes=np.array(((cell.area_um2, cell.perimeter_um, cell.x_um, cell.y_um),)),
        signals=np.array((400.0,), np.float32),
        at_edge=np.array((False,)),
    )


@pytest.mark.parametrize("rim", [0.85, 1.0, 2.0])
@pytest.mark.parametrize("drawn_px", [-0.5, 0.0, 1.0])
@pytest.mark.parametrize("radius_px", [7.0, 15.0])
def test_the_radius_is_right_however_it_was_drawn_and_whatever_the_rim(
    radius_px: float, drawn_px: float, rim: float
) -> None:
    image = picture(radius_px, rim, blur_px=0.6)
    (cell,) = outlined(seen_of(image, radius_px, radius_px + drawn_px, 0.65))
    assert np.sqrt(cell.area_um2 / np.pi) == pytest.approx(radius_px * 0.65, abs=0.2)
    assert cell.x_um == pytest.approx(1000 + (SIDE / 2 + 0.7) * 0.65, abs=0.15)
    assert cell.y_um == pytest.approx(-300 + (SIDE / 2 + 0.2) * 0.65, abs=0.15)
    assert cell.perimeter_um == pytest.approx(2 * np.pi * radius_px * 0.65, rel=0.06)


def test_where_there_is_no_edge_the_outline_stays() -> None:
    even = np.full((SIDE, SIDE), 400.0, np.float32)
    seen = seen_of(even, 15, 15, 0.65)
    (cell,) = outlined(seen)
    np.testing.assert_allclose(cell.outline_um, seen.cells[0].outline_um, atol=1e-3)


def test_an_outline_along_the_image_border_stays_inside_the_image() -> None:
    image = picture(15, 1.0, 0.6)[:, SIDE // 2 :].copy()
    seen = seen_of(image, 15, 15.5, 0.65)
    low = np.array((1000.0, -300.0))
    cut = np.maximum(seen.outline_um - np.array((SIDE / 2 * 0.65, 0)), low).astype(np.float32)
    (after,) = outlined(replace(seen, outline_um=cut, at_edge=np.array((True,))))
    assert (after.outline_um >= low - 0.01).all()


def test_no_cells_no_outlines() -> None:
    seen = seen_of(picture(15, 1.0, 0.6), 15, 15, 0.65)
    assert outlined(replace(seen, shapes=np.zeros((0, 4)))) == ()
