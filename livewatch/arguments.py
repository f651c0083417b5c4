"""The words of the command line: what each command can be told, and how it is checked."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from livewatch import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Command = Callable[[argparse.Namespace], int]


def parser(commands: Mapping[str, Command]) -> argparse.ArgumentParser:
    """What reads the words; `command` in its result is the one that was asked for.

    A command's help is the first line it documents itself with.
    """
    every = argparse.ArgumentParser(
        prog="livewatch", description="A microscope that notices NK-tumor encounters by itself."
    )
    every.add_argument("--version", action="version", version=f"livewatch {__version__}")
    known = every.add_subparsers(required=True, metavar="COMMAND")
    for name, command in commands.items():
        words = command.__doc__ or ""
        sub = known.add_parser(name, help=words.rstrip("."), description=words)
        sub.set_defaults(command=command)
        WORDS[name](sub)
    return every


def _demo(sub: argparse.ArgumentParser) -> None:
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
    _speed_of(sub, 20.0)
    _run_options(sub)


def _run(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("experiment", type=Path, metavar="EXPERIMENT.toml")
    _run_options(sub)


def _replay(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("recording", type=Path, help="a session folder, OME-Zarr or TIFF time-lapse")
    sub.add_argument("--experiment", type=Path, metavar="EXPERIMENT.toml")
    sub.add_argument("--pixel-um", type=_positive, metavar="P", help="size of a pixel in um")
    sub.add_argument("--interval-s", type=_positive, metavar="S", help="time between time points")
    sub.add_argument("--nk-channel", type=int, metavar="I", help="index of the NK channel, from 0")
    sub.add_argument("--tumor-channel", type=int, metavar="I", help="index of the tumor channel")
    _speed_of(sub, None)
    _run_options(sub)


def _init(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("file", type=Path, nargs="?", default=Path("experiment.toml"))


def _check(sub: argparse.ArgumentParser) -> None:
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


def _calibrate(sub: argparse.ArgumentParser) -> None:
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


def _report(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("session", type=Path, metavar="SESSION")
    sub.add_argument("--out", type=Path, metavar="DIR", help="where to (SESSION/report)")


def _bench(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--quick", action="store_true", help="fewer sizes and repeats")
    sub.add_argument("--json", action="store_true", help="the figures for a program to read")
    sub.add_argument(
        "--accuracy",
        action="store_true",
        help="how right the measures are on synthetic encounters, and what that falls off with",
    )
    sub.add_argument(
        "--encounters", type=_count, metavar="N", help="how many to watch for --accuracy (42)"
    )
    sub.add_argument(
        "--workers", type=_count, metavar="N", help="processes for --accuracy (one per core)"
    )


def _resume(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("session", type=Path, metavar="SESSION")
    sub.add_argument("--headless", action="store_true", help="no window: a line in the terminal")


def _session(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("session", type=Path, metavar="SESSION")


def _run_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--out", type=Path, metavar="DIR", help="session folder to make; must be new")
    sub.add_argument("--headless", action="store_true", help="no window: a line in the terminal")


def _speed_of(sub: argparse.ArgumentParser, default: float | None) -> None:
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


WORDS: Mapping[str, Callable[[argparse.ArgumentParser], None]] = {
    "demo": _demo,
    "run": _run,
    "replay": _replay,
    "init": _init,
    "check": _check,
    "calibrate": _calibrate,
    "report": _report,
    "bench": _bench,
    "resume": _resume,
    "verify": _session,
    "export": _session,
}
