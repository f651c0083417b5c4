"""Sessions of faults are on a clock: they begin when all is compiled. None has a window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session", autouse=True)
def begin(all_is_compiled: None) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        # tests of the window have left an application behind, which would tell listeners late
        patch.setenv("PYMM_SIGNALS_BACKEND", "psygnal")
        yield
