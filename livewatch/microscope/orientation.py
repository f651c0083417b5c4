"""How camera images lie on the stage: turned, mirrored, or two channels in one image.

livewatch thinks in images whose columns run along stage x and rows along stage y. Here regions are
turned into what the camera reads out, and what it reads out into such images. Pure; regions are in
unbinned pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from livewatch.model import Region
from livewatch.settings import Imaging

if TYPE_CHECKING:
    from livewatch.model import Pixels
    from livewatch.settings import Microscope

SPLIT = {Imaging.SPLIT_LEFT_RIGHT: 1, Imaging.SPLIT_TOP_BOTTOM: 0}
"""Array axis along which an image is split in two."""


@dataclass(frozen=True, slots=True)
class Orientation:
    """From camera to stage and back. `camera_px` is (width, height) of the camera's sensor."""

    camera_px: tuple[int, int]
    swap_xy: bool = False
    mirror_x: bool = False
    mirror_y: bool = False
    split_axis: int | None = None

    @classmethod
    def of(cls, microscope: Microscope, camera_px: tuple[int, int]) -> Orientation:
        """The orientation that an experiment states, for a sensor of this size."""
        return cls(
            camera_px,
            microscope.swap_xy,
            microscope.mirror_x,
            microscope.mirror_y,
            SPLIT.get(microscope.imaging),
        )

    @property
    def half_px(self) -> tuple[int, int]:
        """(width, height) of one channel's part of the sensor, as the camera has it."""
        width, height = self.camera_px
        if self.split_axis is None:
            return self.camera_px
        return (width // 2, height) if self.split_axis == 1 else (width, height // 2)

    @property
    def sensor_px(self) -> tuple[int, int]:
        """(width, height) of one channel's sensor, as livewatch sees it: `View.sensor_px`."""
        width, height = self.half_px
        return (height, width) if self.swap_xy else (width, height)

    def mirrored(self, region: Region) -> Region:
        """The region after mirroring within `sensor_px`; its own inverse."""
        width, height = self.sensor_px
        x, y = region.x_px, region.y_px
        x = width - x - region.width_px if self.mirror_x else x
        y = height - y - region.height_px if self.mirror_y else y
        return Region(x, y, region.width_px, region.height_px)

    def swapped(self, region: Region) -> Region:
        """The region with x and y exchanged, where they are; its own inverse."""
        if not self.swap_xy:
            return region
        return Region(region.y_px, region.x_px, region.height_px, region.width_px)

    def readout(self, region: Region) -> Region:
        """What the camera must read out to show `region`: in a split image, both halves of it."""
        wanted = self.swapped(self.mirrored(region))
        width, height = self.camera_px
        if self.split_axis == 1:
            return Region(0, wanted.y_px, width, wanted.height_px)
        if self.split_axis == 0:
            return Region(wanted.x_px, 0, wanted.width_px, height)
        return wanted

    def shown(self, region: Region, readout: Region) -> Region:
        """The region that is really shown when `region` was wanted and `readout` is read out."""
        wanted = self.swapped(self.mirrored(region))
        if self.split_axis == 1:
            real = Region(wanted.x_px, readout.y_px, wanted.width_px, readout.height_px)
        elif self.split_axis == 0:
            real = Region(readout.x_px, wanted.y_px, readout.width_px, wanted.height_px)
        else:
            real = readout
        return self.mirrored(self.swapped(real))

    def images(self, raw: Pixels, region: Region, binning: int) -> tuple[Pixels, ...]:
        """The images (rows, columns) that the camera's image `raw` holds of `region`.

        One, or in a split image two: the left or upper half first. `region` is as `shown` gave it.
        """
        if self.split_axis is None:
            return (self._turned(raw),)
        part = self.swapped(self.mirrored(region))
        along = (part.x_px, part.width_px) if self.split_axis == 1 else (part.y_px, part.height_px)
        begin, length = along[0] // binning, along[1] // binning
        half = raw.shape[self.split_axis] // 2
        windows = [slice(start, start + length) for start in (begin, half + begin)]
        return tuple(
            self._turned(raw[:, window] if self.split_axis == 1 else raw[window])
            for window in windows
        )

    def _turned(self, image: Pixels) -> Pixels:
        turned = image.T if self.swap_xy else image
        turned = turned[:, ::-1] if self.mirror_x else turned
        return np.ascontiguousarray(turned[::-1] if self.mirror_y else turned)
