"""An analyst in a process of its own: whatever a plug-in does there, nothing here is harmed.

The process is spawned, not forked. Pixels go there through shared memory; observations, and the
state after each, come back pickled, to the bit. So when the process dies or hangs, another can
take over from the state before the frame that was too much for it.
"""

from __future__ import annotations

import multiprocessing
import pickle
import signal
from contextlib import suppress
from dataclasses import replace
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING, Any, cast

from livewatch.analysis.segmentation.segmenter import SegmenterError
from livewatch.lookout.child import BROKEN, FAILED, NEWEST, UNFIT, serve
from livewatch.lookout.desk import Failed, Lost
from livewatch.lookout.pixels import Giver
from livewatch.units import span

if TYPE_CHECKING:
    from livewatch.analysis.analyst import AnalystState
    from livewatch.model import Frame, Observation
    from livewatch.settings import Experiment

START_S = 120.0
COMPILE_S = 900.0
FAREWELL_S = 1.0


class Apart:
    """Works on a frame for at most `analysis.timeout_s` real seconds, then ends the process.

    Raises `SegmenterError` where the experiment asks for a segmenter that is not there.
    """

    is_stuck = False

    def __init__(self, experiment: Experiment, state: AnalystState | None = None) -> None:
        self._timeout_s = experiment.analysis.timeout_s
        self._state = None if state is None else pickle.dumps(state, NEWEST)
        self._giver = Giver()
        context = multiprocessing.get_context("spawn")
        self._line, theirs = context.Pipe()
        self._process = context.Process(
            target=serve, args=(theirs, experiment), name="livewatch analysis", daemon=True
        )
        self._process.start()
        self._kill = Finalize(self, self._process.kill, exitpriority=10)
        theirs.close()
        kind, said = self._answer(START_S)
        if kind == UNFIT:
            self.leave()
            raise SegmenterError(str(said))

    @property
    def state(self) -> AnalystState:
        """What is remembered after the last frame that was observed."""
        if self._state is None:
            raise Lost("it never began")
        return cast("AnalystState", pickle.loads(self._state))

    @property
    def pid(self) -> int | None:
        """The process's number."""
        return self._process.pid

    def start(self) -> None:
        """Compile what has to be compiled."""
        self._tell(self._state)
        _, self._state = self._answer(COMPILE_S)

    def observe(self, frame: Frame) -> Observation:
        """What a frame shows."""
        place = self._giver.put(frame.planes)
        self._tell((place, replace(frame, planes=())))
        kind, said = self._answer(self._timeout_s)
        if kind == FAILED:
            failed = Failed(said[0])
            failed.add_note(said[1])
            raise failed
        observation, self._state = said
        return cast("Observation", observation)

    def leave(self) -> None:
        """End the process: politely if it listens, else at once."""
        with suppress(OSError, ValueError):
            self._line.send(None)
        self._process.join(FAREWELL_S)
        self._kill()
        self._process.join()
        self._line.close()
        self._giver.close()

    def _tell(self, what: object) -> None:
        try:
            self._line.send(what)
        except (OSError, ValueError) as error:
            raise Lost(self._how_it_ended()) from error

    def _answer(self, patience_s: float) -> tuple[str, Any]:
        try:
            if not self._line.poll(patience_s):
                self._kill()
                raise Lost(f"it gave no answer within {span(patience_s)}, and was ended")
            kind, said = self._line.recv()
        except (EOFError, OSError) as error:
            raise Lost(self._how_it_ended()) from error
        if kind == BROKEN:
            lost = Lost(f"its process failed: {said.splitlines()[-1]}")
            lost.add_note(said)
            raise lost
        return kind, said

    def _how_it_ended(self) -> str:
        """What became of the process, in words."""
        self._process.join(FAREWELL_S)
        code = self._process.exitcode
        if code is None:
            return "its process does not answer"
        if code < 0:
            return f"its process crashed ({signal.strsignal(-code) or -code})"
        return f"its process ended by itself (exit code {code})"
