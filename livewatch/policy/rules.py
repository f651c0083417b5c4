"""What stays the same during a session: the experiment and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from livewatch.policy.channels import always, one_in, planes
from livewatch.policy.light import Plan, plan
from livewatch.policy.sites import Site, refuse_impossible, sites
from livewatch.policy.state import FAST, Stage

if TYPE_CHECKING:
    from livewatch.model import Instrument, Plane
    from livewatch.settings import Experiment


@dataclass(frozen=True, slots=True)
class Rules:
    """An experiment on an instrument, with the rounds and the light plan worked out."""

    experiment: Experiment
    instrument: Instrument
    sites: tuple[Site, ...]
    planes: tuple[Plane, ...]
    light: Plan

    @classmethod
    def of(cls, experiment: Experiment, instrument: Instrument) -> Rules:
        """Work them out. Raises BadInput where the instrument cannot do it."""
        refuse_impossible(experiment, instrument)
        exposed = planes(experiment)
        light = plan(experiment, exposed)
        rounds = sites(experiment, instrument, light.survey_s)
        return cls(experiment, instrument, rounds, exposed, light)

    @property
    def survey_s(self) -> float:
        """Survey interval: the experiment's, or the longer one that the light budget allows."""
        return self.light.survey_s

    @property
    def watch_s(self) -> float:
        """Interval while a pair is near: never longer than the survey's."""
        return min(self.experiment.watch.interval_s, self.survey_s)

    @property
    def fast_s(self) -> float:
        """Interval in an encounter."""
        return min(self.experiment.reaction.interval_s, self.watch_s)

    @property
    def always(self) -> tuple[Plane, ...]:
        """The planes of every frame."""
        return always(self.planes)

    def one_in(self, channel: str, interval_s: float) -> int:
        """Of so many frames that come every `interval_s`, one exposes the channel."""
        return one_in(self.experiment.channels[channel], self.light.every_s[channel], interval_s)

    @property
    def dose(self) -> float:
        """Mean light of a frame at the fast rate."""
        return sum(plane.dose / self.one_in(plane.channel, self.fast_s) for plane in self.planes)

    @property
    def trusted_light(self) -> float:
        """Light of two approaches followed for as long as patience lasts: trusted beforehand."""
        return 2 * self.dose * self.experiment.watch.patience_s / self.pace_s(Stage.CLOSING)

    def pace_s(self, stage: Stage) -> float:
        """Time between two frames of a pair at a stage, no less than their exposures take."""
        exposed_s = sum(plane.exposure_ms for plane in self.planes) / 1000
        return max(self.fast_s if stage in FAST else self.watch_s, exposed_s)

    def site(self, position: str) -> Site:
        """The site of that name; the first one when there is none (it was removed)."""
        found = (site for site in self.sites if site.name == position)
        return next(found, self.sites[0])
