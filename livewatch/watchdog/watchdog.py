"""The watchdog of a session: looks at every turn, and a few times a second in between.

It holds up nobody. What it notices goes into the record, to the faces (`alarms`) and, through
the herald, to the user's hooks.
"""

from __future__ import annotations

import threading
from dataclasses import asdict
from math import isinf
from typing import TYPE_CHECKING

from livewatch.alarm import Trouble
from livewatch.clock import stopwatch_s
from livewatch.watchdog.disk import Level, noted
from livewatch.watchdog.herald import Herald
from livewatch.watchdog.signs import Rules, wrongs
from livewatch.watchdog.standing import Alarms
from livewatch.watchdog.throttle import Throttle
from livewatch.watchdog.vigil import Vigil, due_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from livewatch.alarm import Alarm, Key
    from livewatch.clock import Clock
    from livewatch.model import Shot, Step
    from livewatch.settings import Experiment
    from livewatch.watchdog.hook import Hook
    from livewatch.watchdog.signs import Glance

TICK_S = 0.25


class Watchdog:
    """Watches one session. `glance` tells how it stands now, `note` writes an event down."""

    def __init__(
        self,
        experiment: Experiment,
        clock: Clock,
        glance: Callable[[], Glance],
        note: Callable[[str, Mapping[str, object]], None],
        hooks: Iterable[Hook] = (),
        session: str = "",
    ) -> None:
        self._rules = Rules.of(experiment)
        self._patience_s = experiment.alarm.timeout_s
        self._clock = clock
        self._glance = glance
        self._note = note
        self._herald = Herald(hooks, session, self._hook_changed)
        self._throttle = Throttle(experiment.alarm.repeat_s)
        self._vigil = Vigil()
        self._levels: tuple[Level, ...] = ()
        self._alarms = Alarms()
        self._lasting: dict[Key, str] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """Every alarm so far, the oldest first."""
        return self._alarms.all

    def start(self, shot: Shot | None) -> None:
        """Begin to watch a session whose first shot this is."""
        self._await(shot)
        self._thread.start()

    def see(self, step: Step) -> None:
        """Take in one turn of the loop, on whichever thread; never waits."""
        with self._lock:
            self._vigil = self._vigil.after(step, stopwatch_s())
        self._await(step.decision.shot)
        self._look()

    def failed(self, why: str) -> None:
        """The session ends by a fault: that is alarming, and stays so."""
        self._lasting[Trouble.END, ""] = f"the session ended: {why}"
        self._look()

    def rest(self) -> None:
        """Stop watching; what there is to tell is still told."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def close(self) -> None:
        """Wait for the hooks, no longer than they may take."""
        self._herald.close(self._patience_s + 1.0)

    def _await(self, shot: Shot | None) -> None:
        """Expect the frame of a shot; none while the operator holds the microscope."""
        with self._lock:
            if shot is not None and isinf(shot.not_before_s):
                self._vigil = self._vigil.held()
                return
            patience_s = 0.0 if shot is None else self._clock.patience_s(shot.not_before_s)
            self._vigil = self._vigil.awaiting(due_of(shot, stopwatch_s(), patience_s))

    def _run(self) -> None:
        while not self._over.wait(TICK_S):
            self._look()

    def _look(self) -> None:
        """Raise what is newly wrong, end what no longer is."""
        glance = self._glance()
        with self._lock:
            standing = self._alarms.standing
            self._levels = noted(self._levels, Level(glance.time_s, glance.free_bytes))
            wrong = wrongs(self._vigil, glance, self._levels, self._rules, standing)
            self._alarms, changes = self._alarms.now(wrong | self._lasting, glance.time_s)
            for alarm in changes:
                self._note("all clear" if alarm.is_over else "alarm", {"alarm": asdict(alarm)})
            open_now = [
                alarm
                for alarm in self._alarms.standing.values()
                if alarm.trouble is not Trouble.HOOK
            ]
            told = [alarm for alarm in changes if alarm.trouble is not Trouble.HOOK]
            self._throttle, messages = self._throttle.passing(told, open_now, glance.real_s)
        for message in messages:
            self._herald.tell(message)

    def _hook_changed(self, hook: str, why: str) -> None:
        """A hook fails, or works again: shown and recorded, passed on to nobody."""
        with self._lock:
            if why:
                self._lasting[Trouble.HOOK, hook] = f"{hook} failed: {why}"
            else:
                self._lasting.pop((Trouble.HOOK, hook), None)
        self._look()
