"""The demo's stage: a synthetic specimen before Micro-Manager's demo devices, its truth beside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from livewatch.errors import BadInput
from livewatch.microscope.load import Core, load_demo
from livewatch.report.truth import TruthWriter
from livewatch.specimen.camera import LENSES
from livewatch.specimen.scene import SCENES
from livewatch.specimen.synthetic import SyntheticSpecimen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from livewatch.clock import Clock
    from livewatch.session import Session

    Announce = Callable[[str], None]

SENSOR_PX = (512, 512)


def staged(about: Mapping[str, Any], announce: Announce) -> SyntheticSpecimen | None:
    """The specimen of a demo, ready; None for a demo on Micro-Manager's own camera."""
    scene, seed = about["scene"], about["seed"]
    if scene not in SCENES:
        raise BadInput(f"--scene {scene}: there is no such scene; there are {', '.join(SCENES)}")
    if about["camera"] != "specimen":
        return None
    announce("preparing the specimen")
    specimen = SyntheticSpecimen(scene, seed)
    specimen.warm_up()
    return specimen


def demo_core(specimen: SyntheticSpecimen | None, clock: Clock) -> Core:
    """The demo's devices, before a specimen or with Micro-Manager's own camera."""
    camera = "demo" if specimen is None else "specimen"
    return load_demo(specimen, clock, sensor_px=SENSOR_PX, camera=camera, lenses=LENSES)


def with_truth(session: Session, specimen: SyntheticSpecimen | None) -> Session:
    """The session, writing a specimen's truth beside its record."""
    if specimen is not None:
        truth = TruthWriter(session.folder, specimen)
        session.subscribe(truth.see)
        session.afterwards(truth.close)
    return session
