"""Freeze an analyst's state into JSON values, and thaw it again: what a resumed session needs.

The state's own type annotations say what is acceptable. Whatever does not fit them, or
contradicts itself, is refused with the place where it stands; nothing is evaluated, imported or
guessed. Numbers survive to the bit.
"""

from __future__ import annotations

import base64
import binascii
import math
import sys
from dataclasses import fields, is_dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from livewatch.analysis.analyst import AnalystState
from livewatch.analysis.approach import GAPS, Gaps
from livewatch.analysis.tracks import COLUMNS, Tracks

FORMAT = 14
TABLES = {Tracks: COLUMNS, Gaps: GAPS}
NOT_FINITE = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}


def to_json(state: AnalystState) -> dict[str, Any]:
    """A state as values that `json.dumps` takes."""
    return {"format": FORMAT, "state": frozen(state)}


def from_json(value: object) -> AnalystState:
    """The state that `to_json` gave.

    Raises ValueError, in one line that says where, for anything else.
    """
    if not isinstance(value, dict) or value.get("format") != FORMAT or len(value) != 2:
        raise ValueError(f"not a state of the analysis in format {FORMAT}")
    state = thawed(AnalystState, value.get("state"), "state")
    assert isinstance(state, AnalystState)
    agree(state)
    return state


def frozen(value: object) -> Any:
    """A value of the state as JSON."""
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, np.ndarray):
        raw = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode("ascii")
        return {"type": value.dtype.str, "shape": list(value.shape), "base64": raw}
    if isinstance(value, tuple):
        return [frozen(item) for item in value]
    assert is_dataclass(value), f"{type(value)} has no place in a state"
    return {one.name: frozen(getattr(value, one.name)) for one in fields(value)}


def thawed(hint: Any, value: object, where: str) -> object:
    """The value of type `hint` that `frozen` made."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        if value is None and NoneType in arguments:
            return None
        (hint,) = (one for one in arguments if one is not NoneType)
        return thawed(hint, value, where)
    if origin is tuple:
        return thawed_tuple(arguments, value, where)
    if origin is np.ndarray:
        return thawed_array(value, where)
    if is_dataclass(hint):
        return thawed_dataclass(hint, value, where)
    return thawed_plain(hint, value, where)


def thawed_plain(hint: Any, value: object, where: str) -> object:
    """A number, text, truth value or member of an enum."""
    if hint is float and isinstance(value, str) and value in NOT_FINITE:
        return NOT_FINITE[value]
    if hint is float and type(value) in (int, float) and math.isfinite(value):  # type: ignore[arg-type]
        return float(value)  # type: ignore[arg-type]
    if issubclass(hint, Enum) and value in [one.value for one in hint]:
        return hint(value)
    if hint in (int, str, bool) and type(value) is hint:
        if hint is int and abs(value) >= 2**62:  # type: ignore[arg-type]
            raise ValueError(f"{where}: {value} is too large")
        return value
    raise ValueError(f"{where}: {hint.__name__} expected, not {str(value)[:40]!r}")


def thawed_tuple(arguments: tuple[Any, ...], value: object, where: str) -> tuple[object, ...]:
    """A tuple, of one type throughout or of one type for each place."""
    if not isinstance(value, list):
        raise ValueError(f"{where}: a list expected")
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        arguments = arguments[:1] * len(value)
    if len(arguments) != len(value):
        raise ValueError(f"{where}: {len(arguments)} values expected, not {len(value)}")
    return tuple(
        thawed(hint, item, f"{where}[{at}]")
        for at, (hint, item) in enumerate(zip(arguments, value, strict=True))
    )


def thawed_dataclass(hint: Any, value: object, where: str) -> object:
    """A dataclass: all its fields and no other."""
    hints = hints_of(hint)
    if not isinstance(value, dict) or set(value) != {one.name for one in fields(hint)}:
        raise ValueError(f"{where}: the fields of {hint.__name__} expected")
    made = {name: thawed(hints[name], value[name], f"{where}.{name}") for name in value}
    table = TABLES.get(hint)
    if table is not None:
        made["table"] = tabled(made["table"], table, where)
    return hint(**made)


def hints_of(part: Any) -> dict[str, Any]:
    """The types of a dataclass's fields.

    Modules import much for annotations only, so that the names in them are found among
    everything that makes up analysis, a module's own names first.
    """
    names: dict[str, Any] = {"np": np, "NDArray": NDArray, "Map": NDArray[Any]}
    for name, module in sorted(sys.modules.items()):
        if name.startswith("livewatch.analysis.") or name == "livewatch.model":
            names |= {key: one for key, one in vars(module).items() if isinstance(one, type)}
    return get_type_hints(part, localns=names | vars(sys.modules[part.__module__]))


def thawed_array(value: object, where: str) -> NDArray[Any]:
    """An array of plain numbers or, as bytes, of table rows; read only."""
    if not isinstance(value, dict) or set(value) != {"type", "shape", "base64"}:
        raise ValueError(f"{where}: an array expected")
    shape = value["shape"]
    if not isinstance(shape, list) or not all(type(n) is int and n >= 0 for n in shape):
        raise ValueError(f"{where}: {str(shape)[:40]!r} is no shape")
    try:
        dtype = np.dtype(value["type"])
        raw = base64.b64decode(value["base64"], validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise ValueError(f"{where}: not the contents of an array") from None
    if dtype.kind not in "biufcV" or len(raw) != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"{where}: {len(raw)} bytes do not make an array {shape}")
    array = np.frombuffer(raw, dtype).reshape(shape)
    array.flags.writeable = False
    return array


def tabled(array: Any, columns: np.dtype[np.void], where: str) -> NDArray[np.void]:
    """An array of bytes as a table with these columns, finite throughout."""
    if array.ndim != 1 or array.dtype.itemsize != columns.itemsize:
        raise ValueError(f"{where}: a table of {len(columns.names or ())} columns expected")
    table = np.frombuffer(array.tobytes(), columns)
    for name in columns.names or ():
        if not np.isfinite(table[name]).all():
            raise ValueError(f"{where}.{name}: not finite")
    return table


def agree(state: AnalystState) -> None:
    """Raise ValueError where the parts of a state contradict each other."""
    names = [place.name for place in state.places]
    if names != sorted(set(names)):
        raise ValueError("state.places: positions are not in order, each once")
    known: set[int] = set()
    numbers: set[int] = set()
    for place in state.places:
        for tracks in (place.nk, place.tumor):
            ids = tracks.table["id"].tolist()
            if ids != sorted(set(ids)) or known.intersection(ids):
                raise ValueError(f"position {place.name!r}: an identity is there twice")
            known.update(ids)
            if (tracks.table["pxx"] <= 0).any() or (tracks.table["area_um2"] <= 0).any():
                raise ValueError(f"position {place.name!r}: an impossible track")
        opened = [bout.encounter.id for bout in place.bouts if bout.encounter is not None]
        if len(set(opened)) != len(opened) or numbers.intersection(opened):
            raise ValueError(f"position {place.name!r}: an encounter is there twice")
        numbers.update(opened)
    if known and not 1 <= min(known) <= max(known) < state.next_cell:
        raise ValueError("state.next_cell: cells have numbers that were not given yet")
    if numbers and not 1 <= min(numbers) <= max(numbers) < state.next_encounter:
        raise ValueError("state.next_encounter: encounters have numbers that were not given yet")
