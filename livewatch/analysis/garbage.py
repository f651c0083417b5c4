"""Python's collector of garbage, which else takes its time in the middle of a session."""

from __future__ import annotations

import gc

MANY = 10_000
"""Objects made and not gone again, after which the collector looks through them: what some frames
leave. Python's own 700 come together twice in every frame, and cost a millisecond."""


def settle() -> None:
    """Have the collector look at new objects more seldom, and never at those there are by now.

    For the whole process. All that was loaded takes a tenth of a second to look through, at any
    moment; and it stays. What was left behind up to now is collected first.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(MANY)
