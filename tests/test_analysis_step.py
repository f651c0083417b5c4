"""The seam of two cells of unlike brightness lies where the image steps, not at their neck."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from livewatch.analysis.segmentation.classic import classic
from livewatch.analysis.segmentation.step import resewn

SHAPE, STEP_ROW, NOISE = (48, 48), 24, 5.0


def image_of(upper: float, lower: float, seed: int = 0) -> np.ndarray:
    """An upright cell on a lying one: brightness above and below `STEP_ROW`, blurred, noisy."""
    light = np.zeros(SHAPE, np.float32)
    cv2.ellipse(light, (18, 30), (14, 6), 0, 0, 360, lower, -1)
    over = np.zeros(SHAPE, np.float32)
    cv2.ellipse(over, (12, 16), (7, 10), 0, 0, 360, 1.0, -1)
    over[STEP_ROW:] = 0
    light = np.where(over > 0, upper, light).astype(np.float32)
    light = cv2.GaussianBlur(light, (0, 0), 0.8)
    return light + np.random.default_rng(seed).normal(0, NOISE, SHAPE).astype(np.float32)


def cut_wrongly(image: np.ndarray, column: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Both cells, parted upright: half of the lying one counts to the upright one."""
    labels = np.where(image > 60, 1, 0).astype(np.int32)
    labels[:, column:] *= 2
    labels[[0, -1]] = 0
    labels[:, [0, -1]] = 0
    boxes = []
    for label in (1, 2):
        rows, columns = np.nonzero(labels == label)
        boxes.append((rows.min(), columns.min(), rows.max() + 1, columns.max() + 1))
    return labels, np.array(boxes, np.int32)


@pytest.mark.parametrize(("upper", "lower"), [(300.0, 200.0), (200.0, 300.0)])
def test_a_seam_moves_to_the_step(upper: float, lower: float) -> None:
    image = image_of(upper, lower)
    labels, boxes = cut_wrongly(image)
    resewn(labels, boxes, image, NOISE)
    inside = labels > 0
    true = np.where(np.arange(SHAPE[0])[:, None] < STEP_ROW, 1, 2) * inside
    assert (labels != true)[inside].mean() < 0.06
    rows, _ = np.nonzero(labels == 2)
    assert boxes[1, 0] <= rows.min()
    assert rows.max() < boxes[1, 2]


def test_cells_as_bright_as_each_other_keep_their_seam() -> None:
    image = image_of(250.0, 250.0)
    labels, boxes = cut_wrongly(image)
    before = labels.copy(), boxes.copy()
    resewn(labels, boxes, image, NOISE)
    assert np.array_equal(labels, before[0])
    assert np.array_equal(boxes, before[1])


def test_a_seam_beside_a_cell_that_hardly_stands_out_stays() -> None:
    image = image_of(300.0, 200.0)
    labels, boxes = cut_wrongly(image)
    before = labels.copy()
    resewn(labels, boxes, image, 25.0)
    assert np.array_equal(labels, before)


def test_a_dim_cell_keeps_what_lies_under_a_bright_one() -> None:
    image = np.full((256, 256), 120.0, np.float32)
    image[100:148, 100:148] += image_of(300.0, 200.0)
    image += np.random.default_rng(1).normal(0, NOISE, image.shape).astype(np.float32)
    labels, _ = classic(image.astype(np.uint16), 0.65, 9.0)
    labels = labels[100:148, 100:148]
    upper, lower = labels[10, 12], labels[30, 24]
    assert upper != lower
    true = np.where(np.arange(SHAPE[0])[:, None] < STEP_ROW, upper, lower)
    assert (labels != true)[labels > 0].mean() < 0.02


def test_a_seam_at_the_step_stays_there() -> None:
    image = image_of(300.0, 200.0)
    labels, boxes = cut_wrongly(image)
    resewn(labels, boxes, image, NOISE)
    before = labels.copy()
    resewn(labels, boxes, image, NOISE)
    assert np.array_equal(labels, before)
