"""What is wrong at this moment, from what the watchdog remembers and one glance. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from livewatch.alarm import Trouble
from livewatch.units import clock, span
from livewatch.watchdog.disk import DiskRules, Level, filling

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from livewatch.alarm import Key
    from livewatch.settings import Experiment
    from livewatch.watchdog.vigil import Bad, Due, Vigil

IN_A_ROW = 2
"""One frame of no use may be a passing bubble; two of the same position are an alarm."""
LEAST_ANSWER_S = 5.0
"""However short the interval, analysis is given this long before it counts as hanging."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How long is too long, in real seconds."""

    overdue_s: float
    answer_s: float
    disk: DiskRules

    @classmethod
    def of(cls, experiment: Experiment) -> Rules:
        """The rules of an experiment: everything is noticed within one survey interval."""
        interval_s = experiment.survey.interval_s
        return cls(
            min(experiment.alarm.overdue_s, interval_s),
            min(experiment.analysis.timeout_s, max(interval_s, LEAST_ANSWER_S)),
            DiskRules.of(experiment),
        )


@dataclass(frozen=True, slots=True)
class Glance:
    """A session at one moment, `real_s` and `time_s` on the session's clock.

    `held_by` names who has the turn (the devices, the recorder, the analysis). `analysing_s` is
    how long, in real seconds, the frame in analysis has been there, 0 while none is. `given_up`
    says which segmenter was given up, if one was.
    """

    real_s: float
    time_s: float
    free_bytes: float
    held_by: str
    analysing_s: float = 0.0
    given_up: str = ""


def wrongs(
    vigil: Vigil,
    glance: Glance,
    levels: tuple[Level, ...],
    rules: Rules,
    standing: Collection[Key],
) -> dict[Key, str]:
    """Everything that is wrong, in words. `standing` is what was wrong before."""
    found = dict(missing(vigil, glance, rules))
    said = unanswered(vigil, glance, rules)
    if said:
        found[Trouble.ANALYSIS, ""] = said
    if glance.given_up:
        found[Trouble.SEGMENTER, ""] = glance.given_up
    found |= useless(vigil.unfocused, Trouble.FOCUS) | useless(vigil.unusable, Trouble.IMAGE)
    now = Level(glance.time_s, glance.free_bytes)
    key = (Trouble.DISK, "")
    full_s = filling(levels, now, rules.disk, standing=key in standing)
    if full_s is not None:
        found[key] = (
            f"the disk fills faster than planned: at this rate it is full in {span(full_s)}"
        )
    return found


def missing(vigil: Vigil, glance: Glance, rules: Rules) -> Iterator[tuple[Key, str]]:
    """Positions whose frames are overdue."""
    for position, lapse in vigil.lapses.items():
        if glance.real_s - lapse.since.real_s > rules.overdue_s:
            yield (Trouble.FRAMES, position), f"{nothing(lapse.since)}: {lapse.reason}"
    due = vigil.due
    if due is not None and glance.real_s - due.real_s > rules.overdue_s:
        why = f"{glance.held_by} gives no answer"
        yield (Trouble.FRAMES, due.position), f"{nothing(due)}: {why}"


def nothing(since: Due) -> str:
    """That there is no frame, since when."""
    where = f" at {since.position}" if since.position else ""
    return f"no frame{where} since {clock(since.time_s)}"


def unanswered(vigil: Vigil, glance: Glance, rules: Rules) -> str:
    """That analysis hangs or has failed; '' if all is well."""
    if glance.analysing_s > rules.answer_s:
        return f"analysis gives no answer for {span(rules.answer_s)}; the survey goes on"
    return f"{vigil.failed}; the survey goes on" if vigil.failed else ""


def useless(bad: Mapping[str, Bad], trouble: Trouble) -> dict[Key, str]:
    """Positions of which several frames in a row are of no use."""
    return {
        (trouble, position): f"{position}: {each.why}" if position else each.why
        for position, each in bad.items()
        if each.frames >= IN_A_ROW
    }
