"""Alarms of a whole session on the real core: noticed, shown, recorded, passed on, and over."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from foreign_plugin import CODE, installed

from livewatch import assembly
from livewatch.alarm import Alarm, Trouble
from livewatch.cli import main
from livewatch.end import End, Ending
from livewatch.recording.folder import SessionFolder
from livewatch.recording.verify import verify
from livewatch.settings import Experiment
from livewatch.specimen.synthetic import SyntheticSpecimen

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from livewatch.session import Session
    from livewatch.watchdog.throttle import Message


@dataclass
class Spy:
    """A hook that keeps what it is told."""

    told: list[str] = field(default_factory=list)
    name: str = "spy"

    def tell(self, message: Message, session: str) -> None:
        self.told.append(message.text)


@pytest.fixture
def spy(monkeypatch: pytest.MonkeyPatch) -> Spy:
    """A hook of every session that is put together."""
    one, plain = Spy(), assembly.assembled
    monkeypatch.setattr(assembly, "assembled", lambda *given: plain(*given, hooks=[one]))
    return one


def demo(
    folder: Path, monkeypatch: pytest.MonkeyPatch, seconds: float = 240.0, **sections: object
) -> Session:
    plain = assembly.lasting

    def lasting(experiment: Experiment, duration_s: float) -> Experiment:
        return Experiment.model_validate(plain(experiment, duration_s).model_dump() | sections)

    monkeypatch.setattr(assembly, "lasting", lasting)
    return assembly.demo(
        seconds=seconds,
        seed=0,
        scene="mixed",
        speed=None,
        out=folder,
        camera="specimen",
        announce=lambda what: None,
    )


def run(session: Session) -> Session:
    session.start()
    session.join(200)
    assert session.is_over
    return session


def awaited(session: Session, is_so: Callable[[Alarm], bool]) -> Alarm:
    """The first alarm that is so, once there is one."""
    for _ in range(1200):
        found = [alarm for alarm in session.status().alarms if is_so(alarm)]
        if found:
            return found[0]
        time.sleep(0.05)
    raise AssertionError(session.status().alarms)


def recorded(folder: Path, kind: str) -> list[dict[str, Any]]:
    text = (folder / "events.jsonl").read_text(encoding="utf-8")
    return [event["alarm"] for event in map(json.loads, text.splitlines()) if event["kind"] == kind]


def test_a_camera_that_hangs_is_noticed_while_it_hangs_and_all_clear_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spy: Spy
) -> None:
    plain, release, exposures = SyntheticSpecimen.expose, threading.Event(), list[int]()

    def hanging(self: SyntheticSpecimen, *given: Any) -> Any:
        exposures.append(1)
        if len(exposures) == 5:
            release.wait(100)
        return plain(self, *given)

    monkeypatch.setattr(SyntheticSpecimen, "expose", hanging)
    session = demo(tmp_path / "out", monkeypatch, alarm={"overdue_s": 0.5})
    session.start()
    alarm = awaited(session, lambda one: one.trouble is Trouble.FRAMES)
    assert "the microscope gives no answer" in alarm.text
    assert not session.is_over
    release.set()
    session.join(200)
    assert session.end is not None
    assert session.end.status is Ending.COMPLETED
    assert recorded(tmp_path / "out", "alarm")[0]["text"] == alarm.text
    assert recorded(tmp_path / "out", "all clear")[0]["number"] == alarm.number
    assert [text.startswith("all clear") for text in spy.told[:2]] == [False, True]
    assert verify(tmp_path / "out").is_sound


def test_dark_images_are_alarming_until_there_is_light_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spy: Spy
) -> None:
    plain = SyntheticSpecimen.expose

    def dark(
        self: SyntheticSpecimen,
        view: Any,
        channel: str,
        exposure_ms: float,
        power: float,
        at: float,
    ) -> Any:
        picture = plain(self, view, channel, exposure_ms, power, at)
        if not 50 < at < 130:
            return picture
        pixels = getattr(picture, "pixels", picture)
        black = np.full_like(pixels, 100)
        return replace(picture, pixels=black) if pixels is not picture else black

    monkeypatch.setattr(SyntheticSpecimen, "expose", dark)
    session = run(demo(tmp_path / "out", monkeypatch))
    (alarm,) = [one for one in session.status().alarms if one.trouble is Trouble.IMAGE]
    assert "no picture" in alarm.text
    assert alarm.is_over
    assert any("no picture" in text for text in spy.told)


def test_a_session_that_fails_tells_so_before_it_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spy: Spy
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("a fault made for this test")

    session = demo(tmp_path / "out", monkeypatch)
    monkeypatch.setattr(session._mind, "decide", broken)
    run(session)
    assert any("the session ended: RuntimeError: a fault made" in text for text in spy.told)
    assert recorded(tmp_path / "out", "alarm")[-1]["trouble"] == "end"


def test_a_session_analysed_in_its_own_process_is_verified_to_the_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = run(demo(tmp_path / "out", monkeypatch, analysis={"own_process": True}))
    assert session.end is not None
    assert session.end.status is Ending.COMPLETED
    assert session.tally.cells > 0
    verdict = verify(tmp_path / "out")
    assert verdict.is_sound, verdict.problems


def test_a_plug_in_that_aborts_costs_no_frame_and_is_given_up_and_the_session_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spy: Spy
) -> None:
    installed(tmp_path, monkeypatch)
    session = run(
        demo(
            tmp_path / "out",
            monkeypatch,
            seconds=120.0,
            analysis={"own_process": True, "chances": 2},
            cells={"tumor_segmenter": "abort"},
        )
    )
    assert session.end is not None
    assert session.end.status is Ending.COMPLETED
    assert session.tally.missed == 0
    assert session.tally.observed == session.tally.frames - session.skipped
    assert session.tally.cells > 0
    troubles = [alarm.trouble for alarm in session.status().alarms]
    assert troubles.count(Trouble.SEGMENTER) == 1
    assert Trouble.ANALYSIS in troubles
    assert any("was given up: 'classic' goes on" in text for text in spy.told)
    verdict = verify(tmp_path / "out")
    assert verdict.is_sound, verdict.problems


def test_a_plug_in_that_has_come_to_abort_costs_neither_verification_nor_resumption(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    plug_in = installed(tmp_path, monkeypatch)
    sections = {"analysis": {"own_process": True}, "cells": {"tumor_segmenter": plug_in}}
    run(demo(tmp_path / "out", monkeypatch, seconds=60.0, **sections))
    (tmp_path / "foreign_code.py").write_text(f"{CODE}\nsegment = abort\n")
    capsys.readouterr()
    assert main(["verify", str(tmp_path / "out")]) == 1
    (wrong,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("wrong"))
    assert "analysis of frame 0 fails now: its process crashed" in wrong
    (tmp_path / "out" / "checkpoint.json").unlink(missing_ok=True)
    (tmp_path / "out" / "end.json").unlink()
    session = assembly.resume(tmp_path / "out", print)
    assert session._before is not None
    assert session._before.memory.frames == len(SessionFolder.open(tmp_path / "out"))
    session._close(End(Ending.STOPPED, "seen enough"))
