"""Sessions of faults are on a clock: they begin when all is compiled."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session", autouse=True)
def begin(all_is_compiled: None) -> None:
    pass
