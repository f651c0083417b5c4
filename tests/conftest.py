"""A fresh checkout compiles for a minute or two: beside the tests that compile nothing.

These come first; the tests of faults, which give a session so many seconds, last. With several
workers (`-n 3`) it is done once for all of them, and a file's tests stay together in one, as they
share what is made for them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from compile_all import PARTS, compile_all

if TYPE_CHECKING:
    from collections.abc import Generator

HERE = Path(__file__).parent
COMPILES_NOTHING = ("microscope/", "recording/test_recording", "test_policy", "test_watchdog")
COMPILES = ("recording/test_recording_verify", "recording/test_recording_versions")  # for all that
LAST = "faults/"
COMPILING = pytest.StashKey[list[subprocess.Popen[bytes]]]()
PROCESS_IDS = "LIVEWATCH_COMPILING"
"""In the environment: the processes that compile, which workers have not started themselves."""


def name_of(item: pytest.Item) -> str:
    return item.path.relative_to(HERE).as_posix()


def compiles_nothing(item: pytest.Item) -> bool:
    """Whether neither a test nor a process it starts runs what has to be compiled."""
    name = name_of(item)
    return name.startswith(COMPILES_NOTHING) and not name.startswith(COMPILES)


def turn_of(item: pytest.Item) -> int:
    return 0 if compiles_nothing(item) else 2 if name_of(item).startswith(LAST) else 1


def is_controller(config: pytest.Config) -> bool:
    """Whether this process leaves all tests to workers."""
    return bool(getattr(config.option, "numprocesses", None))


def pytest_sessionstart(session: pytest.Session) -> None:
    if is_controller(session.config):
        begin_to_compile(session.config)


def pytest_runtestloop(session: pytest.Session) -> None:
    if PROCESS_IDS not in os.environ and not all(map(compiles_nothing, session.items)):
        begin_to_compile(session.config)


def begin_to_compile(config: pytest.Config) -> None:
    if not config.option.collectonly:
        compiling = [
            subprocess.Popen([sys.executable, HERE / "compile_all.py", part]) for part in PARTS
        ]
        config.stash[COMPILING] = compiling
        os.environ[PROCESS_IDS] = " ".join(str(process.pid) for process in compiling)


def pytest_unconfigure(config: pytest.Config) -> None:
    compiling = config.stash.get(COMPILING, [])
    for process in compiling:
        process.kill()
        process.wait()
    if compiling:
        del os.environ[PROCESS_IDS]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=turn_of)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Wait for what is compiled, before the time a test may take begins."""
    while not compiles_nothing(item) and any(
        is_running(int(process)) for process in os.environ[PROCESS_IDS].split()
    ):
        time.sleep(0.1)
    return (yield)


def is_running(process: int) -> bool:
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture(scope="session")
def all_is_compiled() -> None:
    """What was compiled beside is loaded, too."""
    compile_all()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Files go to the workers in the order they have here."""
    from xdist.scheduler import LoadFileScheduling

    config.option.loadscopereorder = False
    return LoadFileScheduling(config, log)
