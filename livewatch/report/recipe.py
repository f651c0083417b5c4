# mypy: disable-error-code="no-untyped-call"
"""The usual scikit-image recipe for finding cells: the yardstick of `livewatch bench`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from skimage import feature, filters, measure, morphology, segmentation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from livewatch.model import Pixels


def recipe(image: Pixels, pixel_um: float, diameter_um: float) -> NDArray[np.int32]:
    """Labels (H, W): Gaussian, wide Gaussian background, Li, open, fill, distance watershed."""
    radius_px = diameter_um / 2 / pixel_um
    smooth = filters.gaussian(image, 1.0, preserve_range=True)
    smooth -= filters.gaussian(image, 4 * radius_px, preserve_range=True)
    mask = smooth > filters.threshold_li(smooth)
    mask = morphology.opening(mask, morphology.disk(2))
    mask = ndimage.binary_fill_holes(mask)
    least = round(0.1 * np.pi * radius_px**2)
    mask = morphology.remove_small_objects(mask, max_size=least)
    depth = ndimage.gaussian_filter(ndimage.distance_transform_edt(mask), radius_px / 6)
    peaks = feature.peak_local_max(
        depth, min_distance=max(1, round(0.6 * radius_px)), labels=measure.label(mask)
    )
    seeds = np.zeros(image.shape, np.int32)
    seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    return np.asarray(segmentation.watershed(-depth, seeds, mask=mask), np.int32)
