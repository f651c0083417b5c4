"""Load a core: the user's microscope, or the demo one before a specimen; and let go of it.

A core that is torn down carelessly aborts the interpreter at its exit: `close_core` unloads every
device and silences the core's callbacks first, and is called at exit for cores still open.
"""

from __future__ import annotations

import atexit
import ctypes
import weakref
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from pymmcore_plus import CMMCorePlus, find_micromanager
from pymmcore_plus.experimental.unicore import UniMMCore

from livewatch.errors import BadInput
from livewatch.microscope.configuration import PYTHON_LINE, read_configuration
from livewatch.microscope.fault import one_line
from livewatch.settings import Channel, Imaging
from livewatch.specimen.camera import GROUP, TURRET, SpecimenCamera

if TYPE_CHECKING:
    from collections.abc import Mapping

    from livewatch.clock import Clock
    from livewatch.specimen.specimen import Specimen

Core: TypeAlias = CMMCorePlus
"""Any Micro-Manager core; rooms above name it by this."""

CAMERA = "Specimen"
_open: weakref.WeakSet[CMMCorePlus] = weakref.WeakSet()


def load_core(config: Path) -> CMMCorePlus:
    """The microscope that a Micro-Manager configuration describes, its devices initialized.

    Raises `BadInput` when the file cannot be read, no device adapters are found, or a device does
    not load.
    """
    read_configuration(config)
    text = config.read_text(encoding="utf-8", errors="replace")
    has_python = any(line.startswith(PYTHON_LINE) for line in text.splitlines())
    adapters = find_micromanager()
    if not adapters:
        raise BadInput(
            "no Micro-Manager found: install it, or name its folder in MICROMANAGER_PATH"
        )
    core = (UniMMCore if has_python else CMMCorePlus)(adapters)
    _open.add(core)
    try:
        core.loadSystemConfiguration(config)
    except Exception as error:  # device adapters raise what they like
        close_core(core)
        raise BadInput(f"{config}: {one_line(error)}") from error
    return core


def load_demo(
    specimen: Specimen | None,
    clock: Clock,
    *,
    sensor_px: tuple[int, int] = (512, 512),
    pixel_um: Mapping[str, float] | None = None,
    channels: Mapping[str, Channel] | None = None,
    imaging: Imaging = Imaging.SEQUENTIAL,
    camera: str = "specimen",
    lenses: Mapping[str, tuple[float, float, float]] | None = None,
) -> CMMCorePlus:
    """The demo microscope, its camera before `specimen`; `camera="demo"` keeps Micro-Manager's.

    `pixel_um` (objective: unbinned um per pixel, at most 6) and `channels` (as in an experiment)
    replace the demo's own, so that a recording is shown on the microscope it was made with.
    `lenses` says how the objectives are mounted (see `SpecimenCamera`); None: all on the axis.
    """
    core = UniMMCore(demo_adapters())
    _open.add(core)
    core.loadSystemConfiguration(demo_configuration())
    if pixel_um is not None:
        turn_in(core, pixel_um)
    shows = light(core, channels) if channels is not None else None
    if camera == "demo":
        core.setProperty("Camera", "Mode", "Noise")  # its waves would pass for cells
        core.setProperty("Camera", "OnCameraCCDXSize", sensor_px[0])
        core.setProperty("Camera", "OnCameraCCDYSize", sensor_px[1])
        return core
    if specimen is None:
        raise ValueError("a specimen camera needs a specimen")
    device = SpecimenCamera(specimen, clock, sensor_px, shows, imaging, lenses=lenses)
    core.loadPyDevice(CAMERA, device)
    core.initializeDevice(CAMERA)
    device.mount(core)
    core.setCameraDevice(CAMERA)
    return core


def turn_in(core: CMMCorePlus, pixel_um: Mapping[str, float]) -> None:
    """Put these objectives, and no others, in the demo's turret, the first one in place."""
    places = core.getNumberOfStates(TURRET)
    if not 0 < len(pixel_um) <= places:
        raise BadInput(f"{len(pixel_um)} objectives: the demo's turret has {places} places")
    for calibration in core.getAvailablePixelSizeConfigs():
        core.deletePixelSizeConfig(calibration)
    for place in range(places):
        core.defineStateLabel(TURRET, place, f"Empty {place + 1}")
    for place, (objective, size_um) in enumerate(pixel_um.items()):
        core.defineStateLabel(TURRET, place, objective or f"Empty {place + 1}")
        core.definePixelSizeConfig(f"Res{place}", TURRET, "State", str(place))
        core.setPixelSizeUm(f"Res{place}", size_um)
    core.setState(TURRET, 0)


def light(core: CMMCorePlus, channels: Mapping[str, Channel]) -> dict[str, tuple[str, ...]]:
    """Give the demo a preset for each of these channels; which channels each preset shows."""
    shows: dict[str, tuple[str, ...]] = {}
    for channel, settings in channels.items():
        preset = settings.preset or channel
        shows[preset] = (*shows.get(preset, ()), channel)
    for preset in core.getAvailableConfigs(GROUP):
        core.deleteConfig(GROUP, preset)
    colours = [(led, band) for band in range(4) for led in range(1, 4)]
    for preset, (led, band) in zip(shows, colours, strict=False):
        core.defineConfig(GROUP, preset, "LED", "State", str(led))
        core.defineConfig(GROUP, preset, "Emission", "State", str(band))
    core.setConfig(GROUP, next(iter(shows)))
    return shows


def demo_adapters() -> str:
    """Folder of Micro-Manager's demo device adapters.

    Raises `BadInput` when neither they nor a Micro-Manager are installed.
    """
    if find_spec("mm_test_adapters") is not None:
        return str(import_module("mm_test_adapters").device_adapter_path())
    if found := find_micromanager():
        return str(found)
    raise BadInput("no demo devices found: pip install 'livewatch[demo]', or install Micro-Manager")


def demo_configuration() -> Path:
    """The demo's hardware configuration, in the checkout or in the installed package."""
    package = Path(__file__).parent.parent
    places = [folder / "demo_config" / "demo.cfg" for folder in (package, package.parent)]
    return next((place for place in places if place.is_file()), places[0])


def close_core(core: CMMCorePlus) -> str | None:
    """Let go of every device; the reason if one would not be let go."""
    failure = None
    try:
        core.unloadAllDevices()
    except Exception as error:  # noqa: BLE001 - device adapters raise what they like
        failure = f"unloading the devices: {one_line(error)}"
    with suppress(RuntimeError):
        super(CMMCorePlus, core).registerCallback(None)
    _open.discard(core)
    return failure


def keep_core(core: CMMCorePlus) -> None:
    """Leave a core with a device that hangs alone: unloading it, at exit too, would never end."""
    _open.discard(core)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(core))


@atexit.register
def _close_all() -> None:
    for core in list(_open):
        close_core(core)
