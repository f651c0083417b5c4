"""The analysis process, from inside.

It is told a state, then frames, and answers each; it ends when it is told nothing more. It never
outlives its parent: a thread watches the parent, and a clock that needs no Python ends a process
in which even that thread is held up by foreign code.
"""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import traceback
from dataclasses import replace
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any

from livewatch.abreast import Abreast
from livewatch.analysis.analyst import Analyst
from livewatch.errors import BadInput
from livewatch.lookout.pixels import Taker

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from livewatch.settings import Experiment

MADE, UNFIT, BROKEN = "made", "unfit", "broken"
WARM, SEEN, FAILED = "warm", "seen", "failed"
"""What an answer is."""
MARGIN_S = 30.0
"""The parent ends a child that hangs; only an orphan gets this much longer."""
NEWEST = pickle.HIGHEST_PROTOCOL


def serve(connection: Connection[Any, Any], experiment: Experiment) -> None:
    """Analyse frames until there are no more."""
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):  # the parent decides when it is over
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    code = 1
    try:
        analyst = Analyst(experiment, together=Abreast("channel"))
        connection.send((MADE, None))
        _work(connection, analyst, experiment.analysis.timeout_s)
        code = 0
    except BadInput as mistake:
        connection.send((UNFIT, str(mistake)))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        code = 0  # nobody is there any more
    except Exception as fault:  # noqa: BLE001 - told to the parent, whatever it is
        connection.send((BROKEN, "".join(traceback.format_exception(fault))))
    finally:
        connection.close()
        os._exit(code)  # without waiting for whatever a plug-in has left running


def _work(connection: Connection[Any, Any], analyst: Analyst, timeout_s: float) -> None:
    """Answer a state, then every frame."""
    told = connection.recv()
    analyst.warm_up()
    state = analyst.begin() if told is None else pickle.loads(told)
    connection.send((WARM, pickle.dumps(state, NEWEST)))
    taker = Taker()
    while (told := connection.recv()) is not None:
        place, bare = told
        frame = replace(bare, planes=taker.take(place))
        faulthandler.dump_traceback_later(timeout_s + MARGIN_S, exit=True, file=sys.__stderr__ or 2)
        try:
            state, observation = analyst.observe(state, frame)
        except Exception as fault:  # noqa: BLE001 - told to the parent, whatever it is
            said = f"{type(fault).__name__}: {fault}"
            connection.send((FAILED, (said, "".join(traceback.format_exception(fault)))))
        else:
            connection.send((SEEN, (observation, pickle.dumps(state, NEWEST))))
        finally:
            faulthandler.cancel_dump_traceback_later()
    taker.close()


def _end_with_parent() -> None:
    """End this process, in whatever it is, as soon as its parent has ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(0)
