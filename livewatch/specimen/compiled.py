"""How the specimen's inner loops are compiled: cached on disk, and without Python's lock.

The compiler's cache notices a change in the file a function stands in, but not in those it
calls into. So the names under which functions are cached carry a mark of this whole room's
source: after any change, everything is compiled anew.
"""

from __future__ import annotations

import zlib
from importlib.resources import files
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

Function = TypeVar("Function", bound="Callable[..., Any]")

SOURCES = sorted(
    (file.name, file.read_bytes())
    for file in files("livewatch.specimen").iterdir()
    if file.name.endswith(".py")
)
MARK = zlib.crc32(b"".join(source for _, source in SOURCES))


def compiled(function: Function) -> Function:
    """`function`, compiled at its first call for each set of argument types."""
    function.__qualname__ = f"{function.__qualname__}_{MARK:08x}"
    return cast("Function", numba.njit(function, cache=True, nogil=True))
