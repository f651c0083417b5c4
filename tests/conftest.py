"""A fresh checkout compiles for a minute or two: beside the first tests, not on a test's own time.

The tests of faults give a session so many seconds. They come last, when all is compiled.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from compile_all import compile_all

COMPILING = pytest.StashKey[subprocess.Popen[bytes]]()
SCRIPT = Path(__file__).with_name("compile_all.py")


def is_timed(item: pytest.Item) -> bool:
    return "faults" in item.path.relative_to(SCRIPT.parent).parts


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=is_timed)


def pytest_runtestloop(session: pytest.Session) -> None:
    if any(map(is_timed, session.items)) and not session.config.option.collectonly:
        session.config.stash[COMPILING] = subprocess.Popen([sys.executable, str(SCRIPT)])


def pytest_unconfigure(config: pytest.Config) -> None:
    compiling = config.stash.get(COMPILING, None)
    if compiling is not None:
        compiling.kill()
        compiling.wait()


@pytest.fixture(scope="session")
def all_is_compiled(request: pytest.FixtureRequest) -> None:
    assert request.config.stash[COMPILING].wait() == 0
    compile_all()
