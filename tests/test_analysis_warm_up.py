"""All is compiled before a session starts: nobody waits for it in the middle of a contact."""

from __future__ import annotations

import gc
import subprocess
import sys

from numba.core.dispatcher import Dispatcher

from livewatch.analysis import garbage
from livewatch.analysis.analyst import Analyst
from livewatch.model import Exposure, Frame, Kind, Plane, Purpose, Shot, View
from livewatch.settings import Experiment
from livewatch.specimen.synthetic import SyntheticSpecimen

SCENES = (("crowded", 30.0, 16), ("evasion", 2.0, 70))
SIDE_PX, PIXEL_UM = 512, 0.5


def compiled() -> set[tuple[str, str]]:
    """Every function of analysis that is compiled by now, with the types it is compiled for."""
    gc.unfreeze()  # what is loaded is kept from the collector's view
    return {
        (f"{one.py_func.__module__}.{one.py_func.__qualname__}", str(types))
        for one in gc.get_objects()
        if isinstance(one, Dispatcher) and one.py_func.__module__.startswith("livewatch.analysis")
        for types in one.signatures
    }


def watch(analyst: Analyst, scene: str, interval_s: float, frames: int) -> None:
    sample, state = SyntheticSpecimen(scene, 77), analyst.begin()
    view = View("p", 0.0, 0.0, None, "10x", PIXEL_UM, 1, (SIDE_PX, SIDE_PX))
    shot = Shot(view, tuple(Plane(kind.value, 50.0) for kind in Kind), 0.0, Purpose.SURVEY)
    for index in range(frames):
        time_s = 60.0 + index * interval_s
        pixels = tuple(sample.expose(view, kind.value, 50.0, 1.0, time_s).pixels for kind in Kind)
        exposures = tuple(Exposure(kind.value, time_s, time_s, 50.0) for kind in Kind)
        state, _ = analyst.observe(state, Frame(index, shot, view, pixels, exposures, time_s))


def compiled_late() -> set[tuple[str, str]]:
    """What watching compiles although the analyst was warmed up."""
    analyst = Analyst(Experiment())
    analyst.warm_up()
    before = compiled()
    for scene in SCENES:
        watch(analyst, *scene)
    return compiled() - before


def test_what_is_loaded_when_a_session_starts_is_not_looked_through_for_garbage() -> None:
    usual = gc.get_threshold()
    try:
        loaded: list[str] = []
        garbage.settle()
        new: list[str] = []
        looked_at = {id(one) for one in gc.get_objects()}
        assert id(loaded) not in looked_at
        assert id(new) in looked_at
        assert gc.get_threshold()[0] == garbage.MANY
    finally:
        gc.unfreeze()
        gc.set_threshold(*usual)


def test_nothing_is_compiled_once_a_session_has_started() -> None:
    fresh = "from tests.test_analysis_warm_up import compiled_late; print(compiled_late())"
    done = subprocess.run(
        [sys.executable, "-c", fresh], capture_output=True, text=True, timeout=280
    )
    assert done.stdout.strip() == "set()", done.stderr
