"""A place to survey."""

from __future__ import annotations

from pydantic import Field

from livewatch.settings.section import Section


class Position(Section):
    """A place to survey, in stage um. z_um unset: the focus stays as it is."""

    name: str = Field(min_length=1, description="name in tables and on screen")
    x_um: float = Field(description="stage x")
    y_um: float = Field(description="stage y")
    z_um: float | None = Field(None, description="focus")
