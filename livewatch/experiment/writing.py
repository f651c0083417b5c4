"""Writing an experiment file, every setting with its description.

It is made from the settings themselves, so a key, a default or a description is changed in one
place only and the template never goes stale.
"""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any

from livewatch.experiment.literal import literal
from livewatch.settings import Experiment, Position, Section

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = """\
# A livewatch experiment. Lengths in um, times in s, exposures in ms. Every key may be left out:
# the value written here is what is used then. Lines that begin with # change nothing.
"""
WIDTH, ABOUT_AT = 100, 32


def template() -> str:
    """A commented experiment file with every setting at its default."""
    return dump(Experiment())


def dump(experiment: Experiment) -> str:
    """An experiment as the text of a commented file that loads back to it."""
    lines = [HEAD]
    for name in Experiment.model_fields:
        lines += tables(name, getattr(experiment, name))
    return "\n".join(lines)


def tables(name: str, value: Any) -> Iterator[str]:
    """The lines of one section, of several by name, or of a list of them."""
    if isinstance(value, Section):
        yield from table(f"[{name}]", value)
    elif isinstance(value, dict):
        for key, section in value.items():
            yield from table(f"[{name}.{literal_key(key)}]", section)
    elif value:
        for section in value:
            yield from table(f"[[{name}]]", section)
    else:
        example = table(f"[[{name}]]", Position(name="A1", x_um=0.0, y_um=0.0))
        yield from (f"# {line}" if line and not line.startswith("#") else line for line in example)


def table(header: str, section: Section) -> Iterator[str]:
    """A section's lines: what it is for, then each key with its description."""
    yield f"# {' '.join((type(section).__doc__ or '').split())}"
    yield header
    for key, field in type(section).model_fields.items():
        value = getattr(section, key)
        line = f"{key} = {literal(value)}" if value is not None else unset(key, field.examples)
        about = f"# {field.description}" if field.description else ""
        if len(line) < ABOUT_AT and ABOUT_AT + len(about) <= WIDTH:
            yield f"{line:<{ABOUT_AT}}{about}".rstrip()
        else:
            yield from wrap(about, WIDTH, subsequent_indent="# ", break_on_hyphens=False)
            yield line
    yield ""


def unset(key: str, examples: list[Any] | None) -> str:
    """A key that has no value unless the user gives it one, with an example if there is one."""
    return f"# {key} = {literal(examples[0]) if examples else '...'}"


def literal_key(key: str) -> str:
    """A name as a TOML key: bare where it may be."""
    return (
        key if key.isascii() and key.replace("_", "").replace("-", "").isalnum() else literal(key)
    )
