"""The whole program, through its real command line, in a process of its own."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile
import zarr

from tests.scoring.demo import score

if TYPE_CHECKING:
    from pathlib import Path

LIVEWATCH = [sys.executable, "-m", "livewatch"]
WINDOWS = sys.platform == "win32"


def livewatch(*words: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*LIVEWATCH, *map(str, words)], capture_output=True, text=True, timeout=240, cwd=cwd
    )


def demo(out: Path, *words: object) -> subprocess.CompletedProcess[str]:
    return livewatch("demo", "--headless", "--speed", "max", "--out", out, *words)


def end_of(folder: Path) -> dict[str, object]:
    return json.loads((folder / "end.json").read_text(encoding="utf-8"))


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "tables" / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo of ten minutes."""
    folder = tmp_path_factory.mktemp("demo") / "session"
    done = demo(folder, "--seconds", 600, "--seed", 0)
    assert done.returncode == 0, done.stderr
    return folder


def test_a_demo_surveys_reacts_and_says_how_it_ended(session: Path) -> None:
    assert end_of(session)["status"] == "completed"
    purposes = [line["purpose"] for line in lines(session / "frames.jsonl")]
    assert purposes[0] == "survey"
    assert "encounter" in purposes
    regions = {str(line["view"]["region"]) for line in lines(session / "frames.jsonl")}
    assert len(regions) > 1, "it never zoomed"


def test_a_demo_leaves_tables_with_the_columns_of_the_design(session: Path) -> None:
    encounters = table(session, "encounters")
    assert encounters
    assert ",".join(encounters[0]).startswith(
        "encounter_id,position,nk_id,tumor_id,start_s,end_s,duration_s,x_um,y_um,outcome"
    )
    contacts = table(session, "contacts")
    assert ",".join(contacts[0]).startswith(
        "frame,time_s,position,nk_id,tumor_id,nk_x_um,nk_y_um,tumor_x_um,tumor_y_um,"
        "gap_um,contact_um,seal_fraction"
    )
    assert table(session, "cells")


def test_a_demo_finds_the_encounters_that_truly_happened(session: Path) -> None:
    found = score(session)
    assert found.shown >= 2, "too little happened for a test"
    assert found.recall >= 0.8, found.text()
    assert found.precision >= 0.8, found.text()


def test_every_frame_can_be_read_back_by_another_reader(session: Path) -> None:
    takes = {path.name: zarr.open_group(path, mode="r") for path in (session / "takes").iterdir()}
    for frame in lines(session / "frames.jsonl"):
        take = takes[f"{frame['take']}.ome.zarr"]
        image = take["0"][frame["index"]]
        assert image.shape == tuple(frame["shape"])
        assert len(image) == len(frame["planes"])
        assert image.min() > 0
    assert all("ome" in take.attrs for take in takes.values())


def test_a_session_is_verified_and_a_flipped_bit_is_found(session: Path, tmp_path: Path) -> None:
    done = livewatch("verify", session)
    assert done.returncode == 0, done.stdout + done.stderr
    damaged = tmp_path / "damaged"
    shutil.copytree(session, damaged)
    chunk = next(path for path in (damaged / "takes").rglob("c/*/*/*/*") if path.is_file())
    content = bytearray(chunk.read_bytes())
    content[len(content) // 2] ^= 1
    chunk.write_bytes(content)
    done = livewatch("verify", damaged)
    assert done.returncode == 1
    assert "wrong: " in done.stdout


def test_replaying_a_session_with_its_own_settings_takes_the_same_decisions(
    session: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    done = livewatch("replay", session, "--headless", "--out", again)
    assert done.returncode == 0, done.stderr

    def decisions(folder: Path) -> list[str]:
        events = lines(folder / "events.jsonl")
        return [event["decision"]["reason"] for event in events if event["kind"] == "decision"]

    first, second = decisions(session), decisions(again)
    same = min(len(first), len(second)) - 1  # the last says that time is up
    assert same > 50
    assert first[:same] == second[:same]


def test_a_two_channel_tiff_is_replayed_without_being_asked_what_it_is(tmp_path: Path) -> None:
    movie = np.full((5, 2, 64, 96), 100, np.uint16)
    movie[:, 0, 20:40, 20:40] = 900
    path = tmp_path / "movie.ome.tif"
    tifffile.imwrite(
        path,
        movie,
        metadata={
            "axes": "TCYX",
            "Channel": {"Name": ["nk", "tumor"]},
            "PhysicalSizeX": 0.5,
            "PhysicalSizeXUnit": "µm",
            "PhysicalSizeY": 0.5,
            "PhysicalSizeYUnit": "µm",
            "TimeIncrement": 60.0,
            "TimeIncrementUnit": "s",
        },
    )
    out = tmp_path / "out"
    done = livewatch("replay", path, "--headless", "--out", out)
    assert done.returncode == 0, done.stderr
    shown = [line["source"] for line in lines(out / "frames.jsonl")]
    assert sorted(set(shown)) == [0, 1, 2, 3, 4]


def test_the_demo_camera_runs_clean_and_says_that_it_sees_no_cells(tmp_path: Path) -> None:
    done = demo(tmp_path / "out", "--camera", "demo", "--seconds", 120)
    assert done.returncode == 0, done.stderr
    assert "no cells were seen" in done.stdout


def test_many_short_sessions_in_a_row_all_exit_with_0(tmp_path: Path) -> None:
    codes = [demo(tmp_path / str(run), "--seconds", 40).returncode for run in range(3)]
    assert codes == [0] * 3


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["replay", "{tmp}/none.tif"], "no such file"),
        (["run", "{tmp}/none.toml"], "cannot be read"),
        (["run", "{tmp}/typo.toml"], "interval_s"),
        (["run", "{tmp}/noconfig.toml"], "config"),
        (["run", "{tmp}/nodevice.toml"], "none.cfg"),
        (["demo", "--headless", "--out", "{tmp}"], "never overwritten"),
        (["demo", "--headless", "--scene", "nonsense", "--out", "{tmp}/o"], "mixed"),
        (["init", "{tmp}/typo.toml"], "not overwritten"),
        (["export", "{tmp}"], "session"),
    ],
)
def test_bad_input_gets_one_line_and_code_2(words: list[str], told: str, tmp_path: Path) -> None:
    (tmp_path / "typo.toml").write_text("[survey]\nintervall_s = 3\n")
    (tmp_path / "noconfig.toml").write_text("")
    (tmp_path / "nodevice.toml").write_text('[microscope]\nconfig = "none.cfg"\n')
    done = livewatch(*(word.format(tmp=tmp_path) for word in words), cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    *progress, complaint = done.stderr.splitlines()
    assert all(line.split()[1] in ("loading", "preparing") for line in progress), done.stderr
    assert told in complaint


def test_the_experiment_that_init_writes_is_complete_and_valid(tmp_path: Path) -> None:
    assert livewatch("init", cwd=tmp_path).returncode == 0
    done = livewatch("run", "experiment.toml", cwd=tmp_path)
    assert done.returncode == 2
    assert "config" in done.stderr


@pytest.mark.skipif(WINDOWS, reason="Windows cannot send Ctrl-C to one process of a console")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_request_to_stop_while_waiting_ends_the_session_cleanly(
    number: signal.Signals, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    words = ["demo", "--headless", "--speed", "1", "--out", str(out)]
    process = subprocess.Popen([*LIVEWATCH, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    frames = out / "frames.jsonl"
    deadline = time.monotonic() + 120
    while not (frames.exists() and frames.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1.0)  # now it waits for the next survey frame, 30 s away
    os.kill(process.pid, number)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert end_of(out)["status"] == "stopped"
    assert number.name in str(end_of(out)["reason"])
    assert (out / "tables" / "encounters.csv").exists()
