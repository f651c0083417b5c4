"""Beyond a field stop no light falls: there are no cells there, and none are invented elsewhere."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from cell_scene import Scene, draw

from livewatch.analysis.segmentation.classic import classic
from livewatch.analysis.segmentation.ground import ground
from livewatch.analysis.segmentation.spread import spread

PIXEL_UM = 0.65


def places(image: np.ndarray) -> np.ndarray:
    """(2, h, w): y and x of each pixel, from -1 at one side to 1 at the other."""
    return np.mgrid[-1 : 1 : image.shape[0] * 1j, -1 : 1 : image.shape[1] * 1j]


def lit_where(image: np.ndarray, lit: np.ndarray, soft_px: float) -> np.ndarray:
    """An image on which light falls in one place only, which ends so softly."""
    share = cv2.GaussianBlur(lit.astype(np.float32), (0, 0), soft_px)
    dark = Scene().offset + np.random.default_rng(0).normal(0, 2, image.shape)
    return np.clip(np.round(share * image + (1 - share) * dark), 0, 65535).astype(np.uint16)


def stopped(scene: Scene, seed: int, radius: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A scene through a round stop of that radius (half widths); its labels; where light falls."""
    image, labels = draw(scene, seed)
    inside = np.hypot(*places(image)) < radius
    return lit_where(image, inside, 4.0), labels, inside


def found(image: np.ndarray, diameter_um: float) -> np.ndarray:
    """The labels of cells, as large as the image."""
    labels, _ = classic(image, PIXEL_UM, diameter_um)
    return cv2.resize(labels, image.shape[::-1], interpolation=cv2.INTER_NEAREST)


@pytest.mark.parametrize("radius", [0.8, 1.05])
@pytest.mark.parametrize("background", [20.0, 100.0, 400.0])
@pytest.mark.parametrize("diameter_um", [10.0, 20.0])
def test_an_empty_image_stays_empty_behind_a_stop(
    diameter_um: float, background: float, radius: float
) -> None:
    scene = Scene(cells=0, diameter_um=diameter_um, background=background, debris=0)
    image, _, _ = stopped(scene, 1, radius)
    assert ground(image, PIXEL_UM, diameter_um).lit is not None
    assert found(image, diameter_um).max() == 0


@pytest.mark.parametrize("soft_px", [4.0, 15.0, 40.0])
@pytest.mark.parametrize("across", [-0.5, 0.0, 0.8])
def test_an_empty_image_stays_empty_beside_a_wall(across: float, soft_px: float) -> None:
    """The brightest place may be at the wall: what is smooth there is not what it is elsewhere."""
    image, _ = draw(Scene(cells=0, background=300.0, debris=0), 6)
    y, x = places(image)
    assert found(lit_where(image, x + 0.3 * y < across, soft_px), 20.0).max() == 0


@pytest.mark.parametrize("diameter_um", [10.0, 20.0])
def test_cells_are_found_where_light_falls(diameter_um: float) -> None:
    scene = Scene(cells=40, diameter_um=diameter_um, background=200.0, debris=0)
    image, labels, inside = stopped(scene, 2, 0.9)
    seen = found(image, diameter_um)
    whole = [k for k in range(1, labels.max() + 1) if inside[labels == k].all()]
    hit = [k for k in whole if (seen[labels == k] > 0).mean() > 0.5]
    assert len(hit) >= 0.9 * len(whole) > 15
    for k in range(1, seen.max() + 1):
        assert (labels[seen == k] > 0).mean() > 0.3


def test_spread_cells_are_not_invented_behind_a_stop() -> None:
    image, _, _ = stopped(Scene(cells=0, background=100.0, debris=0), 3, 0.8)
    assert spread(image, PIXEL_UM, 15.0)[0].max() == 0


@pytest.mark.parametrize("unevenness", [0.0, 0.3, 0.8])
@pytest.mark.parametrize("cells", [0, 100, 800])
def test_uneven_light_and_many_cells_are_no_stop(cells: int, unevenness: float) -> None:
    image, _ = draw(Scene(cells=cells, unevenness=unevenness, touching=0.8), 4)
    assert ground(image, PIXEL_UM, 20.0).lit is None
