"""Reading an experiment file, and saying in one line where it is wrong."""

from __future__ import annotations

import tomllib
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, get_args

from pydantic import ValidationError

from livewatch.errors import BadInput
from livewatch.experiment.literal import literal
from livewatch.experiment.places import places
from livewatch.settings import Experiment, Section

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic_core import ErrorDetails

    Key = tuple[str | int, ...]


def load_experiment(path: Path) -> Experiment:
    """The experiment in a TOML file.

    Raises `BadInput` in one line with file, line and key: for a file that cannot be read or is not
    TOML, an unknown key (naming the nearest known one), or an impossible value.
    """
    text = read(path)
    try:
        found = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}: not a valid TOML file: {_one_line(str(error))}") from error
    return experiment_of(found, text, str(path))


def read(path: Path) -> str:
    """The text of a file, with or without the byte-order mark that Windows editors write."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise BadInput(f"{path}: not a text file in UTF-8 ({error})") from error


def experiment_of(found: dict[str, Any], text: str, name: str) -> Experiment:
    """The experiment that TOML values amount to; `text` and `name` serve to say where it fails."""
    try:
        return Experiment.model_validate(found)
    except ValidationError as error:
        lines = places(text)
        faults = sorted(
            ((line_of(fault, lines), complaint(fault)) for fault in error.errors()),
            key=lambda fault: fault[0] or 0,
        )
        line, first = faults[0]
        where = f"{name}, line {line}" if line else name
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise BadInput(f"{where}: {_one_line(first)}{more}") from error


def line_of(fault: ErrorDetails, lines: dict[Key, int]) -> int | None:
    """The line a fault is about: that of its key, of a key its message names, or of its table."""
    where: Key = fault["loc"]
    if where not in lines or fault["type"] == "value_error":
        for word in fault["msg"].replace("=", " ").split():
            named = (*where, *word.strip("[],:;'").split("."))
            if len(named) > len(where) and named in lines:
                return lines[named]
    while where and where not in lines:
        where = where[:-1]
    return lines.get(where)


def complaint(fault: ErrorDetails) -> str:
    """What is wrong, and what would be right."""
    where = fault["loc"]
    table, key = written(where[:-1]), str(where[-1]) if where else ""
    shown = f"{table} {key}".strip()
    if fault["type"] == "extra_forbidden":
        if not table and isinstance(fault["input"], dict):
            shown = f"[{key}]"
        return f"{shown} is not a setting; {nearest(key, known(where[:-1]))}"
    if fault["type"] == "missing":
        return f"{shown} is missing"
    message = fault["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    if fault["type"] == "value_error":
        return f"{written(where)} {message}".strip()
    if fault["type"] in ("model_type", "dict_type", "model_attributes_type"):
        return f"{shown} must be a table, written [{'.'.join(map(str, where))}]"
    if fault["type"] == "enum":
        message = f"{message}; {nearest(str(fault['input']), choices(fault))}"
    if fault["type"] == "tuple_type" and not table:
        return f"{shown} must be a list of tables, each written [[{shown}]]"
    return f"{shown} = {_short(literal(fault['input']))}: {message}"


def choices(fault: ErrorDetails) -> list[str]:
    """The values an enumerated setting may have."""
    expected = str(fault.get("ctx", {}).get("expected", ""))
    return [word.strip("' ") for word in expected.replace(" or ", ",").split(",") if word.strip()]


def written(where: Key) -> str:
    """A table's header as it stands in the file; positions by their number, from 1."""
    names = [str(part) for part in where if isinstance(part, str)]
    numbers = [f" {part + 1}" for part in where if isinstance(part, int)]
    return f"[{'.'.join(names)}]{''.join(numbers)}" if names else ""


def nearest(key: str, names: list[str]) -> str:
    """The nearest known name; all of them if none is near."""
    close = get_close_matches(key, names, n=1)
    return f"did you mean {close[0]}?" if close else f"there is {', '.join(names)}"


def known(where: Key) -> list[str]:
    """The keys a table may have."""
    section: type[Section] | None = Experiment
    for part in where:
        field = section.model_fields.get(str(part)) if section is not None else None
        if field is not None:
            section = _section_in(field.annotation)
    return list(section.model_fields) if section is not None else []


def _section_in(annotation: Any) -> type[Section] | None:
    """The section that an annotation is, or is a collection of."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    inner = (_section_in(part) for part in get_args(annotation))
    return next((section for section in inner if section is not None), None)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."
