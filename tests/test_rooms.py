"""The structure: floors import downward only, and Qt and the core stay in their rooms."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "livewatch"

FLOORS = {
    "__init__": 0,
    "model": 0,
    "settings": 0,
    "clock": 0,
    "compiled": 0,
    "abreast": 0,
    "units": 0,
    "errors": 0,
    "replaced": -1,
    "roundness": -1,
    "alarm": 0,
    "analysis": 1,
    "policy": 1,
    "specimen": 1,
    "calibration": 1.5,
    "tally": 1,
    "latency": 1,
    "loop": 2,
    "specimen.camera": 3,  # hands: those further down are used by those further up
    "experiment": 3,
    "microscope": 3.5,
    "recording": 3,
    "replay": 3.5,
    "report": 3.8,
    "inbox": 3,
    "lookout": 3.6,
    "watchdog": 1,
    "watchdog.mail": 3,
    "watchdog.hook": 3,
    "watchdog.herald": 3,
    "watchdog.watchdog": 3,
    "escort": 3.9,
    "session": 4,
    "assembly": 4.5,
    "new_folder": 4,
    "stage": 4.3,
    "check": 4.5,
    "calibrate": 4.2,
    "summary": 4.5,
    "disk": 3,
    "end": 1,
    "arguments": 5,
    "cli": 5.5,
    "gui": 5,
    "terminal": 5,
    "__main__": 6,
}
KEPT_IN = {
    "pymmcore_plus": ("microscope", "specimen.camera"),
    "useq": ("microscope", "specimen.camera"),
    "qtpy": ("gui",),
    "pyqtgraph": ("gui",),
}
IMPURE = {"threading", "time", "datetime", "pathlib", "os", "random", "tempfile", "subprocess"}

MODULES = sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def room_of(module: str) -> str:
    """The longest named room that a module lies in."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        if ".".join(parts[:length]) in FLOORS:
            return ".".join(parts[:length])
    raise AssertionError(f"{module} lies on no floor: give it one in {Path(__file__).name}")


def imports_of(path: Path) -> set[str]:
    """Every module imported in a file, at run time or for types, wherever it stands."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def own(imported: str) -> str | None:
    """The livewatch module an import names, without the leading package, or None."""
    if imported == "livewatch" or not imported.startswith("livewatch."):
        return None
    module = imported.removeprefix("livewatch.")
    while (
        not (PACKAGE / (module.replace(".", "/") + ".py")).exists()
        and not (PACKAGE / module.replace(".", "/")).is_dir()
    ):
        if "." not in module:
            return None
        module = module.rpartition(".")[0]
    return module


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_go_downward_only(path: Path) -> None:
    here = room_of(name_of(path))
    for imported in imports_of(path):
        module = own(imported)
        if module is None:
            continue
        there = room_of(module)
        same_room = there.partition(".")[0] == here.partition(".")[0]
        assert FLOORS[there] < FLOORS[here] or (same_room and FLOORS[there] <= FLOORS[here]), (
            f"{name_of(path)} (floor {FLOORS[here]}) imports {module} (floor {FLOORS[there]})"
        )


def test_no_import_circles() -> None:
    graph = {
        name_of(path): {module for name in imports_of(path) if (module := own(name))}
        for path in MODULES
    }
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, f"circle: {' -> '.join((*trail, module))}"
        if module not in done:
            for other in graph.get(module, set()) - {module}:
                visit(other, (*trail, module))
            done.add(module)

    for module in graph:
        visit(module, ())


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_qt_and_the_core_stay_in_their_rooms(path: Path) -> None:
    module = name_of(path)
    for imported in imports_of(path):
        rooms = KEPT_IN.get(imported.partition(".")[0])
        if rooms is not None:
            assert any(module == room or module.startswith(f"{room}.") for room in rooms), (
                f"{module} imports {imported}, which belongs in {' and '.join(rooms)}"
            )


@pytest.mark.parametrize(
    "path", [path for path in MODULES if FLOORS[room_of(name_of(path))] == 1], ids=name_of
)
def test_thought_touches_neither_files_nor_threads_nor_the_time(path: Path) -> None:
    touched = {name.partition(".")[0] for name in imports_of(path)} & IMPURE
    assert not touched, f"{name_of(path)} imports {', '.join(sorted(touched))}"
