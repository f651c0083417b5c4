"""Cellpose and StarDist as segmenters. Each is imported when one is made, and not before.

They find cells by trained networks; the packages and their weights are not part of livewatch.
Without a GPU they take seconds a frame, and the survey then goes on with every frame that analysis
can follow. Both packages are under the BSD licence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from livewatch.analysis.segmentation.segmenter import SegmenterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.model import Pixels

STARDIST_ACROSS_PX = 20
"""StarDist's pretrained fluorescence models saw cells about this wide."""


class Cellpose:
    """Cellpose's own default model, or `model`: anything with Cellpose's `eval`."""

    def __init__(self, model: Any = None) -> None:
        self._model = _cellpose() if model is None else model

    def __call__(
        self, image: Pixels, pixel_um: float, diameter_um: float
    ) -> tuple[NDArray[np.int32], float]:
        """Labels at the image's own resolution."""
        masks = self._model.eval(image.astype(np.float32), diameter=diameter_um / pixel_um)[0]
        return np.asarray(masks, np.int32), pixel_um


class StarDist:
    """StarDist's '2D_versatile_fluo', or `model`: anything with its `predict_instances`."""

    def __init__(self, model: Any = None) -> None:
        self._model = _stardist() if model is None else model

    def __call__(
        self, image: Pixels, pixel_um: float, diameter_um: float
    ) -> tuple[NDArray[np.int32], float]:
        """Labels of the image reduced so that a cell is as wide as those StarDist learnt from."""
        by = max(1, round(diameter_um / (STARDIST_ACROSS_PX * pixel_um)))
        height, width = image.shape[0] // by, image.shape[1] // by
        cut = image[: height * by, : width * by].astype(np.float32)
        small = cv2.resize(cut, (width, height), interpolation=cv2.INTER_AREA)
        low, high = np.percentile(small, (1, 99.8))
        labels, _ = self._model.predict_instances((small - low) / max(high - low, 1e-6))
        return np.asarray(labels, np.int32), pixel_um * by


def _cellpose() -> Any:
    try:
        from cellpose import models
    except ImportError as error:
        raise SegmenterError(
            "Cellpose is not installed: pip install 'livewatch[cellpose]'"
        ) from error
    try:
        return models.CellposeModel(gpu=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise SegmenterError(
            f"Cellpose has no weights here ({error}): start it once on its own, with a network "
            "connection, so that it fetches them"
        ) from error


def _stardist() -> Any:
    try:
        from stardist.models import StarDist2D
    except ImportError as error:
        raise SegmenterError(
            "StarDist is not installed: pip install 'livewatch[stardist]'"
        ) from error
    try:
        model = StarDist2D.from_pretrained("2D_versatile_fluo")
    except Exception as error:  # what fetches the weights raises no less than Exception itself
        raise SegmenterError(
            f"StarDist has no weights here ({error}): make StarDist2D.from_pretrained"
            "('2D_versatile_fluo') once on its own, with a network connection, so that it fetches "
            "them"
        ) from error
    if model is None:
        raise SegmenterError("StarDist has no weights here: it knows no '2D_versatile_fluo'")
    return model
