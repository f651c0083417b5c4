"""Damaged, cut and made-up files, through every command that opens them.

One clear line and an exit code of 0, 1 or 2; never a traceback, nor a file outside the place named.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lived import INSTRUMENT, Life, asked, end_of, experiment, live
from spoiling import bytes_flipped, value_made_up

from livewatch import assembly
from livewatch.cli import main
from livewatch.errors import BadInput
from livewatch.model import Ask
from livewatch.recording.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


ABOUT = {"kind": "demo", "camera": "demo", "scene": "mixed", "seed": 0, "speed": None}
FEW = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
FEWER = settings(FEW, max_examples=8)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session with an encounter, that failed: it can be verified, resumed, reported."""
    folder = tmp_path_factory.mktemp("hostile") / "s"
    plan = experiment()
    small = plan.microscope.model_copy(update={"buffer_mb": 8})  # for each that is resumed
    plan = plan.model_copy(update={"microscope": small})
    header = {"about": ABOUT, "experiment": plan, "instrument": INSTRUMENT, "begun_s": 0.0}
    recorder = Recorder.create(folder, header)
    life = Life(missed={2}, requests={3: asked(Ask.LOOK, 50.0)}, late={8}, ends_at=30)
    recorder.close(end_of(recorder, live(recorder, life, plan)))
    return folder


@pytest.fixture
def alone(whole: Path) -> Iterator[None]:
    """Nothing may appear beside the session folder."""
    before = set(whole.parent.iterdir())
    yield
    assert set(whole.parent.iterdir()) == before


def is_clear(code: int, capsys: pytest.CaptureFixture[str]) -> None:
    """A command answered with an exit code of its own, and at most one line of complaint."""
    complaints = capsys.readouterr().err.splitlines()
    assert code in (0, 1, 2)
    assert not any("Traceback" in line for line in complaints)
    if code == 2:
        told = [line for line in complaints if line.startswith("livewatch: ")]
        assert told[-1:] == complaints[-1:], complaints


def resumed(folder: Path) -> str:
    """Put a session together to go on with, and let go of it; why that is refused, or ''."""
    try:
        session = assembly.resume(folder, lambda what: None)
    except BadInput as refusal:
        return str(refusal)
    session._microscope.leave()
    session._recorder.close(None)
    return ""


def spoilt(data: st.DataObject, folder: Path) -> object:
    """One file of the session, spoilt in one of two ways."""
    if data.draw(st.booleans()):
        ledgers = sorted(path for path in folder.glob("*.json*"))
        return value_made_up(data, data.draw(st.sampled_from(ledgers)))
    files = sorted(
        path for path in folder.rglob("*") if path.is_file() and path.parent.name != "tables"
    )
    return bytes_flipped(data, data.draw(st.sampled_from(files)))


@pytest.mark.usefixtures("alone")
@FEW
@given(st.data())
@pytest.mark.parametrize("command", ["verify", "export"])
def test_a_spoilt_session_is_verified_and_exported_or_refused_in_one_line(
    whole: Path, capsys: pytest.CaptureFixture[str], command: str, data: st.DataObject
) -> None:
    with spoilt(data, whole):  # type: ignore[attr-defined]
        is_clear(main([command, str(whole)]), capsys)


@pytest.mark.usefixtures("alone")
@FEWER
@given(st.data())
def test_a_spoilt_session_is_reported_or_refused_in_one_line(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], data: st.DataObject
) -> None:
    with spoilt(data, whole):  # type: ignore[attr-defined]
        is_clear(main(["report", str(whole), "--out", str(tmp_path / "report")]), capsys)


@FEWER
@given(st.data())
def test_a_spoilt_session_is_replayed_or_refused_in_one_line(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], data: st.DataObject
) -> None:
    out = tmp_path / str(len(list(tmp_path.iterdir())))
    with spoilt(data, whole):  # type: ignore[attr-defined]
        is_clear(main(["replay", str(whole), "--headless", "--out", str(out)]), capsys)


@FEWER
@given(st.data())
def test_a_spoilt_session_is_put_together_again_for_resuming_or_refused_in_one_line(
    whole: Path, tmp_path: Path, data: st.DataObject
) -> None:
    folder = tmp_path / str(len(list(tmp_path.iterdir()))) / "s"
    shutil.copytree(whole, folder)
    with spoilt(data, folder):  # type: ignore[attr-defined]
        assert "\n" not in resumed(folder)
    assert {path.name for path in folder.parent.iterdir()} == {"s"}


@pytest.fixture(scope="module")
def movie(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("movie") / "movie.ome.tif"
    movie = np.full((3, 2, 48, 64), 100, np.uint16)
    movie[:, :, 10:25, 10:25] = 900
    tifffile.imwrite(
        path,
        movie,
        metadata={
            "axes": "TCYX",
            "Channel": {"Name": ["nk", "tumor"]},
            "PhysicalSizeX": 0.65,
            "PhysicalSizeXUnit": "µm",
            "PhysicalSizeY": 0.65,
            "PhysicalSizeYUnit": "µm",
            "TimeIncrement": 60.0,
            "TimeIncrementUnit": "s",
        },
    )
    return path


@pytest.mark.filterwarnings("ignore")
@FEW
@given(st.data())
def test_a_spoilt_tiff_is_replayed_or_refused_in_one_line(
    movie: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], data: st.DataObject
) -> None:
    out = tmp_path / str(len(list(tmp_path.iterdir())))
    with bytes_flipped(data, movie):
        is_clear(main(["replay", str(movie), "--headless", "--out", str(out)]), capsys)


@FEW
@given(st.data())
def test_a_spoilt_experiment_is_checked_or_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], data: st.DataObject
) -> None:
    path = tmp_path / "experiment.toml"
    if not path.exists():
        assert main(["init", str(path)]) == 0
    with bytes_flipped(data, path):
        is_clear(main(["check", str(path)]), capsys)
