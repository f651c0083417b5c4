"""Looking at recorded frames again, where the session itself looked: here, or in a process apart.

A plug-in that aborts its process costs that frame, not the verification or the resumption.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from livewatch.analysis.analyst import Analyst
from livewatch.lookout.apart import Apart
from livewatch.lookout.desk import Failed, Lost
from livewatch.recording.rederive import NotSeen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livewatch.analysis.analyst import AnalystState
    from livewatch.model import Frame, Observation
    from livewatch.recording.rederive import Looking
    from livewatch.settings import Experiment


@contextmanager
def looking_again(experiment: Experiment) -> Iterator[Looking]:
    """An analyst for recorded frames, in its own process if the session's analysis was."""
    if not experiment.analysis.own_process:
        yield Analyst(experiment)
        return
    afar = Afar(experiment)
    try:
        yield afar
    finally:
        afar.leave()


class Afar:
    """Looks like an `Analyst`; works in a process of its own, and in another if that one ends.

    Whatever happens to a frame there is raised as `NotSeen`, in one line.
    """

    def __init__(self, experiment: Experiment) -> None:
        self._experiment = experiment
        self._desk: Apart | None = None
        self._state: AnalystState | None = None

    def begin(self) -> AnalystState:
        """The state before the first frame."""
        return self._sit_down(None)[1]

    def observe(self, state: AnalystState, frame: Frame) -> tuple[AnalystState, Observation]:
        """The state after one more frame, and what the frame showed."""
        desk = self._desk
        if desk is None or state is not self._state:
            desk, _ = self._sit_down(state)
        try:
            observation = desk.observe(frame)
        except Failed as fault:
            raise NotSeen(f"analysis of frame {frame.index} fails now: {fault}") from fault
        except Lost as loss:
            self.leave()
            raise NotSeen(f"analysis of frame {frame.index} fails now: {loss}") from loss
        self._state = desk.state
        return self._state, observation

    def leave(self) -> None:
        """End the process."""
        if self._desk is not None:
            self._desk.leave()
            self._desk = None

    def _sit_down(self, state: AnalystState | None) -> tuple[Apart, AnalystState]:
        """Begin a process that goes on from a state, or from the first."""
        self.leave()
        try:
            self._desk = desk = Apart(self._experiment, state)
            desk.start()
        except Lost as loss:
            self.leave()
            raise NotSeen(f"analysis cannot be begun again: {loss}") from loss
        self._state = began = desk.state if state is None else state
        return desk, began
