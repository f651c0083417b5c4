"""Both channels at once: one in the thread that asks, the other beside it.

A thread that hands all of its work to others and sleeps is often answered by two that take turns
on its own processor: what takes a few milliseconds is over before the system moves one of them.
One that goes on working has the other one started on the next processor.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Item = TypeVar("Item")
Result = TypeVar("Result")


class Abreast:
    """Like `map`, with the first item worked on here and the others in a thread beside."""

    def __init__(self, name: str) -> None:
        self._beside = ThreadPoolExecutor(1, name)

    def __call__(self, job: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """The job's results for each item, in order. Raises what a job raises."""
        items = list(items)
        begun = [self._beside.submit(job, other) for other in items[1:]]
        return [*map(job, items[:1]), *(each.result() for each in begun)]

    def leave(self) -> None:
        """Let the thread go; one that hangs is left behind."""
        self._beside.shutdown(wait=False, cancel_futures=True)
