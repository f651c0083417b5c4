"""A frozen value with some fields replaced, as `dataclasses.replace` does, in 0.4 of its time.

That one reads each field by its name and sets each through a check, which is felt where it is
done for every pair in every frame. Here a function is written for each class that does nothing
else, as `dataclass` writes one that makes its values.
"""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Value = TypeVar("Value")


def replaced(value: Value, **changes: object) -> Value:
    """A copy of a slotted dataclass with some fields changed. Raises TypeError for other names."""
    kind: Any = type(value)
    copy: Value = copier_of(kind)(value, **changes)
    return copy


@cache
def copier_of(kind: Any) -> Callable[..., Any]:
    """The function that copies values of a class, which must not want to see its values."""
    assert not hasattr(kind, "__post_init__"), kind
    names = [each.name for each in fields(kind)]
    known: dict[str, Any] = {"_new": object.__new__, "_kind": kind, "_kept": object()}
    known |= {f"_put_{name}": getattr(kind, name).__set__ for name in names}
    lines = (
        f"def _copied(_value, {', '.join(f'{name}=_kept' for name in names)}):",
        "    _copy = _new(_kind)",
        *(f"    _put_{one}(_copy, _value.{one} if {one} is _kept else {one})" for one in names),
        "    return _copy",
    )
    exec("\n".join(lines), known)
    copier: Callable[..., Any] = known["_copied"]
    return copier
