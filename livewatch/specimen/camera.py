"""A Micro-Manager camera, written in Python, that looks at a `Specimen`.

It obeys the core it is loaded in: where the stage stands, which objective is turned in and
how large its pixels are, region, binning, exposure, channel preset, lamp, shutter. What the
devices do not show, it does not show: a closed shutter or an unknown preset gives a dark image.
It works with the devices of `demo_config/demo.cfg`, or with what is left of them.
"""

from __future__ import annotations

import weakref
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from pymmcore_plus import DeviceType, Keyword
from pymmcore_plus.experimental.unicore import CameraDevice

from livewatch.model import Region, View
from livewatch.settings import Imaging

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import DTypeLike, NDArray
    from pymmcore_plus import CMMCorePlus

    from livewatch.clock import Clock
    from livewatch.specimen.specimen import Specimen

TURRET, GROUP, LAMP, FULL_VOLTAGE = "Objective", "Channel", "Lamp", 10.0
BINNINGS = ("1", "2", "4", "8")
DARK = ""
CENTRED = (0.0, 0.0, 0.0)
LENSES = {"10x": (-8.4, 5.2, -3.6), "20x": CENTRED, "40x": (6.7, -4.3, 2.4)}
"""How the demo's objectives are mounted: as everywhere, none but one on the axis and in focus."""
SOURCE, START, END = "Source", "Start_s", "End_s"


class SpecimenCamera(CameraDevice):
    """A camera whose exposures are answered by a specimen, at the clock's time.

    `shows` names the specimen's channels that a preset shows; in the split imaging modes two,
    one in each half of the sensor. `sensor_px` is (width, height) of the whole sensor. `lenses`
    says, for each objective, how far off the stage's axis and focus it looks (x, y, z in um): what
    no device knows, and an experiment has to state as its offset.
    Recorded specimens state the time point they showed: property `Source`, -1 if none.
    """

    def __init__(
        self,
        specimen: Specimen,
        clock: Clock,
        sensor_px: tuple[int, int] = (512, 512),
        shows: Mapping[str, tuple[str, ...]] | None = None,
        imaging: Imaging = Imaging.SEQUENTIAL,
        dtype: DTypeLike = np.uint16,
        lenses: Mapping[str, tuple[float, float, float]] | None = None,
    ) -> None:
        super().__init__()
        self._specimen = specimen
        self._clock = clock
        self._sensor_px = sensor_px
        self._shows = shows or {"NK": ("nk",), "Tumor": ("tumor",), "Death": ("death",)}
        self._imaging = imaging
        self._dtype = np.dtype(dtype)
        self._lenses = lenses or {}
        self._exposure_ms = 10.0
        self._binning = 1
        self._roi: tuple[int, int, int, int] | None = None
        self._source = -1
        self._core: CMMCorePlus | None = None
        self.register_property(  # in words, as every C++ camera has it
            Keyword.Binning,
            property_type=str,
            getter=lambda camera: str(camera.get_binning()),
            setter=SpecimenCamera.set_binning,
            allowed_values=BINNINGS,
        )
        self.register_property(
            SOURCE, property_type=int, getter=SpecimenCamera.get_source, is_read_only=True
        )

    def mount(self, core: CMMCorePlus) -> None:
        """Look through the devices of this core from now on."""
        self._core = weakref.proxy(core)

    # --- what every camera answers ---------------------------------------------------

    def get_source(self) -> int:
        """The recorded time point last shown, or -1."""
        return self._source

    def get_exposure(self) -> float:
        """Exposure in ms."""
        return self._exposure_ms

    def set_exposure(self, exposure: float) -> None:
        """Set the exposure in ms."""
        if not 0 < exposure <= 60_000:
            raise ValueError(f"exposure {exposure} ms is not between 0 and 60000 ms")
        self._exposure_ms = exposure

    def get_binning(self) -> int:
        """Sensor pixels along each side of an image pixel."""
        return self._binning

    def set_binning(self, value: str) -> None:
        """Set the binning, which clears the region, as it does on Micro-Manager's own camera."""
        self._binning = int(value)
        self._roi = None

    def dtype(self) -> DTypeLike:
        """Type of the pixels."""
        return self._dtype

    def shape(self) -> tuple[int, int]:
        """(rows, columns) of the next image."""
        _, _, width, height = self.get_roi()
        return height, width

    def get_roi(self) -> tuple[int, int, int, int]:
        """Region (x, y, width, height) in binned pixels."""
        width, height = (side // self._binning for side in self._sensor_px)
        return self._roi or (0, 0, width, height)

    def set_roi(self, x: int, y: int, width: int, height: int) -> None:
        """Read out a region, given in binned pixels."""
        full_width, full_height = (side // self._binning for side in self._sensor_px)
        inside = 0 <= x < x + width <= full_width and 0 <= y < y + height <= full_height
        if not inside:
            raise ValueError(
                f"region {x}, {y}, {width} x {height} does not lie in "
                f"the sensor's {full_width} x {full_height} pixels"
            )
        self._roi = (x, y, width, height)

    def clear_roi(self) -> None:
        """Read out the whole sensor."""
        self._roi = None

    def start_sequence(
        self, n: int | None, get_buffer: Callable[[Sequence[int], DTypeLike], NDArray[np.uint16]]
    ) -> Iterator[Mapping[str, object]]:
        """Expose `n` images, or endlessly, one after the other."""
        taken = 0
        while n is None or taken < n:
            buffer = get_buffer(self.shape(), self._dtype)
            start_s = self._clock.now_s()
            self._paint(buffer, start_s)
            self._clock.wait_out(start_s + self._exposure_ms / 1e3 - self._clock.now_s())
            taken += 1
            yield {SOURCE: self._source, START: start_s, END: self._clock.now_s()}

    # --- through the lens ------------------------------------------------------------

    def _paint(self, buffer: NDArray[np.uint16], time_s: float) -> None:
        """Fill `buffer` with what the lit channels show at this time."""
        view, power = self._view(), self._power()
        shown = self._shown()
        if self._imaging is Imaging.SEQUENTIAL:
            buffer[:] = self._expose(view, shown[0], power, time_s)
            return
        axis = 1 if self._imaging is Imaging.SPLIT_LEFT_RIGHT else 0
        width, height = self._sensor_px
        half = (width // 2, height) if axis == 1 else (width, height // 2)
        whole = replace(view, sensor_px=half, region=None)
        halves = [self._expose(whole, channel, power, time_s) for channel in (shown * 2)[:2]]
        x, y, columns, rows = self.get_roi()
        buffer[:] = np.concatenate(halves, axis)[y : y + rows, x : x + columns]

    def _expose(
        self, view: View, channel: str, power: float, time_s: float
    ) -> NDArray[np.uint8 | np.uint16]:
        lit = power if channel != DARK else 0.0
        picture = self._specimen.expose(view, channel, self._exposure_ms, lit, time_s)
        self._source = -1 if picture.source is None else picture.source
        if picture.pixels.shape != view.shape:
            raise ValueError(f"the specimen gave {picture.pixels.shape} for {view.shape} pixels")
        return picture.pixels

    def _view(self) -> View:
        """Where the devices say that the camera looks, at this moment."""
        core, x, y = self._eye, 0.0, 0.0
        if core.getXYStageDevice():
            x, y = core.getXYPosition()
        calibration = core.getCurrentPixelSizeConfig()
        unbinned_um = core.getPixelSizeUmByID(calibration) if calibration else 1.0
        objective = core.getStateLabel(TURRET) if self._has(TURRET) else ""
        off_x_um, off_y_um, off_z_um = self._lenses.get(objective, CENTRED)
        return View(
            position="",
            stage_x_um=x + off_x_um,
            stage_y_um=y + off_y_um,
            z_um=core.getPosition() + off_z_um if core.getFocusDevice() else None,
            objective=objective,
            pixel_um=unbinned_um * self._binning,
            binning=self._binning,
            sensor_px=self._sensor_px,
            region=self._region(),
        )

    def _region(self) -> Region | None:
        if self._roi is None:
            return None
        return Region(*(side * self._binning for side in self._roi))

    def _shown(self) -> tuple[str, ...]:
        """The specimen's channels that the light path shows now."""
        core = self._eye
        preset = core.getCurrentConfig(GROUP) if core.isGroupDefined(GROUP) else ""
        return self._shows.get(preset, (DARK,))

    def _power(self) -> float:
        """The lamp's power relative to full, 0 behind a closed shutter."""
        core = self._eye
        shutter = core.getShutterDevice()
        if shutter and not core.getAutoShutter() and not core.getShutterOpen(shutter):
            return 0.0
        return float(core.getProperty(LAMP, "Voltage")) / FULL_VOLTAGE if self._has(LAMP) else 1.0

    def _has(self, device: str) -> bool:
        return device in self._eye.getLoadedDevicesOfType(DeviceType.Any)

    @property
    def _eye(self) -> CMMCorePlus:
        if self._core is None:
            raise RuntimeError("this camera has not been mounted on a core")
        return self._core
