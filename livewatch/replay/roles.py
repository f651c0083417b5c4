"""Which channel of a recording shows the NK cells, and which the tumor cells."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from livewatch.errors import BadInput
from livewatch.model import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

WORDS = {
    Kind.NK: re.compile(
        r"(?<![a-z])(nk(-?92)?|natural.?killers?|killers?|effectors?|cd56)(?![a-z])"
    ),
    Kind.TUMOR: re.compile(
        r"(?<![a-z])(tumou?rs?|targets?|cancers?|k-?562|mcf-?7|hela|melanomas?)(?![a-z])"
    ),
}


def named_channels(
    names: Sequence[str], count: int, nk: int | None, tumor: int | None, where: str
) -> tuple[str, ...]:
    """A name for each of `count` channels: 'nk', 'tumor', and for others their own.

    `nk` and `tumor` are the user's word, counted from 0; without it the channels' own `names`
    must tell. Raises `BadInput` when they do not.
    """
    if count < 2:
        raise BadInput(
            f"{where}: has one channel; NK and tumor cells must be in a channel each "
            "(if its images take turns, say --nk-channel 0 --tumor-channel 1)"
        )
    for option, index in (("--nk-channel", nk), ("--tumor-channel", tumor)):
        if index is not None and not 0 <= index < count:
            raise BadInput(f"{where}: {option} {index}: its channels are 0 to {count - 1}")
    nk = _only(names, Kind.NK) if nk is None else nk
    tumor = _only(names, Kind.TUMOR) if tumor is None else tumor
    if count == 2:
        nk = 1 - tumor if nk is None and tumor is not None else nk
        tumor = 1 - nk if tumor is None and nk is not None else tumor
    if nk is None or tumor is None:
        raise BadInput(f"{where}: which of its channels ({_list(names, count)}) is which? "
                       "Say --nk-channel N --tumor-channel M")  # fmt: skip
    if nk == tumor:
        raise BadInput(f"{where}: channel {nk} cannot be both --nk-channel and --tumor-channel")
    own = {nk: Kind.NK.value, tumor: Kind.TUMOR.value}
    return tuple(own.get(index) or _other(names, index) for index in range(count))


def _only(names: Sequence[str], kind: Kind) -> int | None:
    """The one channel whose name says this kind and not the other."""
    other = Kind.TUMOR if kind is Kind.NK else Kind.NK
    found = [
        index
        for index, name in enumerate(names)
        if WORDS[kind].search(name.lower()) and not WORDS[other].search(name.lower())
    ]
    return found[0] if len(found) == 1 else None


def _other(names: Sequence[str], index: int) -> str:
    """A name for a channel of neither kind, which no other channel has."""
    name = names[index].strip().lower() if index < len(names) else ""
    taken = {*Kind, *(each.strip().lower() for each in names[:index])}
    return name if name and name not in taken else f"channel {index}"


def _list(names: Sequence[str], count: int) -> str:
    return ", ".join(
        f"{index}: {names[index]}" if index < len(names) and names[index] else str(index)
        for index in range(count)
    )
