"""How the inner loops are compiled: kept on disk, without Python's lock, the same to the bit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

Function = TypeVar("Function", bound="Callable[..., Any]")


def compiled(function: Function) -> Function:
    """`function`, compiled at its first call for each set of argument types."""
    return cast("Function", numba.njit(function, cache=True, nogil=True))
