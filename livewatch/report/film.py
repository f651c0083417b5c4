"""Moving pictures of ellipses whose places are known: what `livewatch bench` is measured on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from livewatch.model import Exposure, Frame, Kind, Plane, Purpose, Shot, View

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from livewatch.model import Cell, Pixels

    Labels = NDArray[np.int32]

DIAMETER_UM: Mapping[Kind, float] = {Kind.NK: 9.0, Kind.TUMOR: 20.0}
INTERVAL_S, STEP_UM = 2.0, 0.3
BACKGROUND, CELL, OFFSET = 20.0, 150.0, 100


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """Frames, and for the last of them which cell each pixel belongs to."""

    frames: tuple[Frame, ...]
    truth: Mapping[Kind, Labels]


def film(side: int, pixel_um: float, cells: int, frames: int) -> Film:
    """`cells` NK and as many tumor cells in a square of `side` pixels, walking, 2 s apart.

    Cells of one kind lie on a loose grid, so that they touch now and then but do not pile up.
    """
    rng = np.random.default_rng(side + cells)
    view = View("bench", 0.0, 0.0, None, "", pixel_um, 1, (side, side))
    planes = tuple(Plane(kind.value, 50.0) for kind in Kind)
    shot = Shot(view, planes, 0.0, Purpose.SURVEY)
    places = {kind: spread(rng, side, cells) for kind in Kind}
    sizes = {
        kind: rng.uniform(0.85, 1.15, (cells, 2)) * DIAMETER_UM[kind] / 2 / pixel_um
        for kind in Kind
    }
    noise = rng.normal(0.0, 1.0, (side, side)).astype(np.float32)
    made = []
    for index in range(frames):
        if index:
            for place in places.values():
                place += rng.normal(0, STEP_UM / pixel_um, place.shape)
        shift = rng.integers(0, side, (2, 2)).tolist()
        pixels = tuple(
            picture(np.roll(noise, by, (0, 1)), places[kind], sizes[kind])
            for kind, by in zip(Kind, shift, strict=True)
        )
        time_s = INTERVAL_S * index
        exposures = tuple(Exposure(kind.value, time_s, time_s, 50.0) for kind in Kind)
        made.append(Frame(index, shot, view, pixels, exposures, time_s))
    truth = {kind: drawn(side, places[kind], sizes[kind]) for kind in Kind}
    return Film(tuple(made), truth)


def spread(rng: np.random.Generator, side: int, cells: int) -> NDArray[np.float64]:
    """Places (cells, 2) in pixels, on as many fields of a loose grid."""
    across = int(np.ceil(np.sqrt(cells)))
    fields = rng.permutation(across * across)[:cells]
    corner = np.column_stack((fields % across, fields // across))
    return np.asarray((corner + rng.uniform(0.2, 0.8, (cells, 2))) * side / across)


def picture(
    noise: NDArray[np.float32], places: NDArray[np.float64], sizes: NDArray[np.float64]
) -> Pixels:
    """Ellipses on an even background, blurred, with noise as of photons (a normal one)."""
    sharp = np.full(noise.shape, BACKGROUND, np.float32)
    paint(sharp, places, sizes, np.full(len(places), CELL))
    light = np.asarray(cv2.GaussianBlur(sharp, (0, 0), 1.0), np.float32)
    return np.asarray(OFFSET + np.maximum(light + np.sqrt(light) * noise, 0), np.uint16)


def drawn(side: int, places: NDArray[np.float64], sizes: NDArray[np.float64]) -> Labels:
    """Which ellipse (from 1) each pixel belongs to."""
    labels = np.zeros((side, side), np.int32)
    paint(labels, places, sizes, np.arange(1, len(places) + 1))
    return labels


def paint(
    image: NDArray[np.float32] | Labels,
    places: NDArray[np.float64],
    sizes: NDArray[np.float64],
    values: NDArray[np.float64] | NDArray[np.int64],
) -> None:
    """Paint ellipses into an image, in place."""
    for (x, y), (across, along), value in zip(places, sizes, values.tolist(), strict=True):
        centre, axes = (round(16 * x), round(16 * y)), (round(16 * across), round(16 * along))
        cv2.ellipse(image, centre, axes, 30.0, 0.0, 360.0, value, -1, cv2.LINE_8, 4)


def labels_of(cells: Sequence[Cell], view: View) -> Labels:
    """Cells as labels (from 1) in a view's pixels."""
    labels = np.zeros(view.shape, np.int32)
    for number, cell in enumerate(cells, 1):
        corners = (cell.outline_um - (view.left_um, view.top_um)) / view.pixel_um - 0.5
        cv2.fillPoly(labels, [np.round(16 * corners).astype(np.int32)], number, shift=4)
    return labels


def f1(found: Labels, truth: Labels) -> float:
    """F1 of cells that overlap a true one by more than half of their union."""
    n_found, n_true = int(found.max()) + 1, int(truth.max()) + 1
    pairs = np.bincount((found * np.int64(n_true) + truth).ravel(), minlength=n_found * n_true)
    both = pairs.reshape(n_found, n_true)
    of_found, of_true = both.sum(1), both.sum(0)
    union = of_found[:, None] + of_true[None, :] - both
    hits = int((2 * both[1:, 1:] > union[1:, 1:]).sum())
    both_counted = int(np.count_nonzero(of_found[1:]) + np.count_nonzero(of_true[1:]))
    return 2 * hits / both_counted if both_counted else 1.0
