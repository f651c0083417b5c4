"""Dim cells are found as a whole; noise, uneven light, specks and halos are no cells."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from cell_scene import Scene, draw

from livewatch.analysis.segmentation import classic
from livewatch.analysis.segmentation.cores import around, averages, contrasts, standing_out
from livewatch.analysis.segmentation.ground import ground, reduction

DIAMETER_UM, PIXEL_UM, RADIUS_PX = 20.0, 0.65, 15
CENTRES = [(128.0 + 256.0 * column, 128.0 + 256.0 * row) for row in range(3) for column in range(3)]
EMPTY = {
    "usual": Scene(cells=0, debris=0),
    "specks": Scene(cells=0, debris=40),
    "faint light": Scene(cells=0, debris=0, background=4.0),
    "much light": Scene(cells=0, debris=0, background=4000.0),
    "uneven": Scene(cells=0, debris=0, background=400.0, unevenness=0.9),
    "NK": Scene(cells=0, debris=0, diameter_um=9.0),
    "NK, uneven": Scene(cells=0, debris=0, diameter_um=9.0, background=400.0, unevenness=0.9),
}


def exposed(cells: list[tuple[float, float, float]], seed: int, side_px: int = 768) -> np.ndarray:
    """Flat discs (x and y in px, photons) on a background of 20 photons."""
    light = np.zeros((side_px, side_px), np.float32)
    for x, y, photons in cells:
        cv2.circle(light, (round(x), round(y)), RADIUS_PX, photons, -1)
    light = cv2.GaussianBlur(light, (0, 0), 0.8) + 20
    return (100 + np.random.default_rng(seed).poisson(light)).astype(np.uint16)


def found(image: np.ndarray, diameter_um: float = DIAMETER_UM) -> classic.Pieces:
    return classic.find(ground(image, PIXEL_UM, diameter_um))


def found_before(monkeypatch: pytest.MonkeyPatch, image: np.ndarray) -> classic.Pieces:
    """What is found where dim cells are not looked for."""
    with monkeypatch.context() as patch:
        patch.setattr(classic, "with_dim", lambda pieces, *_: pieces)
        return found(image)


def whole(pieces: classic.Pieces, cells: list[tuple[float, float, float]]) -> int:
    """How many of the cells are found with an IoU of at least a half."""
    by = reduction(PIXEL_UM, DIAMETER_UM)
    y, x = by * (np.mgrid[: pieces.labels.shape[0], : pieces.labels.shape[1]] + 0.5)
    count = 0
    for at_x, at_y, _ in cells:
        true = np.hypot(x - at_x, y - at_y) < RADIUS_PX
        over = np.bincount(pieces.labels[true], minlength=2)
        best = int(over[1:].argmax()) + 1
        count += 2 * over[best] >= np.count_nonzero(true | (pieces.labels == best))
    return count


def test_cells_dimmer_than_three_noise_sds_of_a_pixel_are_found_whole(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    cells = [(x, y, 1.6) for x, y in CENTRES]
    images = [exposed(cells, seed) for seed in range(8)]
    before = [found_before(monkeypatch, image) for image in images]
    now = [found(image) for image in images]
    assert sum(whole(pieces, cells) for pieces in before) < 0.3 * 72
    assert sum(whole(pieces, cells) for pieces in now) > 0.7 * 72
    assert sum(len(pieces.boxes) for pieces in now) < 0.85 * 72  # and hardly anything else


def test_a_dim_cell_beside_a_bright_one_is_found(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    bright, dim = (256.0, 256.0, 15.0), (256.0 + 2.2 * RADIUS_PX, 256.0, 1.6)
    images = [exposed([bright, dim], seed) for seed in range(8)]
    assert sum(whole(found_before(monkeypatch, image), [dim]) for image in images) <= 1
    now = [found(image) for image in images]
    assert sum(whole(pieces, [dim]) for pieces in now) >= 6
    assert max(len(pieces.boxes) for pieces in now) == 2


def test_bright_cells_are_the_same(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    for seed in range(3):
        image, _ = draw(Scene(), seed)
        assert np.array_equal(found(image).labels, found_before(monkeypatch, image).labels)


def test_the_boxes_and_medians_of_dim_cells_are_theirs() -> None:
    image = exposed([(x, y, 1.6) for x, y in CENTRES] + [(256.0, 256.0, 20.0)], 4)
    pieces, seen = found(image), ground(image, PIXEL_UM, DIAMETER_UM)
    assert len(pieces.boxes) == len(pieces.level) == len(pieces.middle) == pieces.labels.max() > 4
    for number, box in enumerate(pieces.boxes, 1):
        rows, columns = np.nonzero(pieces.labels == number)
        assert box.tolist() == [rows.min(), columns.min(), rows.max() + 1, columns.max() + 1]
        middle = np.median(seen.smooth[rows, columns])
        assert pieces.middle[number - 1] == pytest.approx(middle, rel=0.1)
        assert 0.3 < pieces.level[number - 1] / pieces.middle[number - 1] < 0.8


@pytest.mark.parametrize("scene", EMPTY.values(), ids=EMPTY.keys())
@pytest.mark.parametrize("seed", range(2))
def test_nothing_is_found_where_there_is_nothing(scene: Scene, seed: int) -> None:
    image, _ = draw(scene, seed)
    assert len(found(image, scene.diameter_um).boxes) == 0


def test_averages_know_what_is_hidden_and_no_speck_is_a_cell() -> None:
    coarse, hidden = np.ones((9, 9), np.float32), np.zeros((9, 9), np.uint8)
    coarse[4, 4], hidden[:3] = 100.0, 1
    core = averages(coarse, hidden, np.float32(4))
    assert np.isnan(core[:3]).all()
    assert core[4, 4] == pytest.approx(12 / 9)
    assert np.isnan(core[8, 8])  # four of its nine blocks alone lie in the image
    assert core[7, 7] == 1.0


def test_a_slope_does_not_stand_out_and_a_hill_does() -> None:
    slope = np.add.outer(np.arange(21), 3 * np.arange(21)).astype(np.float32)
    assert around(slope, 10, 10, 4) == slope[10, 10]
    assert len(contrasts(slope, 10, 21)) == 1
    assert contrasts(slope, 10, 21)[0] == 0.0
    hill = np.zeros((21, 21), np.float32)
    hill[10, 10] = 5.0
    places, under = standing_out(hill, 4, 5.0)
    assert places.tolist() == [[10, 10]]
    assert under.tolist() == [0.0]
