"""The light path: a channel's preset and the shutter, set and read back.

The sample is lit only while it is exposed. The core's autoshutter is off during a session, because
it does not work with every camera and says nothing when it fails.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from livewatch.microscope.bench import is_value
from livewatch.microscope.configuration import lamp_of
from livewatch.microscope.fault import Fault, Unsafe, asking

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymmcore_plus import CMMCorePlus

    from livewatch.microscope.bench import Bench, Setting
    from livewatch.settings import Experiment


class Light:
    """Presets and shutter of one core."""

    def __init__(self, core: CMMCorePlus, bench: Bench, experiment: Experiment) -> None:
        self._core = core
        self._presets = bench.presets
        self._channels = experiment.channels

    def show(self, channel: str) -> None:
        """Apply a channel's preset, unless it is applied, and check that it is.

        Raises `Fault` naming the property that is not what the preset says.
        """
        settings = self._presets[channel]
        if self._wrong(settings) is None:
            return
        preset = self._channels[channel].preset
        with asking(f"applying preset {preset!r}"):
            self._core.setConfig(self._channels[channel].group, preset)
            for device in {device for device, _, _ in settings if device != "Core"}:
                self._core.waitForDevice(device)
        if (wrong := self._wrong(settings)) is not None:
            device, prop, value = wrong
            raise Fault(
                f"preset {preset!r}: {device} {prop} is "
                f"{self._core.getProperty(device, prop)!r} instead of {value!r}"
            )

    def dim(self, channel: str, power: float) -> None:
        """Set the light power of a channel, relative to full, if livewatch sets it at all."""
        device, prop = lamp_of(self._channels[channel])
        value = self._channels[channel].full_power * power
        if not device or abs(float(self._core.getProperty(device, prop)) - value) <= 1e-3 * value:
            return
        is_whole = self._core.getPropertyType(device, prop).name == "Integer"
        with asking(f"setting {device} {prop} to {value:g}"):
            self._core.setProperty(device, prop, str(round(value)) if is_whole else f"{value:.6g}")
            self._core.waitForDevice(device)
            real = float(self._core.getProperty(device, prop))
        if abs(real / value - 1) > max(0.02, 0.5 / value if is_whole else 0.0):
            raise Fault(f"{device} {prop} is {real:g} instead of {value:g}")

    def _wrong(self, settings: tuple[Setting, ...]) -> Setting | None:
        """The first setting that does not hold."""
        with asking("reading the preset back"):
            return next((one for one in settings if not is_value(self._core, *one)), None)

    @contextmanager
    def on(self) -> Iterator[None]:
        """Open the shutter, if there is one, and close it again whatever happens."""
        shutter = str(self._core.getShutterDevice())
        if not shutter:
            yield
            return
        try:
            with asking(f"opening shutter {shutter}"):
                self._core.setShutterOpen(shutter, True)
                self._core.waitForDevice(shutter)
            if not self._core.getShutterOpen(shutter):
                raise Fault(f"shutter {shutter} did not open")
            yield
        finally:
            self._close(shutter)

    def _close(self, shutter: str) -> None:
        """Close the shutter, at the second try if need be; `Unsafe` if it stays open."""
        failure = _closed(self._core, shutter) and _closed(self._core, shutter)
        if failure:
            raise Unsafe(failure)


def _closed(core: CMMCorePlus, shutter: str) -> str | None:
    """Close a shutter; why that failed, or None."""
    try:
        with asking(f"closing shutter {shutter}"):
            core.setShutterOpen(shutter, False)
            core.waitForDevice(shutter)
            return f"shutter {shutter} is still open" if core.getShutterOpen(shutter) else None
    except Fault as fault:
        return str(fault)
