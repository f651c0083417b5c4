"""The built-in way to find spread cells: grown outward from their bodies, parted where it is dark.

Stem cells, fibroblasts, dendritic cells: a bright body, flat dim lobes, and processes that are
thin, dim and many times longer than wide. What is averaged along a line stands out of the noise
long before its pixels do; so such a cell reaches as far as some line through a pixel is bright.
No such cell is cut for its size or its shape: only where the brightest way from one body to
another leads through the dark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from livewatch.analysis.segmentation.basins import flooded
from livewatch.analysis.segmentation.classic import CLEAR, GHOST, HOLE, cell_px, typical
from livewatch.analysis.segmentation.ground import ground, noise_of
from livewatch.analysis.segmentation.middles import medians
from livewatch.analysis.segmentation.pieces import Pieces
from livewatch.analysis.segmentation.regions import regions
from livewatch.analysis.segmentation.trim import keep
from livewatch.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.analysis.segmentation.ground import Ground
    from livewatch.model import Pixels

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float32]

ACROSS_PX = 21
"""Working pixels across a typical body: 3 across a process a seventh as wide."""
WAYS, STROKE_PX, WIDE_PX = 8, 7, 3
"""Two strokes that meet in a pixel are the line through it: directions, length and width of one."""
ALONG, HERE = 3.0, 2.0
"""Noise SDs above background of either stroke through a cell's pixel, and of the pixel."""
BODY = 0.2
"""Area of the smallest body, in typical ones."""
PASS = 0.5
"""Two bodies are one cell where the way between is brighter than this share of the dimmer."""
FINENESS = 8
"""The brightness that parting looks at is blurred by one of so many parts of a body's width."""
LEVELS = 8
"""Levels of brightness to a noise SD that parting tells apart."""
BRIGHTEST = 60_000
"""Levels, more than which are not told apart."""


def spread(image: Pixels, pixel_um: float, diameter_um: float) -> tuple[Ints, float]:
    """Spread cells in an image: labels (h, w) and the size of a label pixel. A `Segmenter`.

    `diameter_um` is the typical width of a body, its processes left out.
    """
    seen = ground(image, pixel_um, diameter_um, ACROSS_PX)
    return find(seen).labels, seen.pixel_um


def find(seen: Ground) -> Pieces:
    """The spread cells in an image whose background has been taken off."""
    fine = np.asarray(cv2.blur(seen.signal, (3, 3)), np.float32)
    noise, body_px = noise_of(fine, seen.lit), cell_px(seen, BODY)
    labels, _, _, boxes = regions(reached(seen, fine, noise), body_px, cell_px(seen, HOLE), False)
    labels, boxes = parted(labels, boxes, levels(seen, noise), PASS, body_px)
    labels, _, _, boxes = regions(labels, body_px, cell_px(seen, HOLE), True)
    sure = brighter(labels, boxes, fine, CLEAR * noise) >= body_px
    keep(labels, boxes, sure)
    boxes = boxes[sure]
    level = np.full(len(boxes), HERE * noise, np.float32)
    return Pieces(labels, boxes, level, medians(labels, boxes, seen.smooth))


def reached(seen: Ground, fine: Floats, noise: float) -> NDArray[np.uint8]:
    """Where a cell may be (h, w): some line there stands out, and so does the pixel, a little."""
    ghost = GHOST * typical(seen)
    lines = np.zeros(fine.shape, np.float32)
    for kernel, (x, y) in STROKES:
        stroke = averaged(seen.signal, kernel)
        both = np.minimum(moved(stroke, x, y), moved(stroke, -x, -y))
        np.maximum(lines, both, out=lines)
    stroke_noise = noise_of(averaged(seen.signal, STROKES[0][0]), seen.lit)
    mask = (lines >= max(ALONG * stroke_noise, ghost)) & (fine >= max(HERE * noise, ghost))
    closed = cv2.morphologyEx(mask.view(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    return np.asarray(closed, np.uint8)


def averaged(image: Floats, kernel: Floats) -> Floats:
    """The image, averaged around each pixel with the weights of a kernel."""
    return np.asarray(cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REFLECT), np.float32)


def moved(image: Floats, x: int, y: int) -> Floats:
    """What lies `x` pixels right of and `y` below each pixel; beyond the border, its mirror."""
    height, width = image.shape
    pad = STROKE_PX
    wide = cv2.copyMakeBorder(image, pad, pad, pad, pad, cv2.BORDER_REFLECT)
    return np.asarray(wide[pad + y : pad + y + height, pad + x : pad + x + width], np.float32)


def stroke_of(angle: float) -> tuple[Floats, tuple[int, int]]:
    """Weights that average along a stroke, whose sum is 1; the way from its middle to its end."""
    reach = STROKE_PX // 2 + 1
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    along = np.abs(x * np.cos(angle) + y * np.sin(angle))
    aside = np.abs(y * np.cos(angle) - x * np.sin(angle))
    weights = np.clip(STROKE_PX / 2 + 0.5 - along, 0, 1)
    weights *= np.clip(WIDE_PX / 2 + 0.5 - aside, 0, 1)
    half = STROKE_PX / 2
    way = round(half * np.cos(angle)), round(half * np.sin(angle))
    return np.asarray(weights / weights.sum(), np.float32), way


STROKES = tuple(stroke_of(np.pi * way / WAYS) for way in range(WAYS))


def levels(seen: Ground, noise: float) -> Ints:
    """Brightness as whole numbers (h, w), blurred by what is finer than a body; 1 at least."""
    blur_px = seen.across_px / FINENESS
    calm = cv2.GaussianBlur(seen.signal, (0, 0), blur_px, borderType=cv2.BORDER_REFLECT)
    return np.asarray(np.clip(calm * (LEVELS / noise), 1, BRIGHTEST), np.int32)


@compiled
def parted(
    labels: Ints, boxes: Ints, height: Ints, ratio: float, least_px: int
) -> tuple[Ints, Ints]:
    """Cut regions of several bodies, in place; boxes of all labels (n + those that are new).

    Two bodies are cut apart where the `height` (h, w) of the pass between them is below `ratio`
    of the lower one's, and each has `least_px` pixels above the pass.
    """
    highest = len(boxes)
    all_boxes = boxes
    for number in range(len(boxes)):
        box, label = boxes[number], number + 1
        raised = np.zeros((box[2] - box[0] + 2, box[3] - box[1] + 2), np.int32)
        for row in range(box[0], box[2]):
            for column in range(box[1], box[3]):
                if labels[row, column] == label:
                    raised[row - box[0] + 1, column - box[1] + 1] = height[row, column]
        basin, heads = flooded(raised, ratio, 0.0, least_px)
        if heads < 2:
            continue
        for row in range(box[0], box[2]):
            for column in range(box[1], box[3]):
                if labels[row, column] == label:
                    one = basin[row - box[0] + 1, column - box[1] + 1]
                    labels[row, column] = highest + one
        new = np.empty((heads, 4), np.int32)
        new[:] = box
        all_boxes = np.concatenate((all_boxes, new))
        highest += heads
    return labels, all_boxes


@compiled
def brighter(labels: Ints, boxes: Ints, image: Floats, than: float) -> Ints:
    """How many pixels of each label (n) are at least so bright."""
    count = np.zeros(len(boxes), np.int32)
    for number in range(len(boxes)):
        box = boxes[number]
        for row in range(box[0], box[2]):
            for column in range(box[1], box[3]):
                if labels[row, column] == number + 1 and image[row, column] >= than:
                    count[number] += 1
    return count
