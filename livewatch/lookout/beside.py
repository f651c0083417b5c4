"""An analyst in this process, on a thread that can be left behind when it hangs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livewatch.abreast import Abreast
from livewatch.analysis.analyst import Analyst
from livewatch.lookout.desk import Failed, Lost
from livewatch.microscope.hand import Hand, Hung
from livewatch.units import span

if TYPE_CHECKING:
    from livewatch.analysis.analyst import AnalystState
    from livewatch.model import Frame, Observation
    from livewatch.settings import Experiment


class Beside:
    """Works on a frame for at most `analysis.timeout_s` real seconds."""

    def __init__(self, experiment: Experiment, state: AnalystState | None = None) -> None:
        self._channels = Abreast("channel")
        self._analyst = Analyst(experiment, together=self._channels)
        self._timeout_s = experiment.analysis.timeout_s
        self._hand = Hand("livewatch analysis")
        self.state = state or self._analyst.begin()

    @property
    def is_stuck(self) -> bool:
        """Whether the thread hangs: nothing can end it."""
        return self._hand.is_stuck

    def start(self) -> None:
        """Compile what has to be compiled."""
        self._analyst.warm_up()

    def observe(self, frame: Frame) -> Observation:
        """What a frame shows. What comes of a frame after it was given up is not used."""
        state = self.state
        try:
            self.state, observation = self._hand.do(
                lambda: self._analyst.observe(state, frame), self._timeout_s
            )
        except Hung:
            raise Lost(f"it gave no answer within {span(self._timeout_s)}") from None
        except Exception as fault:  # whatever analysis does, the survey goes on
            raise Failed(f"{type(fault).__name__}: {fault}") from fault
        return observation

    def leave(self) -> None:
        """Let the threads go; one that hangs is left behind."""
        self._hand.rest()
        self._channels.leave()
