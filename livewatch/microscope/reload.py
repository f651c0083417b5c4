"""A camera that was lost (unplugged, its driver crashed) is loaded again, as it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from livewatch.microscope.bench import loaded
from livewatch.microscope.fault import asking

if TYPE_CHECKING:
    from pymmcore_plus import CMMCorePlus


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a device came from, and its properties: (name, value, needed before it starts)."""

    label: str
    library: str
    name: str
    parent: str
    properties: tuple[tuple[str, str, bool], ...]

    def is_lost(self, core: CMMCorePlus) -> bool:
        """Whether the core does not have the device any more."""
        return self.label not in loaded(core)


def origin_of(core: CMMCorePlus, label: str) -> Origin | None:
    """What it takes to load a device again; None for one written in Python, which has no library.

    Properties that cannot be set are left out.
    """
    if getattr(core, "isPyDevice", lambda label: False)(label):
        return None
    names = [
        str(name)
        for name in core.getDevicePropertyNames(label)
        if not core.isPropertyReadOnly(label, name)
    ]
    return Origin(
        label,
        str(core.getDeviceLibrary(label)),
        str(core.getDeviceName(label)),
        str(core.getParentLabel(label)),
        tuple(
            (name, str(core.getProperty(label, name)), bool(core.isPropertyPreInit(label, name)))
            for name in names
        ),
    )


def reload_camera(core: CMMCorePlus, origin: Origin) -> None:
    """Load the camera again, with the properties it had; raises `Fault` if it is still away."""
    label = origin.label
    with asking(f"loading {label} again"):
        if not origin.is_lost(core):
            core.unloadDevice(label)
        core.loadDevice(label, origin.library, origin.name)
        core.setParentLabel(label, origin.parent)
        _set(core, origin, before_start=True)
        core.initializeDevice(label)
        _set(core, origin, before_start=False)
        core.setCameraDevice(label)


def _set(core: CMMCorePlus, origin: Origin, *, before_start: bool) -> None:
    for name, value, early in origin.properties:
        if early == before_start and str(core.getProperty(origin.label, name)) != value:
            core.setProperty(origin.label, name, value)
