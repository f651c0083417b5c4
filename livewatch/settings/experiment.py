"""Everything the user decides."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from livewatch.settings.alarm import AlarmRules
from livewatch.settings.analysis import AnalysisRules
from livewatch.settings.cells import Cells
from livewatch.settings.channel import Channel
from livewatch.settings.contact import ContactRules
from livewatch.settings.light import Light
from livewatch.settings.limits import Limits
from livewatch.settings.microscope import Microscope
from livewatch.settings.objective import Objective
from livewatch.settings.outcome import OutcomeRules
from livewatch.settings.position import Position
from livewatch.settings.reaction import Reaction
from livewatch.settings.section import Section
from livewatch.settings.survey import Survey
from livewatch.settings.watch import Watch
from livewatch.settings.zoom import Zoom


class Experiment(Section):
    """Everything the user decides."""

    microscope: Microscope = Microscope()
    channels: dict[str, Channel] = Field(
        default_factory=lambda: {"nk": Channel(), "tumor": Channel()}
    )
    objectives: dict[str, Objective] = Field(default_factory=dict)
    positions: tuple[Position, ...] = ()
    survey: Survey = Survey()
    cells: Cells = Cells()
    contact: ContactRules = ContactRules()
    outcome: OutcomeRules = OutcomeRules()
    watch: Watch = Watch()
    reaction: Reaction = Reaction()
    zoom: Zoom = Zoom()
    light: Light = Light()
    limits: Limits = Limits()
    analysis: AnalysisRules = AnalysisRules()
    alarm: AlarmRules = AlarmRules()

    @model_validator(mode="after")
    def _both_populations(self) -> Self:
        for name in ("nk", "tumor"):
            if name not in self.channels:
                raise ValueError(f"[channels.{name}] is missing: it shows the {name} cells")
            if self.channels[name].every_frames > 1 or self.channels[name].every_s > 0:
                raise ValueError(
                    f"[channels.{name}] every_frames or every_s: {name} cells must be in every "
                    "frame, or no contact is seen; only other channels may be exposed less often"
                )
        names = [position.name for position in self.positions]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two positions are named {name!r}")
        return self

    @model_validator(mode="after")
    def _fast_is_faster(self) -> Self:
        if self.reaction.interval_s > self.survey.interval_s:
            raise ValueError(
                f"reaction.interval_s {self.reaction.interval_s} is longer than "
                f"survey.interval_s {self.survey.interval_s}: an encounter would be seen less often"
            )
        for channel in self.light.budget:
            if channel not in self.channels:
                raise ValueError(
                    f"light.budget names channel {channel!r}; there is {', '.join(self.channels)}"
                )
        return self
