"""How right analysis is: its answers on synthetic encounters, beside the truth.

`run` watches several hundred staged encounters under ordinary conditions, and some of the same
encounters again under others, one thing changed at a time: pixel size, interval, light, dyes. All
of it is synthetic: on real cells these figures are promises to be checked, not results.
"""

from __future__ import annotations

import json
import os
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from math import inf, isfinite
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2

from livewatch.report.conditions import Conditions
from livewatch.report.doubt import doubts_of
from livewatch.report.pace import Pace
from livewatch.report.score import Row, Table, confusion_of, row_of
from livewatch.report.trial import trial_of
from livewatch.report.wording import GOALS, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from livewatch.report.trial import Trial

    Job = tuple[Conditions, int]
    Map = Callable[[Callable[[Job], Trial | None], Iterable[Job]], Iterable[Trial | None]]

SCENES = ("mixed", "evasion", "killing", "mixed", "engulfing", "evasion")
"""Taken in turn, seed by seed."""
FIRST_SEED = 2000
"""Held out: seeds from here on were never looked at while methods were made."""
ENCOUNTERS, QUICK, FULL = 42, 18, 216
"""Under ordinary conditions: by default, in a hurry, and for the README."""
SHARE_AGAIN, LEAST_AGAIN = 9, 6
"""One in so many of them again under every other condition, but at least so many."""
ORDINARY = Conditions()


class Change(NamedTuple):
    """A row: what is changed in the ordinary conditions; {} for the ordinary ones themselves."""

    about: str
    changed: dict[str, Any]


TABLES: tuple[tuple[str, tuple[Change, ...]], ...] = (
    (
        "objective",
        (
            Change("10x, 0.65 um", {"pixel_um": 0.65, "objective": "10x"}),
            Change("20x, 0.325 um", {}),
            Change("40x, 0.1625 um", {"pixel_um": 0.1625, "objective": "40x"}),
        ),
    ),
    (
        "interval",
        (
            Change("1 s", {"interval_s": 1.0}),
            Change("2 s", {}),
            Change("5 s", {"interval_s": 5.0}),
            Change("10 s", {"interval_s": 10.0}),
            Change("30 s", {"interval_s": 30.0}),
        ),
    ),
    (
        "light",
        (
            Change("full", {}),
            Change("half", {"light": 0.5}),
            Change("a fifth", {"light": 0.2}),
            Change("a tenth", {"light": 0.1}),
            Change("a twentieth", {"light": 0.05}),
        ),
    ),
    (
        "dyes and crowding",
        (
            Change("as usual", {}),
            Change("15 % bleed-through", {"bleed": 0.15}),
            Change("death dye each frame", {"death_s": 0.0}),
            Change("no death dye", {"death_s": inf}),
            Change("crowded cells", {"scene": "crowded"}),
            Change("uniform elongated cells", {"scene": "elongated"}),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Accuracy:
    """All figures: under ordinary conditions, and how they fall off.

    `doubts` are (name, standard error) of ordinary figures that have a target. `confusion` is
    (true outcome, told outcome, count) under ordinary conditions. `seeds` are the first and last
    used.
    """

    ordinary: Row
    doubts: tuple[tuple[str, float], ...]
    confusion: tuple[tuple[str, str, int], ...]
    tables: tuple[Table, ...]
    seeds: tuple[int, int]

    def text(self) -> str:
        """For people: targets, outcomes, and tables to plan an experiment by."""
        return text_of(self.ordinary, dict(self.doubts), self.confusion, self.tables, self.seeds)

    def json(self) -> str:
        """For machines; what is not known is null."""
        content = {
            "seeds": self.seeds,
            "ordinary": _plain(asdict(self.ordinary)),
            "standard_errors": _plain(dict(self.doubts)),
            "outcomes": [
                {"true": truth, "told": told, "count": count}
                for truth, told, count in self.confusion
            ],
            "tables": {
                table.about: [_plain(asdict(row)) for row in table.rows] for table in self.tables
            },
        }
        return json.dumps(content, indent=1)


def _plain(figures: dict[str, Any]) -> dict[str, Any]:
    return {
        name: None if isinstance(value, float) and not isfinite(value) else value
        for name, value in figures.items()
    }


def run(
    encounters: int,
    progress: Callable[[str], None],
    first_seed: int = FIRST_SEED,
    workers: int | None = None,
) -> Accuracy:
    """Watch so many encounters, and some of them again under every other condition.

    In `workers` processes (None: one per core); the same whatever their number.
    """
    again = min(max(encounters // SHARE_AGAIN, LEAST_AGAIN), encounters)
    others = sum(bool(change.changed) for _, changes in TABLES for change in changes)
    pace = Pace(encounters + again * others, progress)
    with spread(workers or os.cpu_count() or 1) as together:
        usual = list(pace.counted(watched({}, encounters, first_seed, together), "ordinary"))
        tables = []
        for about, changes in TABLES:
            rows = []
            for change in changes:
                trials = usual[:again]
                if change.changed:
                    new = watched(change.changed, again, first_seed, together)
                    trials = list(pace.counted(new, f"{about}: {change.about}"))
                rows.append(row_of(change.about, trials))
            tables.append(Table(about, tuple(rows)))
    pace.end()
    return Accuracy(
        row_of("20x, 2 s, full light", usual),
        tuple(doubts_of(usual, [goal.name for goal in GOALS]).items()),
        confusion_of(usual),
        tuple(tables),
        (first_seed, max(trial.seed for trial in usual)),
    )


def watched(
    changed: dict[str, Any], wanted: int, first_seed: int, together: Map
) -> Iterator[Trial]:
    """That many trials, scene after scene in turn; seeds without an encounter are passed over."""
    done, seed = 0, first_seed
    while done < wanted:
        jobs = [_job(changed, seed, first_seed) for seed in range(seed, seed + wanted - done)]
        seed += len(jobs)
        for trial in together(_watch, jobs):
            if trial is not None:
                done += 1
                yield trial


def _job(changed: dict[str, Any], seed: int, first_seed: int) -> Job:
    usual = replace(ORDINARY, scene=SCENES[(seed - first_seed) % len(SCENES)])
    return replace(usual, **changed), seed


def _watch(job: Job) -> Trial | None:
    return trial_of(*job)


@contextmanager
def spread(workers: int) -> Iterator[Map]:
    """A map over so many processes, in order; spawned, as that is the same on every system."""
    if workers == 1:
        yield map
        return
    context = get_context("spawn")
    with ProcessPoolExecutor(
        workers, context, initializer=cv2.setNumThreads, initargs=(1,)
    ) as pool:
        try:
            yield pool.map
        finally:
            pool.shutdown(cancel_futures=True)
