"""One loop, three microscopes: a session put together for each.

Whatever the user got wrong is said here, in one line, before a folder is made or anything
moves.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from livewatch.calibrate import calibrate as measure_offsets
from livewatch.clock import Clock, RealClock, VirtualClock, wall_s
from livewatch.errors import BadInput
from livewatch.experiment import load_experiment
from livewatch.lookout.afar import looking_again
from livewatch.microscope.load import (
    Core,
    close_core,
    demo_configuration,
    load_core,
    load_demo,
)
from livewatch.microscope.microscope import Microscope
from livewatch.new_folder import need_disk, new_folder
from livewatch.policy.policy import Policy
from livewatch.recording.folder import SessionFolder
from livewatch.recording.recorder import Recorder
from livewatch.recording.resume import remembered
from livewatch.recording.retold import experiment_of, instrument_of
from livewatch.recording.tables import export
from livewatch.replay.plan import plan_for
from livewatch.replay.recorded import RecordedSpecimen
from livewatch.replay.recording import open_recording
from livewatch.session import Before, Session
from livewatch.stage import demo_core, staged, with_truth
from livewatch.watchdog.hook import hooks_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from livewatch.calibration.measuring import Measured
    from livewatch.settings import Experiment, Objective
    from livewatch.watchdog.hook import Hook

    Announce = Callable[[str], None]


def real(experiment: Experiment, file: Path, out: Path | None, announce: Announce) -> Session:
    """A session on the user's own microscope, by the experiment read from `file`."""
    config = configuration_of(experiment, file)
    folder = new_folder(out, "run")
    hooks = hooks_of(experiment)
    announce(f"loading {config.name}")
    with released_on_error(load_core(config)) as core:
        about = {"kind": "run", "config": str(config)}
        return assembled(core, experiment, RealClock(), folder, announce, about, hooks)


def configuration_of(experiment: Experiment, file: Path) -> Path:
    """The hardware configuration that an experiment, read from `file`, names."""
    if not experiment.microscope.config:
        raise BadInput(f"{file}: [microscope] config is not set: name a Micro-Manager .cfg file")
    return (file.parent / experiment.microscope.config).resolve()


def demo(
    *,
    seconds: float,
    seed: int,
    scene: str,
    speed: float | None,
    out: Path | None,
    camera: str,
    experiment_file: Path | None = None,
    announce: Announce,
) -> Session:
    """A session on Micro-Manager's demo devices, before a synthetic specimen."""
    file = experiment_file or demo_configuration().with_name("experiment.toml")
    experiment = lasting(load_experiment(file), seconds)
    folder = new_folder(out, "demo")
    about = {"kind": "demo", "camera": camera, "scene": scene, "seed": seed, "speed": speed}
    stage = staged(about, announce)
    clock = clock_of(speed)
    with released_on_error(demo_core(stage, clock)) as core:
        session = assembled(core, experiment, clock, folder, announce, about)
    return with_truth(session, stage)


def calibrate(
    experiment: Experiment,
    file: Path,
    *,
    base: str,
    other: str,
    channel: str,
    range_um: float,
    seed: int | None,
    announce: Announce,
) -> tuple[str, Objective, Measured]:
    """The offsets of an objective, measured on the user's microscope; with a `seed`, on the demo's.

    Raises `BadInput` and `Unmeasured` as `livewatch.calibrate` does.
    """
    if seed is not None:
        clock: Clock = VirtualClock()
        core = demo_core(
            staged({"scene": "mixed", "seed": seed, "camera": "specimen"}, announce), clock
        )
    else:
        clock, core = RealClock(), load_core(configuration_of(experiment, file))
    with released_on_error(core):
        return measure_offsets(
            core,
            clock,
            experiment,
            base=base,
            other=other,
            channel=channel,
            range_um=range_um,
            announce=announce,
        )


def resume(folder: Path, announce: Announce) -> Session:
    """Go on in a session that crashed, was stopped or failed; the gap is recorded.

    Raises `BadInput` if there is nothing to go on with.
    """
    recorded = SessionFolder.open(folder)
    about = recorded.header.get("about")
    kind = about.get("kind") if isinstance(about, dict) else None
    if not isinstance(about, dict) or kind not in ("run", "demo"):
        raise BadInput(f"{folder}: only a run or a demo can be resumed; a replay is replayed again")
    if recorded.end is not None and recorded.end.get("status") == "completed":
        raise BadInput(f"{folder}: this session is complete; there is nothing to resume")
    experiment = experiment_of(recorded)
    hooks = hooks_of(experiment) if kind == "run" else ()
    announce("reading what was remembered")
    policy = Policy(experiment, instrument_of(recorded))
    with looking_again(experiment) as analyst:
        memory = remembered(folder, policy, analyst)
    for damage in memory.damages:
        announce(f"{damage}; analysis goes on without that frame")
    if kind == "run":
        elapsed_s = wall_s() - float(recorded.header["clock"]["wall_s"])
        time_s = max(memory.last_s, elapsed_s)
        clock: Clock = RealClock(start_s=time_s)
        stage = None
        announce("loading the microscope")
        core = load_core(Path(about["config"]))
    else:
        time_s = memory.last_s
        clock = clock_of(about["speed"], time_s)
        stage = staged(about, announce)
        core = demo_core(stage, clock)
    with released_on_error(core):
        before = Before(memory, time_s)
        session = gone_on(core, experiment, clock, folder, announce, before, hooks)
    return with_truth(session, stage)


def gone_on(
    core: Core,
    experiment: Experiment,
    clock: Clock,
    folder: Path,
    announce: Announce,
    before: Before,
    hooks: Sequence[Hook] = (),
) -> Session:
    """A session that goes on in its folder, the gap written down.

    Its survey is that of before, wherever the crash has left the microscope.
    """
    home = instrument_of(SessionFolder.open(folder)).home
    surveyed = through(experiment, home.objective)
    microscope = Microscope(core, surveyed, clock, first_index=before.memory.frames)
    instrument = replace(microscope.inspect(), home=home)
    gap = {"time_s": before.time_s, "gap_from_s": before.memory.last_s}
    recorder = Recorder.resume(folder, gap)
    session = Session(experiment, microscope, instrument, recorder, clock, announce, before, hooks)
    session.afterwards(lambda: export(folder))
    return session


def replay(
    path: Path,
    *,
    experiment: Path | None,
    pixel_um: float | None,
    interval_s: float | None,
    nk_channel: int | None,
    tumor_channel: int | None,
    speed: float | None,
    out: Path | None,
    announce: Announce,
) -> Session:
    """A session on the demo devices, before a recording, served by its own times."""
    recording = open_recording(
        path,
        pixel_um=pixel_um,
        interval_s=interval_s,
        nk_channel=nk_channel,
        tumor_channel=tumor_channel,
    )
    plan = plan_for(recording, load_experiment(experiment) if experiment else None)
    if experiment is None and recording.experiment is None:
        announce(
            f"cells as measured in the recording: NK {plan.cells.nk_diameter_um:g} um, "
            f"tumor {plan.cells.tumor_diameter_um:g} um (--experiment may say otherwise)"
        )
    folder = new_folder(out, "replay")
    clock = clock_of(speed)
    core = load_demo(
        RecordedSpecimen(recording),
        clock,
        sensor_px=recording.view(0).sensor_px,
        pixel_um=recording.pixel_um,
        channels=plan.channels,
    )
    with released_on_error(core):
        return assembled(core, plan, clock, folder, announce, {"kind": "replay", "of": str(path)})


def assembled(
    core: Core,
    experiment: Experiment,
    clock: Clock,
    folder: Path,
    announce: Announce,
    about: Mapping[str, object],
    hooks: Sequence[Hook] = (),
) -> Session:
    """A session on a loaded core: everything checked, the folder made, nothing moved yet."""
    microscope = Microscope(core, experiment, clock)
    instrument = microscope.inspect()
    need_disk(folder, experiment, instrument)
    header = {"about": about, "experiment": experiment, "instrument": instrument, "begun_s": 0.0}
    recorder = Recorder.create(folder, header)
    session = Session(experiment, microscope, instrument, recorder, clock, announce, hooks=hooks)
    session.afterwards(lambda: export(folder))
    return session


def clock_of(speed: float | None, start_s: float = 0.0) -> Clock:
    """The clock for a speed; None is as fast as frames can be analysed."""
    return VirtualClock(start_s) if speed is None else RealClock(speed, start_s)


def lasting(experiment: Experiment, seconds: float) -> Experiment:
    """The experiment, ended after `seconds` of session time."""
    limits = experiment.limits.model_copy(update={"duration_s": seconds})
    return experiment.model_copy(update={"limits": limits})


def through(experiment: Experiment, objective: str) -> Experiment:
    """The experiment, surveyed through `objective` where it names none itself."""
    objective = experiment.microscope.objective or objective
    microscope = experiment.microscope.model_copy(update={"objective": objective})
    return experiment.model_copy(update={"microscope": microscope})


@contextmanager
def released_on_error(core: Core) -> Iterator[Core]:
    """Let go of the devices if the session cannot be put together."""
    try:
        yield core
    except BaseException:
        close_core(core)
        raise
