"""The command line. Exit codes: 0 done, 1 the run failed, 2 bad input (one line says what)."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from livewatch import __version__
from livewatch.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from livewatch.session import Session
    from livewatch.settings import Experiment

    Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    options = _parser().parse_args(arguments)
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

    paths = save_figures(session, options.out or options.session / "report")
    for path in paths:
        print(path)
    if not paths:
        print("there is no encounter in this session")
    return 0


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
    from livewatch.gui.available import why_no_window
    from livewatch.session import Ending
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
    """Say that long work is under way."""
    print(f"livewatch: {what}", file=sys.stderr, flush=True)


# --- the words of the command line -------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="livewatch", description="A microscope that notices NK-tumor encounters by itself."
    )
    parser.add_argument("--version", action="version", version=f"livewatch {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Command) -> argparse.ArgumentParser:
        words = command.__doc__ or ""
        sub = commands.add_parser(name, help=words.rstrip("."), description=words)
        sub.set_defaults(command=command)
        return sub

    sub = add("demo", demo)
    sub.add_argument(
        "--seconds", type=_positive, default=1800.0, metavar="N", help="session time (1800)"
    )
    sub.add_argument("--seed", type=int, default=0, metavar="K", help="which specimen (0)")
    sub.add_argument("--scene", default="mixed", help="what happens in it (mixed)")
    sub.add_argument(
        "--camera",
        choices=("specimen", "demo"),
        default="specimen",
        help="'demo': Micro-Manager's own DemoCamera, as a plain hardware check",
    )
    sub.add_argument(
        "--experiment",
        type=Path,
        metavar="EXPERIMENT.toml",
        help="what to do instead of demo_config/experiment.toml, on the same devices",
    )
    _add_speed(sub, 20.0)
    _add_run_options(sub)

    sub = add("run", run)
    sub.add_argument("experiment", type=Path, metavar="EXPERIMENT.toml")
    _add_run_options(sub)

    sub = add("replay", replay)
    sub.add_argument("recording", type=Path, help="a session folder, OME-Zarr or TIFF time-lapse")
    sub.add_argument("--experiment", type=Path, metavar="EXPERIMENT.toml")
    sub.add_argument("--pixel-um", type=_positive, metavar="P", help="size of a pixel in um")
    sub.add_argument("--interval-s", type=_positive, metavar="S", help="time between time points")
    sub.add_argument("--nk-channel", type=int, metavar="I", help="index of the NK channel, from 0")
    sub.add_argument("--tumor-channel", type=int, metavar="I", help="index of the tumor channel")
    _add_speed(sub, None)
    _add_run_options(sub)

    sub = add("init", init)
    sub.add_argument("file", type=Path, nargs="?", default=Path("experiment.toml"))

    sub = add("check", check)
    sub.add_argument("experiment", type=Path, metavar="EXPERIMENT.toml")
    sub.add_argument(
        "--devices",
        action="store_true",
        help="load the devices and ask them; some stages home themselves when loaded",
    )
    sub.add_argument(
        "--try-alarm", action="store_true", help="send a trial alarm by every hook of [alarm]"
    )
    sub.add_argument(
        "--sensor",
        type=_size,
        default=(2048, 2048),
        metavar="WxH",
        help="the camera's pixels, without --devices (2048x2048)",
    )

    sub = add("calibrate", calibrate)
    sub.add_argument("experiment", type=Path, metavar="EXPERIMENT.toml")
    sub.add_argument("--from", default="", metavar="OBJ", help="relative to this (the survey's)")
    sub.add_argument(
        "--to", default="", metavar="OBJ", help="the one to measure ([zoom] objective)"
    )
    sub.add_argument("--channel", default="tumor", metavar="NAME", help="in which light (tumor)")
    sub.add_argument(
        "--range-um",
        type=_positive,
        default=20.0,
        metavar="R",
        help="how far the focus is swept to either side (20)",
    )
    sub.add_argument("--dry-run", action="store_true", help="measure, but do not write")
    sub.add_argument(
        "--demo", action="store_true", help="try it on the demo's devices, before its specimen"
    )
    sub.add_argument("--seed", type=int, default=0, metavar="K", help="which specimen (0)")

    sub = add("report", report)
    sub.add_argument("session", type=Path, metavar="SESSION")
    sub.add_argument("--out", type=Path, metavar="DIR", help="where to (SESSION/report)")

    sub = add("bench", bench)
    sub.add_argument("--quick", action="store_true", help="fewer sizes and repeats")
    sub.add_argument("--json", action="store_true", help="the figures for a program to read")
    sub.add_argument(
        "--accuracy",
        action="store_true",
        help="how right the measures are on synthetic encounters, and what that falls off with",
    )
    sub.add_argument(
        "--encounters", type=_count, metavar="N", help="how many to watch for --accuracy (54)"
    )
    sub.add_argument(
        "--workers", type=_count, metavar="N", help="processes for --accuracy (one per core)"
    )

    sub = add("resume", resume)
    sub.add_argument("session", type=Path, metavar="SESSION")
    sub.add_argument("--headless", action="store_true", help="no window: a line in the terminal")

    for name, command in (("verify", verify), ("export", export)):
        add(name, command).add_argument("session", type=Path, metavar="SESSION")
    return parser


def _add_run_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--out", type=Path, metavar="DIR", help="session folder to make; must be new")
    sub.add_argument("--headless", action="store_true", help="no window: a line in the terminal")


def _add_speed(sub: argparse.ArgumentParser, default: float | None) -> None:
    words = "max" if default is None else f"{default:g}"
    sub.add_argument(
        "--speed",
        type=_speed,
        default=default,
        metavar="X|max",
        help=f"times as fast as life, or 'max': as fast as frames can be analysed ({words})",
    )


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def _count(text: str) -> int:
    """A whole number from 1 on."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1 on")
    return int(text)


def _size(text: str) -> tuple[int, int]:
    """Width and height in pixels, as in 2048x2048."""
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise argparse.ArgumentTypeError(f"{text} is not a size such as 2048x2048")
    return int(width), int(height)


def _speed(text: str) -> float | None:
    """A multiple of real time; None for as fast as possible."""
    return None if text == "max" else _positive(text)


if __name__ == "__main__":
    sys.exit(main())
