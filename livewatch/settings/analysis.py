"""Where frames are analysed."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from livewatch.settings.section import Positive, Section


class AnalysisRules(Section):
    """Where frames are analysed, and when analysis has failed."""

    own_process: bool = Field(
        False, description="analyse in a process of its own: a plug-in that crashes costs no frame"
    )
    timeout_s: Positive = Field(
        60.0, description="analysis of a frame that takes longer hangs, and is begun afresh"
    )
    chances: Annotated[int, Field(ge=1, le=1000)] = Field(
        3, description="after so many hangs or crashes in a row a plug-in is replaced by 'classic'"
    )
