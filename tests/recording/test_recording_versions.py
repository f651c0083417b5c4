"""Sessions of other versions: opened where they can be, else refused in one line everywhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from livewatch import __version__
from livewatch.cli import main
from livewatch.recording.folder import SessionFolder
from livewatch.recording.header import FORMAT
from livewatch.recording.recorder import Recorder
from livewatch.recording.retold import experiment_of
from livewatch.recording.verify import verify
from tests.recording.lived import INSTRUMENT, Life, experiment, live

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = {
    "verify": ["verify"],
    "resume": ["resume", "--headless"],
    "export": ["export"],
    "report": ["report"],
    "replay": ["replay", "--headless"],
}


@pytest.fixture
def session(tmp_path: Path) -> Path:
    plan, folder = experiment(60.0), tmp_path / "session"
    header = {
        "about": {"kind": "run", "config": "nowhere.cfg"},
        "experiment": plan,
        "instrument": INSTRUMENT,
        "begun_s": 0.0,
    }
    recorder = Recorder.create(folder, header)
    live(recorder, Life(), plan)
    recorder.close(None)
    return folder


def rewritten(session: Path, **changes: Any) -> None:
    """Change what session.json says."""
    path = session / "session.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_session_says_what_it_was_made_with_and_holds_the_whole_experiment(session: Path) -> None:
    header = SessionFolder.open(session).header
    assert header["format"] == FORMAT
    assert header["livewatch"] == __version__
    assert {"numpy", "numba", "pymmcore-plus"} <= header["libraries"].keys()
    assert experiment_of(SessionFolder.open(session)) == experiment(60.0)
    for name in type(experiment()).model_fields:
        assert name in header["experiment"]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"format": FORMAT + 1, "livewatch": "9.9"},
            f"format {FORMAT + 1}, written by livewatch 9.9; this livewatch reads format {FORMAT}: "
            "install a newer livewatch",
        ),
        (
            {"format": FORMAT - 1, "livewatch": "0.0.1"},
            f"format {FORMAT - 1}, written by livewatch 0.0.1; this livewatch reads format "
            f"{FORMAT}: open it with livewatch 0.0.1",
        ),
        ({"format": "new\nline"}, "is none; this livewatch reads format"),
        ({"format": True}, "is none; this livewatch reads format"),
    ],
    ids=["newer", "older", "odd", "true"],
)
def test_another_format_is_refused_in_one_line_by_every_command(
    session: Path,
    capsys: pytest.CaptureFixture[str],
    command: str,
    changes: dict[str, Any],
    said: str,
) -> None:
    rewritten(session, **changes)
    word, *options = COMMANDS[command]
    assert main([word, str(session), *options]) == 2
    line = capsys.readouterr().err
    assert said in line
    assert line.count("\n") == 1


@pytest.mark.parametrize("command", ["verify", "resume"])
def test_a_setting_this_version_does_not_know_is_named(
    session: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    plan = json.loads((session / "session.json").read_text())["experiment"]
    rewritten(session, experiment={**plan, "levitation": {"height_um": 3}})
    word, *options = COMMANDS[command]
    assert main([word, str(session), *options]) in (1, 2)
    told = capsys.readouterr()
    assert "experiment is not as this livewatch knows it, levitation" in told.out + told.err


def test_a_session_without_the_newest_settings_opens_with_their_defaults(session: Path) -> None:
    plan = json.loads((session / "session.json").read_text())["experiment"]
    for name in ("alarm", "analysis"):
        del plan[name]
    rewritten(session, experiment=plan)
    assert experiment_of(SessionFolder.open(session)) == experiment(60.0)
    assert verify(session).is_sound


def test_other_library_versions_are_mentioned_by_verify(session: Path) -> None:
    libraries = SessionFolder.open(session).header["libraries"]
    rewritten(session, livewatch="0.0.1", libraries={**libraries, "numpy": "1.0"})
    (note,) = [one for one in verify(session).notes if "other versions" in one]
    assert "livewatch 0.0.1 (now" in note
    assert "numpy 1.0 (now" in note
    assert "numba" not in note
