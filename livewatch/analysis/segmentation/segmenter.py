"""What a segmenter is, and how one that somebody else wrote is found.

A segmenter is any callable with the signature below. A package offers one under a name
through the entry point group `livewatch.segmenters`; the experiment asks for it by that name:

    [project.entry-points."livewatch.segmenters"]
    mine = "my_package.cells:segment"

It may be a function, or a class that is made without arguments. It is called once for each
image of its channel and must not keep the image. One that may crash or hang is best run in a
process of its own: `[analysis] own_process`.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from inspect import isclass
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np

from livewatch.errors import BadInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.model import Pixels
    from livewatch.settings import Experiment

GROUP = "livewatch.segmenters"
BUILT_IN, SPREAD = "classic", "spread"
OWN = frozenset({BUILT_IN, SPREAD})
"""The segmenters that are no plug-ins: for compact cells, and for long or branched ones."""


class SegmenterError(BadInput):
    """A segmenter is not there, cannot start, or gave something that is no segmentation."""


class Segmenter(Protocol):
    """Finds cells in an image."""

    def __call__(
        self, image: Pixels, pixel_um: float, diameter_um: float
    ) -> tuple[NDArray[np.int32], float]:
        """Labels (h, w), 0 where there is no cell, and the size of a label pixel in um.

        `image` is (H, W), uint8 or uint16, as the camera gave it; `diameter_um` is a typical
        cell. The labels may be coarser than the image, and share its top-left corner.
        """
        ...


def segmenter(name: str) -> Segmenter:
    """The segmenter of that name.

    Raises SegmenterError, saying what would be right, where there is none or it cannot start.
    """
    offered = {point.name: point for point in entry_points(group=GROUP)}
    if name not in offered:
        names = ", ".join(sorted(OWN | set(offered)))
        raise SegmenterError(f"no segmenter {name!r} is installed; there are: {names}")
    try:
        made: Any = offered[name].load()
        return cast("Segmenter", made() if isclass(made) else made)
    except BadInput:
        raise
    except Exception as error:  # foreign code may raise anything
        said = " ".join(f"{type(error).__name__}: {error}".split())
        raise SegmenterError(f"segmenter {name!r} cannot start: {said}") from error


def plug_ins(experiment: Experiment) -> tuple[str, ...]:
    """The segmenters of an experiment that are not built in."""
    names = (experiment.cells.nk_segmenter, experiment.cells.tumor_segmenter)
    return tuple(sorted({name for name in names if name not in OWN}))


def without_plug_ins(experiment: Experiment) -> Experiment:
    """The experiment, what plug-ins would find found by the built-in segmentation."""
    cells = experiment.cells
    names = {"nk_segmenter": cells.nk_segmenter, "tumor_segmenter": cells.tumor_segmenter}
    built_in = {who: name if name in OWN else BUILT_IN for who, name in names.items()}
    return experiment.model_copy(update={"cells": cells.model_copy(update=built_in)})


def checked(labels: object, label_um: float, image: Pixels, pixel_um: float) -> NDArray[np.int32]:
    """The labels as int32. Raises SegmenterError where they do not fit the image."""
    array = np.asarray(labels)
    if array.ndim != 2 or array.dtype.kind not in "iub":
        raise SegmenterError(f"labels are {array.dtype} of shape {array.shape}, not whole numbers")
    if not np.isfinite(label_um) or label_um <= 0:
        raise SegmenterError(f"a label pixel of {label_um} um is no size")
    for side, full in zip(array.shape, image.shape, strict=True):
        if abs(side * label_um - full * pixel_um) > max(label_um, pixel_um):
            raise SegmenterError(
                f"labels of shape {array.shape} at {label_um:g} um do not cover "
                f"an image of {image.shape} at {pixel_um:g} um"
            )
    if array.size and int(array.min()) < 0:
        raise SegmenterError("labels below 0")
    return np.ascontiguousarray(array, np.int32)
