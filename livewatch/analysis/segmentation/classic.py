"""The built-in way to find cells: threshold, part, trim each at its own brightness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from livewatch.analysis.middle import median
from livewatch.analysis.segmentation.clump import Rules, parted
from livewatch.analysis.segmentation.cores import covered
from livewatch.analysis.segmentation.dim import with_dim
from livewatch.analysis.segmentation.ground import COARSE, ground, stride_of
from livewatch.analysis.segmentation.middles import medians
from livewatch.analysis.segmentation.past import Glance
from livewatch.analysis.segmentation.pieces import Pieces
from livewatch.analysis.segmentation.regions import regions, relabel
from livewatch.analysis.segmentation.trim import edges, keep

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.analysis.segmentation.ground import Ground
    from livewatch.model import Pixels

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float32]

SIGMAS, CLEAR = 3.0, 5.0
"""Noise SDs above background: a pixel that may be a cell's; a cell that need not be doubted."""
LARGE, CLEAR_LARGE = 0.4, 4.0
"""What is larger than this in typical cells need not be doubted from fewer SDs on: noise is not so
wide."""
GHOST = 0.06
"""What is dimmer than this share of a typical cell is a halo or a ghost."""
DIM, EDGE = 0.25, 0.4
"""Dimmer than DIM of a typical cell is a cell where the image falls by EDGE of it at its edge."""
SMALL, ASIDE = 0.18, 0.3
"""Areas in typical cells: of the smallest cell; of the smallest that is dim or beside another."""
HOLE = 0.3
"""Area of the largest hole that is filled, in typical cells."""
SURE = 10.0
"""Cells fewer noise SDs above background than this are left out when images are judged."""
CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)


def classic(image: Pixels, pixel_um: float, diameter_um: float) -> tuple[Ints, float]:
    """Cells in an image: labels (h, w) and the size of a label pixel. A `Segmenter`."""
    seen = ground(image, pixel_um, diameter_um)
    return find(seen).labels, seen.pixel_um


def find(seen: Ground) -> Pieces:
    """The cells in an image whose background has been taken off."""
    usual = typical(seen)
    rules = rules_of(seen, usual)
    labels, clump_boxes = clumps(seen, rules)
    boxes, area, level = parted(labels, clump_boxes, seen.smooth, rules)
    middle = medians(labels, boxes, seen.smooth)
    clear = CLEAR * seen.noise
    under = covered(labels, boxes, middle >= np.float32(clear), COARSE, seen.coarse.shape)
    pieces = without_doubtful(Pieces(labels, boxes, level, middle), area, seen, usual)
    return with_dim(pieces, under, seen, clear, GHOST * usual)


def rules_of(seen: Ground, usual: float) -> Rules:
    """What makes a cell of an image in which cells are usually so bright."""
    return Rules(
        faint=np.float32(max(SIGMAS * seen.noise, GHOST * usual)),
        noise=seen.noise,
        across_px=seen.across_px,
        least_px=cell_px(seen, SMALL),
        hole_px=cell_px(seen, HOLE),
        aside_px=cell_px(seen, ASIDE),
    )


def clumps(seen: Ground, rules: Rules) -> tuple[Ints, Ints]:
    """What stands out, one cell or several: labels (h, w), and each one's box."""
    mask = (seen.smooth >= rules.faint).view(np.uint8)
    mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, CROSS), np.uint8)
    labels, _, _, boxes = regions(mask, rules.least_px, rules.hole_px, False)
    return labels, boxes


def glanced(seen: Ground, pieces: Pieces) -> Glance:
    """What of an image is judged against its channel's past: the cells, and their edges."""
    fall = edges(pieces.labels, pieces.boxes, seen.signal)
    told = (fall / pieces.middle)[pieces.middle > SURE * seen.noise]
    return Glance(len(told), median(told) if len(told) else 0.0)


def without_doubtful(pieces: Pieces, area: Ints, seen: Ground, usual: float) -> Pieces:
    """The pieces without those that are dim, and small or without an edge.

    `usual` is how bright cells are.
    """
    clear = np.where(area >= cell_px(seen, LARGE), CLEAR_LARGE, CLEAR) * seen.noise
    sure = pieces.middle >= np.maximum(clear, DIM * usual)
    if not sure.all():
        fall = edges(pieces.labels, pieces.boxes, seen.smooth)
        sharp = fall >= np.float32(EDGE) * pieces.middle
        sure |= sharp & (area >= cell_px(seen, ASIDE))
    keep(pieces.labels, pieces.boxes, sure)
    return Pieces(pieces.labels, pieces.boxes[sure], pieces.level[sure], pieces.middle[sure])


def taken(seen: Ground, labels: Ints, label_um: float) -> Pieces:
    """Somebody else's labels, brought to the image's resolution, each one whole piece."""
    height, width = seen.signal.shape
    scale = seen.pixel_um / label_um
    rows = np.minimum(((np.arange(height) + 0.5) * scale).astype(int), labels.shape[0] - 1)
    columns = np.minimum(((np.arange(width) + 0.5) * scale).astype(int), labels.shape[1] - 1)
    dense: NDArray[Any]
    ids, dense = np.unique(labels[rows[:, None], columns], return_inverse=True)
    dense = (dense.reshape(height, width) + int(ids[0] != 0)).astype(np.int32)
    _, _, boxes = relabel(dense, 4, cell_px(seen, HOLE), True)
    endless = np.full(len(boxes), np.inf, np.float32)
    return Pieces(dense, boxes, endless, endless)


def typical(seen: Ground) -> float:
    """How bright cells are: half of the light above background is from pixels brighter yet."""
    stride = stride_of(seen.smooth)
    some = seen.smooth[::stride, ::stride]
    some = np.sort(some[some > CLEAR * seen.noise])
    light = np.cumsum(some, dtype=np.float64)
    return float(some[np.searchsorted(light, light[-1] / 2)]) if some.size else 0.0


def cell_px(seen: Ground, share: float) -> int:
    """The area of that share of a typical cell, in working pixels."""
    return max(4, round(share * np.pi / 4 * seen.across_px**2))
