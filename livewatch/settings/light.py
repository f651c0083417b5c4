"""Light as a budget."""

from __future__ import annotations

from pydantic import Field

from livewatch.settings.section import Fraction, Positive, Section


class Light(Section):
    """Light as a budget, for each position: exposure in ms times relative power."""

    budget: dict[str, Positive] = Field(
        default_factory=dict,
        description="light each position may get, per channel, e.g. { nk = 60000, tumor = 60000 }",
    )
    survey_share: Fraction = Field(
        0.5, description="share of it kept for the survey; with limits.duration_s, what it needs"
    )
    thin_below: Fraction = Field(
        0.25,
        description="fast frames come half as often when less than this is left of their share",
    )
