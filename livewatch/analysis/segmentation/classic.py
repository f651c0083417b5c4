"""The built-in way to find cells: threshold, part at necks, trim each at its own brightness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from livewatch.analysis.segmentation.ground import ACROSS_PX, SAMPLES, ground
from livewatch.analysis.segmentation.middles import middles
from livewatch.analysis.segmentation.regions import regions
from livewatch.analysis.segmentation.split import split
from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.analysis.segmentation.ground import Ground
    from livewatch.model import Pixels

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float32]

SIGMAS = 5.0
"""A pixel this many noise SDs above background may be a cell."""
ROUNDS = 2
"""Parting and trimming are done this often: a trimmed clump shows more of its necks."""
DIM = 0.12
"""What is dimmer than this share of a typical cell is a halo or a ghost."""
TRIM, EDGE = 0.4, 0.5
"""A cell ends where it is this fraction of its own median."""
ROUND, NECK = 0.97, 0.88
"""More elliptical than ROUND is one cell; a neck narrower than NECK of the lesser body is cut."""
CELL_PX = np.pi / 4 * ACROSS_PX**2
SMALL, DEBRIS_UM = 0.22, 4.0
"""No cell is narrower than SMALL of a typical one; nor than debris, unless half a cell is."""
HOLE, LONE, ASIDE = 0.3, 0.5, 0.3
"""Areas in typical cells: the largest hole, the smallest piece to be parted, or left aside."""
BODY = 0.2
"""Least half-width of a cell's body, in diameters."""
CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """Labels (h, w), 1..n, and each one's brightness at its outline, above background."""

    labels: Ints
    level: Floats


def classic(image: Pixels, pixel_um: float, diameter_um: float) -> tuple[Ints, float]:
    """Cells in an image: labels (h, w) and the size of a label pixel. A `Segmenter`."""
    seen = ground(image, pixel_um, diameter_um)
    return find(seen).labels, seen.pixel_um


def find(seen: Ground) -> Pieces:
    """The cells in an image whose background has been taken off."""
    least, hole = least_px(seen), round(HOLE * CELL_PX)
    faint = np.float32(max(SIGMAS * seen.noise, DIM * typical(seen)))
    _, mask = cv2.threshold(seen.smooth, float(faint), 1.0, cv2.THRESH_BINARY)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, CROSS)
    labels, _, area = regions(mask.astype(np.int32), least, hole)
    whole = len(area)
    labels = apart(labels, whole, seen.smooth, faint)
    labels, own, area = regions(labels, least, hole)
    labels, area = solid(labels, own, area, whole)
    for _ in range(ROUNDS):
        labels, count = split(
            labels, area, seen.smooth, ROUND, NECK, BODY * ACROSS_PX, LONE * CELL_PX
        )
        level = np.maximum(np.float32(EDGE) * medians(labels, count, seen.smooth), faint)
        labels, own, area = regions(trimmed(labels, seen.smooth, level), least, hole)
        labels, keep = largest(labels, own, area)
        area = area[keep]
    return Pieces(labels, level[own[keep] - 1])


def apart(labels: Ints, count: int, smooth: Floats, faint: np.float32) -> Ints:
    """Trim each piece at a fraction of its own median; what is cut off and solid is kept apart.

    So a bright cell loses its halo, and a dim cell beside it is not lost with it.
    """
    level = np.maximum(np.float32(TRIM) * medians(labels, count, smooth), faint)
    bright = trimmed(labels, smooth, level)
    rest = cv2.compare(labels, bright, cv2.CMP_GT)
    rest = cv2.morphologyEx(rest, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    if not rest.any():
        return bright
    return np.where(rest > 0, np.int32(count) + labels, bright)


def taken(seen: Ground, labels: Ints, label_um: float) -> Pieces:
    """Somebody else's labels, brought to the image's resolution, each one whole piece."""
    height, width = seen.signal.shape
    scale = seen.pixel_um / label_um
    rows = np.minimum(((np.arange(height) + 0.5) * scale).astype(int), labels.shape[0] - 1)
    columns = np.minimum(((np.arange(width) + 0.5) * scale).astype(int), labels.shape[1] - 1)
    dense: NDArray[Any]
    ids, dense = np.unique(labels[rows[:, None], columns], return_inverse=True)
    dense = (dense.reshape(height, width) + int(ids[0] != 0)).astype(np.int32)
    found, own, area = regions(dense, 4, round(HOLE * CELL_PX))
    found, keep = largest(found, own, area)
    return Pieces(found, np.full(len(keep), np.inf, np.float32))


def typical(seen: Ground) -> float:
    """How bright cells are: half of the light above background is from pixels brighter yet."""
    stride = max(1, round((seen.smooth.size / SAMPLES) ** 0.5))
    some = seen.smooth[::stride, ::stride]
    some = np.sort(some[some > SIGMAS * seen.noise])
    light = np.cumsum(some, dtype=np.float64)
    return float(some[np.searchsorted(light, light[-1] / 2)]) if some.size else 0.0


def least_px(seen: Ground) -> int:
    """The area of the smallest cell, in working pixels."""
    narrow_um = max(SMALL * seen.diameter_um, min(seen.diameter_um / 2, DEBRIS_UM))
    return max(4, round(np.pi / 4 * (narrow_um / seen.pixel_um) ** 2))


def solid(labels: Ints, own: Ints, area: Ints, whole: int) -> tuple[Ints, Ints]:
    """Without those pieces kept apart (of value above `whole`) that are too small for a cell."""
    keep = (own <= whole) | (area >= ASIDE * CELL_PX)
    number = np.zeros(len(own) + 1, np.int32)
    number[1:][keep] = np.arange(1, keep.sum() + 1)
    return (labels, area) if keep.all() else (number[labels], area[keep])


def medians(labels: Ints, count: int, image: Floats) -> Floats:
    """The image's median over each label (count): what a bright spot in a cell does not move."""
    return middles(labels, count, image, image)[0]


@compiled
def means(labels: Ints, count: int, image: Floats) -> Floats:
    """The image's mean over each label (count)."""
    total, area = np.zeros(count), np.zeros(count)
    for row in range(labels.shape[0]):
        for column in range(labels.shape[1]):
            label = labels[row, column]
            if label > 0:
                total[label - 1] += image[row, column]
                area[label - 1] += 1
    return (total / np.maximum(area, 1)).astype(np.float32)


@compiled
def trimmed(labels: Ints, image: Floats, level: Floats) -> Ints:
    """The labels where the image is at least each label's own level, 0 elsewhere."""
    kept = np.zeros_like(labels)
    for row in range(labels.shape[0]):
        for column in range(labels.shape[1]):
            label = labels[row, column]
            if label > 0 and image[row, column] >= level[label - 1]:
                kept[row, column] = label
    return kept


def largest(labels: Ints, own: Ints, area: Ints) -> tuple[Ints, NDArray[np.intp]]:
    """Only the largest piece of each cell, numbered anew; and which pieces those are."""
    order = np.lexsort((np.arange(len(own)), -area, own))
    first = np.ones(len(order), np.bool_)
    first[1:] = own[order][1:] != own[order][:-1]
    keep = np.sort(order[first])
    if len(keep) == len(own):
        return labels, keep
    number = np.zeros(len(own) + 1, np.int32)
    number[keep + 1] = np.arange(1, len(keep) + 1)
    return number[labels], keep
