"""What a device did wrong, in one line: the reason a slot is missed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from livewatch.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator


class Fault(Exception):
    """A device failed, or did not do what it was told; the message goes into `Missed.reason`."""


class CameraFault(Fault):
    """The camera failed to expose, or to hand over an image."""


class Refused(Fault):
    """A limit forbids it, and nothing was moved."""


class Unsafe(Exception):
    """The sample cannot be kept dark: no slot to be missed, the session has to end."""


@contextmanager
def asking(what: str, kind: type[Fault] = Fault) -> Iterator[None]:
    """Turn whatever a device raises into a `Fault` that says what it was asked for."""
    try:
        yield
    except (Fault, Unsafe, BadInput):
        raise
    except Exception as error:  # C++ and Python device adapters raise what they like
        raise kind(f"{what}: {one_line(error)}") from error


def one_line(error: BaseException) -> str:
    """What an exception says, in one line."""
    said = " ".join(str(error).split())
    return said or type(error).__name__
