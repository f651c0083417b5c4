"""Where the camera looks, and how."""

from __future__ import annotations

from dataclasses import dataclass

from livewatch.replaced import replaced


@dataclass(frozen=True, slots=True)
class Region:
    """Part of the sensor that is read out, in unbinned sensor pixels."""

    x_px: int
    y_px: int
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True)
class View:
    """Where the camera looks, and how. Complete: nothing is inherited from before.

    `stage_x_um`, `stage_y_um` is where the optical axis (the middle of the whole sensor)
    meets the sample. `pixel_um` is the size of one *image* pixel, binning included.
    `sensor_px` is (width, height) of the whole sensor, unbinned; for a split image, of one
    half. `region` None means the whole sensor. `trim_x_um`, `trim_y_um`, `trim_z_um` is what is
    added to the objective's offset: by so much a check of the aim found it wrong.
    """

    position: str
    stage_x_um: float
    stage_y_um: float
    z_um: float | None
    objective: str
    pixel_um: float
    binning: int
    sensor_px: tuple[int, int]
    region: Region | None = None
    trim_x_um: float = 0.0
    trim_y_um: float = 0.0
    trim_z_um: float = 0.0

    @property
    def whole(self) -> View:
        """The same view with the whole sensor read."""
        return self if self.region is None else replaced(self, region=None)

    @property
    def window(self) -> Region:
        """The region that is read out, stated even when it is the whole sensor."""
        return self.region or Region(0, 0, *self.sensor_px)

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns) of the image this view gives."""
        window = self.window
        return window.height_px // self.binning, window.width_px // self.binning

    @property
    def left_um(self) -> float:
        """Stage x of the image's left edge."""
        unbinned_um = self.pixel_um / self.binning
        return self.stage_x_um + (self.window.x_px - self.sensor_px[0] / 2) * unbinned_um

    @property
    def top_um(self) -> float:
        """Stage y of the image's top edge."""
        unbinned_um = self.pixel_um / self.binning
        return self.stage_y_um + (self.window.y_px - self.sensor_px[1] / 2) * unbinned_um

    @property
    def width_um(self) -> float:
        """Width of the image in the sample."""
        return self.shape[1] * self.pixel_um

    @property
    def height_um(self) -> float:
        """Height of the image in the sample."""
        return self.shape[0] * self.pixel_um

    @property
    def x_um(self) -> float:
        """Stage x of the image's centre."""
        return self.left_um + self.width_um / 2

    @property
    def y_um(self) -> float:
        """Stage y of the image's centre."""
        return self.top_um + self.height_um / 2

    def holds(self, x_um: float, y_um: float, margin_um: float = 0.0) -> bool:
        """Whether a place in the sample lies in the image, at least `margin_um` inside."""
        return (
            self.left_um + margin_um <= x_um <= self.left_um + self.width_um - margin_um
            and self.top_um + margin_um <= y_um <= self.top_um + self.height_um - margin_um
        )
