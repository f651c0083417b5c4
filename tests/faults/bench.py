"""Sessions on the real core that something goes wrong in, and what must hold of each of them.

The devices are Micro-Manager's demo devices; a Python one stands in only where a demo device cannot
fail in the way that is asked for. Before the lens an NK cell comes to a tumor cell, stays from
134 s to 266 s, and leaves.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pymmcore_plus.experimental.unicore import ShutterDevice

from livewatch.assembly import assembled
from livewatch.clock import VirtualClock
from livewatch.end import Ending
from livewatch.microscope.load import CAMERA, load_demo
from livewatch.model import Missed
from livewatch.recording.folder import SessionFolder
from livewatch.recording.verify import verify
from livewatch.settings import Experiment
from livewatch.specimen.specimen import Picture
from tests.recording.lived import TUMOR_UM, painted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from livewatch.clock import Clock
    from livewatch.model import Step, View
    from livewatch.session import Session
    from livewatch.specimen.camera import SpecimenCamera

SENSOR_PX = (256, 192)
PLAN: dict[str, Any] = {
    "microscope": {"objective": "10x", "timeout_s": 0.5},
    "channels": {
        "nk": {"preset": "NK", "exposure_ms": 30},
        "tumor": {"preset": "Tumor", "exposure_ms": 30},
    },
    "positions": ({"name": "A", "x_um": TUMOR_UM[0], "y_um": TUMOR_UM[1]},),
    "survey": {"interval_s": 20},
    "reaction": {"interval_s": 4, "cooldown_s": 20},
    "limits": {
        "duration_s": 300,
        "suspend_s": 5,
        "give_up_s": 60,
        "disk_reserve_gb": 0.001,
    },
}


def plan(**changes: dict[str, Any]) -> Experiment:
    """The usual experiment, with some settings of some tables changed."""
    tables = {name: {**PLAN.get(name, {}), **table} for name, table in changes.items()}
    return Experiment.model_validate({**PLAN, **tables})


@dataclass
class Scene:
    """The pair of cells, to a camera that counts its exposures, and may be made to fail at one."""

    instead: Callable[[int, View], Any] | None = None
    exposures: int = 0

    def expose(
        self, view: View, channel: str, exposure_ms: float, power: float, time_s: float
    ) -> Picture:
        self.exposures += 1
        if self.instead is not None:
            picture = self.instead(self.exposures, view)
            if picture is not None:
                return picture
        return Picture(painted(view, channel, time_s) * bool(power))


class Lid(ShutterDevice):
    """A shutter that can be asked how it stands when the core has let go of it."""

    is_open = False

    def get_open(self) -> bool:
        return self.is_open

    def set_open(self, open: bool) -> None:
        self.is_open = open


@dataclass
class Bench:
    """A session about to run, on a core that a test can spoil."""

    session: Session
    core: Any
    lid: Lid
    steps: list[Step] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.session.folder

    @property
    def misses(self) -> list[str]:
        """Why slots were missed, in order."""
        return [step.reply.reason for step in self.steps if isinstance(step.reply, Missed)]

    @property
    def reasons(self) -> list[str]:
        """The reasons of all decisions."""
        return [step.decision.reason for step in self.steps]

    def run(self, timeout_s: float = 60) -> Bench:
        self.session.start()
        self.session.join(timeout_s)
        assert self.session.is_over, "the session did not end"
        return self

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in lines(self.folder / "events.jsonl") if event["kind"] == kind]

    def survived(self, because: str = "The planned") -> None:
        """It ended as planned, and the promises hold."""
        self._ended(Ending.COMPLETED, because)

    def stopped(self) -> None:
        """It ended because the operator said so, and the promises hold."""
        self._ended(Ending.STOPPED, "")

    def failed(self, because: str) -> None:
        """It ended by a fault that stayed, says which, and the promises hold."""
        self._ended(Ending.FAILED, because)

    def _ended(self, status: Ending, because: str) -> None:
        assert self.session.end is not None
        assert (self.session.end.status, because in self.session.end.reason) == (status, True), (
            self.session.end
        )
        assert_promises(self.folder, self.session._recorder.acknowledged + 1)
        end = json.loads((self.folder / "end.json").read_text(encoding="utf-8"))
        assert (end["status"], because in end["reason"]) == (status, True)
        assert not self.lid.is_open, "the sample is lit"


def bench(
    folder: Path,
    experiment: Experiment | None = None,
    *,
    scene: Scene | None = None,
    clock: Clock | None = None,
    camera: Callable[[Scene, Clock], SpecimenCamera] | None = None,
    demo_camera: bool = False,
    prepare: Callable[[Any], None] = lambda core: None,
    remember: bool = True,
) -> Bench:
    """A session on the demo devices; `prepare` is given the core before it is looked at.

    `remember` False keeps no steps: for long sessions.
    """
    scene, clock, lid = scene or Scene(), clock or VirtualClock(), Lid()
    experiment = experiment or plan()
    core: Any = load_demo(
        scene,
        clock,
        sensor_px=SENSOR_PX,
        camera="demo" if demo_camera else "specimen",
        channels=experiment.channels,
        imaging=experiment.microscope.imaging,
    )
    if camera is not None:
        device = camera(scene, clock)
        core.unloadDevice(CAMERA)
        core.loadPyDevice(CAMERA, device)
        core.initializeDevice(CAMERA)
        device.mount(core)
        core.setCameraDevice(CAMERA)
    core.loadPyDevice("Lid", lid)
    core.initializeDevice("Lid")
    core.setShutterDevice("Lid")
    prepare(core)
    quiet: Callable[[str], None] = lambda what: None  # noqa: E731
    about = {"kind": "test"}
    session = assembled(core, experiment, clock, folder, quiet, about)
    made = Bench(session, core, lid)
    if remember:
        session.subscribe(made.steps.append)
    return made


def assert_promises(folder: Path, acknowledged: int) -> None:
    """What must hold of every session, whatever went wrong in it.

    Acknowledged frames are readable, with the checksums written down; every slot is a frame or a
    recorded miss; the end is truthful; and what was recorded leads to the same decisions again.
    """
    session = SessionFolder.open(folder)
    assert len(session) == acknowledged
    for index in range(acknowledged):
        session.read(index)
    told = lines(folder / "events.jsonl")
    missed = slots_missed(told, lines(folder / "frames.jsonl"))
    end = json.loads((folder / "end.json").read_text(encoding="utf-8"))
    last = [event["decision"] for event in told if event["kind"] == "decision"][-1:]
    assert end["missed"] == missed
    if end["status"] != "failed":
        assert end["frames"] == acknowledged
        assert last
        assert last[0]["shot"] is None
        assert not last[0]["failed"]
    elif last and last[0]["shot"] is None and last[0]["failed"]:
        assert last[0]["reason"] in end["reason"]
    assert verify(folder).problems == ()


def slots_missed(told: list[dict[str, Any]], frames: list[dict[str, Any]]) -> int:
    """How many slots were missed; each must have come to a frame, a miss, or other news.

    A frame that comes more than a survey interval late must have left a recorded gap.
    """
    asked, taken, missed = 0, 0, 0
    notes = {event["event"]: event for event in told}
    for event in told:
        if event["kind"] != "decision":
            continue
        after = event["after"]
        if "frame" in after:
            assert after["frame"] == taken, f"frame {taken} is decided on as {after['frame']}"
            frame = frames[taken]
            # What a burst had exposed before a decision ended it is read out after that decision.
            exposed_before = frame["purpose"] == "burst" and frame["decision"] < asked
            assert frame["decision"] == asked or exposed_before
            taken += 1
        elif "event" in after and notes[after["event"]]["kind"] == "missed":
            assert notes[after["event"]]["missed"]["shot"]["decision"] == asked
            missed += 1
        asked = event["decision"]["id"]
    assert taken >= len(frames) - 1, "a frame was taken that no decision followed"
    return missed


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
