"""How far a long piece of work has come, told now and then, and how long the rest may take."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from livewatch.units import span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from livewatch.report.trial import Trial

EVERY_S = 10.0


class Pace:
    """Counts trials up to `total` and tells `progress` in a line how it goes."""

    def __init__(
        self,
        total: int,
        progress: Callable[[str], None],
        now_s: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._total, self._progress, self._now_s = total, progress, now_s
        self._begun_s = self._told_s = now_s()
        self._done = 0

    def counted(self, trials: Iterable[Trial], about: str) -> Iterator[Trial]:
        """The same trials; `about` says which they are."""
        for trial in trials:
            self._done += 1
            if self._now_s() - self._told_s >= EVERY_S:
                self._tell(about)
            yield trial

    def end(self) -> None:
        """Tell how long all of it took."""
        past_s = self._now_s() - self._begun_s
        self._progress(f"{self._done} encounters watched in {span(past_s)}")

    def _tell(self, about: str) -> None:
        self._told_s = self._now_s()
        past_s = self._told_s - self._begun_s
        left_s = past_s / self._done * max(self._total - self._done, 0)
        self._progress(
            f"{about}: {self._done} of {self._total} encounters watched in {span(past_s)}, "
            f"about {span(left_s)} left"
        )
