"""Writing a few values into an experiment file that a person wrote, comments and all kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tomlkit

from livewatch.errors import BadInput
from livewatch.experiment.reading import experiment_of, read

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DIGITS = 2


def amend_objective(path: Path, objective: str, values: Mapping[str, float]) -> None:
    """Write `values` into [objectives.OBJECTIVE] of the file at `path`; all else stays as it is.

    The file is replaced whole or not at all. Raises `BadInput` if it cannot be.
    """
    text = amended(read(path), objective, values)
    experiment_of(tomlkit.parse(text).unwrap(), text, str(path))
    beside = path.with_name(f"{path.name}.new")
    try:
        beside.write_text(text, encoding="utf-8", newline="")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise BadInput(f"{path}: cannot be written ({error.strerror})") from error


def amended(text: str, objective: str, values: Mapping[str, float]) -> str:
    """The text with these values in the objective's table, which is made if it is not there."""
    document = tomlkit.parse(text)
    if "objectives" not in document:
        document["objectives"] = tomlkit.table(is_super_table=True)
    objectives = document["objectives"]
    if objective not in objectives:
        objectives[objective] = tomlkit.table()
    for key, value in values.items():
        objectives[objective][key] = round(value, DIGITS) + 0.0
    return tomlkit.dumps(document)
