"""Microscopes to test, left when the test is over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from microscope_stand import EXPERIMENT, Build, Ramp, Stand

from livewatch.clock import Clock, VirtualClock
from livewatch.microscope.load import CAMERA, load_demo
from livewatch.microscope.microscope import Microscope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from livewatch.settings import Experiment
    from livewatch.specimen.camera import SpecimenCamera


@pytest.fixture
def build() -> Iterator[Build]:
    """Builds microscopes, and leaves them when the test is over."""
    stands: list[Stand] = []

    def built(
        experiment: Experiment = EXPERIMENT,
        clock: Clock | None = None,
        camera: SpecimenCamera | None = None,
        first_index: int = 0,
        adapter: str = "specimen",
        prepare: Callable[[Any], None] = lambda core: None,
        **options: Any,
    ) -> Stand:
        clock = clock or VirtualClock()
        specimen = Ramp()
        core = load_demo(specimen, clock, camera=adapter, **options)
        if camera is not None:
            core.unloadDevice(CAMERA)
            core.loadPyDevice(CAMERA, camera)
            core.initializeDevice(CAMERA)
            camera.mount(core)
            core.setCameraDevice(CAMERA)
        prepare(core)
        stand = Stand(core, Microscope(core, experiment, clock, first_index), specimen, clock)
        stands.append(stand)
        return stand

    yield built
    for stand in stands:
        stand.microscope.leave()
