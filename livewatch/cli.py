"""The command line. Exit codes: 0 done, 1 the run failed, 2 bad input (one line says what)."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

from livewatch.arguments import parser
from livewatch.errors import BadInput

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from livewatch.arguments import Command
    from livewatch.session import Session
    from livewatch.settings import Experiment


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    options = parser(COMMANDS).parse_args(arguments)
    command: Command = options.command
    try:
        return command(options)
    except BadInput as mistake:
        print(f"livewatch: {mistake}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("livewatch: interrupted", file=sys.stderr)
        return 1


# --- the commands ---------------------------------------------------------------------
# Each imports what it needs when it runs, so that `livewatch --help` answers at once.


def demo(options: argparse.Namespace) -> int:
    """Watch a synthetic specimen on Micro-Manager's demo devices."""
    from livewatch import assembly

    session = assembly.demo(
        seconds=options.seconds,
        seed=options.seed,
        scene=options.scene,
        speed=options.speed,
        out=options.out,
        camera=options.camera,
        experiment_file=options.experiment,
        announce=_announce,
    )
    return _conduct(session, options.headless)


def run(options: argparse.Namespace) -> int:
    """Watch a real sample."""
    from livewatch.experiment import load_experiment

    experiment = load_experiment(options.experiment)  # first: what is wrong with it is said at once
    from livewatch import assembly

    session = assembly.real(experiment, options.experiment, options.out, _announce)
    return _conduct(session, options.headless)


def resume(options: argparse.Namespace) -> int:
    """Go on in a session that crashed."""
    from livewatch import assembly

    return _conduct(assembly.resume(options.session, _announce), options.headless)


def check(options: argparse.Namespace) -> int:
    """Say what a run would do, cost and be refused for; nothing is moved."""
    from livewatch.experiment import load_experiment

    experiment = load_experiment(options.experiment)
    from livewatch.check import prospect

    ahead = prospect(experiment, options.experiment, options.sensor, devices=options.devices)
    for line in ahead.lines:
        print(line)
    for refusal in ahead.refusals:
        print(f"livewatch: {options.experiment}: {refusal}", file=sys.stderr)
    if ahead.refusals:
        return 2
    return _try_alarm(experiment, options.experiment) if options.try_alarm else 0


def _try_alarm(experiment: Experiment, file: Path) -> int:
    """Send a trial alarm; 1 if it reaches nobody by one of the hooks."""
    from livewatch.check import try_alarm

    tried = list(try_alarm(experiment, file))
    for name, failed in tried:
        print(f"trial alarm by {name}: {failed or 'sent'}")
    if not tried:
        print("trial alarm: no hook is set in [alarm]")
    return 1 if any(failed for _, failed in tried) else 0


def report(options: argparse.Namespace) -> int:
    """Draw a figure of every encounter of a session."""
    from importlib.util import find_spec

    from livewatch.recording.folder import SessionFolder

    session = SessionFolder.open(options.session)
    if find_spec("matplotlib") is None:
        raise BadInput("figures need matplotlib: pip install 'livewatch[report]'")
    from livewatch.report.figure import save_figures

    paths, damages = save_figures(session, options.out or options.session / "report")
    for path in paths:
        print(path)
    if not paths and not damages:
        print("there is no encounter in this session")
    for damage in damages:
        _announce(damage)
    return 2 if damages else 0


def replay(options: argparse.Namespace) -> int:
    """Watch a recording as if it were live."""
    from livewatch import assembly

    session = assembly.replay(
        options.recording,
        experiment=options.experiment,
        pixel_um=options.pixel_um,
        interval_s=options.interval_s,
        nk_channel=options.nk_channel,
        tumor_channel=options.tumor_channel,
        speed=options.speed,
        out=options.out,
        announce=_announce,
    )
    return _conduct(session, options.headless)


def calibrate(options: argparse.Namespace) -> int:
    """Measure where one objective looks relative to another, and write it into the experiment."""
    from livewatch.experiment import load_experiment

    experiment = load_experiment(options.experiment)
    from livewatch import assembly
    from livewatch import calibrate as calibration
    from livewatch.calibration.measuring import Unmeasured

    try:
        other, offset, measured = assembly.calibrate(
            experiment,
            options.experiment,
            base=getattr(options, "from"),
            other=options.to,
            channel=options.channel,
            range_um=options.range_um,
            seed=options.seed if options.demo else None,
            announce=_announce,
        )
    except Unmeasured as failure:
        print(f"livewatch: not measured: {failure}", file=sys.stderr)
        return 1
    for line in calibration.report(other, offset, measured):
        print(line)
    if not options.dry_run:
        calibration.write(options.experiment, other, offset)
        print(f"written into {options.experiment}")
    return 0


def init(options: argparse.Namespace) -> int:
    """Write a commented experiment file to start from."""
    from livewatch.experiment import template

    path: Path = options.file
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(template())
    except FileExistsError:
        raise BadInput(
            f"{path}: exists already, and is not overwritten; name another file"
        ) from None
    except OSError as error:
        raise BadInput(f"{path}: cannot be written ({error.strerror})") from error
    print(f"wrote {path}: set [microscope] config and the two [channels], then `livewatch check`")
    return 0


def bench(options: argparse.Namespace) -> int:
    """Measure what this machine can keep up with, or how right analysis is."""
    if options.accuracy:
        from livewatch.report import accuracy

        usual = accuracy.QUICK if options.quick else accuracy.ENCOUNTERS
        figures = accuracy.run(options.encounters or usual, _announce, workers=options.workers)
        print(figures.json() if options.json else figures.text())
        return 0
    from livewatch.report import bench as speed

    measured = speed.run(options.quick, _announce)
    print(measured.json() if options.json else measured.text())
    return 0


def verify(options: argparse.Namespace) -> int:
    """Check a session: its data intact, its decisions reproducible."""
    from livewatch.lookout.afar import looking_again
    from livewatch.recording.verify import verify as verdict_on

    verdict = verdict_on(options.session, _progress(), looking_again)
    for note in verdict.notes:
        print(f"note: {note}")
    for problem in verdict.problems:
        print(f"wrong: {problem}")
    if verdict.is_sound:
        print(
            f"sound: {verdict.frames:,} frames intact, {verdict.decisions:,} decisions made again"
        )
    return 0 if verdict.is_sound else 1


def export(options: argparse.Namespace) -> int:
    """Make a session's tables again."""
    from livewatch.recording.tables import export as make_tables

    for path in make_tables(options.session):
        print(path)
    return 0


def _conduct(session: Session, headless: bool) -> int:
    """Run a session under the face that fits; say how it ended; its exit code."""
    from livewatch.end import Ending
    from livewatch.gui.available import why_no_window
    from livewatch.summary import summary

    _stop_on_signals(session)
    why_not = "--headless" if headless else why_no_window()
    if why_not is None:
        from livewatch.gui.app import show

        show(session)
    else:
        if not headless:
            _announce(f"no window: {why_not}")
        from livewatch.terminal import attend

        attend(session)
    print(summary(session), flush=True)
    code = 1 if session.end is None or session.end.status is Ending.FAILED else 0
    if session.is_hung:  # a device that never answers would keep the interpreter from exiting
        os._exit(code)
    return code


def _stop_on_signals(session: Session) -> None:
    """Ctrl-C and a polite kill end the session cleanly."""

    def stop(number: int, _: object) -> None:
        session.stop(f"stopped by {signal.Signals(number).name}")

    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):  # SIGBREAK: Ctrl-Break, on Windows only
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)


def _progress() -> Callable[[str, int, int], None]:
    """A callback that keeps a line of progress on a terminal, and says nothing elsewhere."""
    if not sys.stderr.isatty():
        return lambda what, done, of: None

    def show(what: str, done: int, of: int) -> None:
        end = "\n" if done == of else ""
        print(f"\r{what}: {done:,} of {of:,}", end=end, file=sys.stderr, flush=True)

    return show


def _announce(what: str) -> None:
    """Say something beside a command's output: that long work is under way, or what is damaged."""
    print(f"livewatch: {what}", file=sys.stderr, flush=True)


COMMANDS: Mapping[str, Command] = {
    "demo": demo,
    "run": run,
    "replay": replay,
    "init": init,
    "check": check,
    "calibrate": calibrate,
    "report": report,
    "bench": bench,
    "resume": resume,
    "verify": verify,
    "export": export,
}


if __name__ == "__main__":
    sys.exit(main())
