"""How inner loops are compiled: kept on disk, without Python's lock, the same to the bit.

The compiler's cache notices a change in the file a function stands in, but not in those it
calls into. So the names under which functions are cached carry a mark of their whole room's
source: after any change in the room, all of it is compiled anew.
"""

from __future__ import annotations

import zlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

Function = TypeVar("Function", bound="Callable[..., Any]")


def compiled(function: Function) -> Function:
    """`function`, compiled at its first call for each set of argument types."""
    room = function.__module__.rpartition(".")[0]
    function.__qualname__ = f"{function.__qualname__}_{mark_of(room):08x}"
    return cast("Function", numba.njit(function, cache=True, nogil=True))


@cache
def mark_of(room: str) -> int:
    """A checksum of a package's source."""
    sources = sorted(
        (file.name, file.read_bytes())
        for file in files(room).iterdir()
        if file.name.endswith(".py")
    )
    return zlib.crc32(b"".join(source for _, source in sources))
