"""Whole demo sessions on the real core with an objective that is turned in for contacts."""

from __future__ import annotations

from math import hypot
from typing import TYPE_CHECKING, Any

import pytest

from livewatch import assembly
from livewatch.end import Ending
from livewatch.microscope.load import demo_configuration
from livewatch.model import Frame, Step
from livewatch.recording.verify import verify

if TYPE_CHECKING:
    from pathlib import Path

    from livewatch.session import Session

SEED, SECONDS = 3, 150.0
"""An NK cell of this specimen touches a tumor cell after some 110 s."""


def lived(folder: Path, **offsets: float) -> tuple[Session, list[Step]]:
    """A session with the 40x lens's offsets as given, in um, and its steps."""
    text = demo_configuration().with_name("zoom.toml").read_text(encoding="utf-8")
    text = text.replace('config = "demo.cfg"', f'config = "{demo_configuration().as_posix()}"')
    for axis, value in offsets.items():
        head, _, rest = text.partition(f"offset_{axis}_um = ")
        text = f"{head}offset_{axis}_um = {value}\n{rest.partition(chr(10))[2]}"
    file = folder / "zoom.toml"
    file.write_text(text, encoding="utf-8")
    steps: list[Step] = []
    session = assembly.demo(
        seconds=SECONDS,
        seed=SEED,
        scene="mixed",
        speed=None,
        out=folder / "s",
        camera="specimen",
        experiment_file=file,
        announce=lambda line: None,
    )
    session.subscribe(steps.append)
    session.start()
    session.join(120)
    assert session.end is not None
    assert session.end.status is Ending.COMPLETED
    return session, steps


def test_a_session_that_goes_on_surveys_where_it_did_however_a_crash_left_the_microscope(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = demo_configuration().with_name("zoom.toml").read_text(encoding="utf-8")
    file = tmp_path / "zoom.toml"
    file.write_text(text.replace('objective = "20x"        # for', "# for"), encoding="utf-8")
    session = assembly.demo(
        seconds=90.0,
        seed=SEED,
        scene="quiet",
        speed=None,
        out=tmp_path / "s",
        camera="specimen",
        experiment_file=file,
        announce=lambda line: None,
    )
    session.subscribe(lambda step: session.stop("a test"))
    session.start()
    session.join(300)
    build = assembly.demo_core

    def crashed(*how: Any) -> Any:
        """As it stood while the turret turned: another objective, far away, the focus retracted."""
        core = build(*how)
        core.setStateLabel("Objective", "40x")
        core.setXYPosition(500.0, 0.0)
        core.setPosition(-150.0)
        core.waitForSystem()
        return core

    monkeypatch.setattr(assembly, "demo_core", crashed)
    again, steps = assembly.resume(tmp_path / "s", lambda line: None), list[Step]()
    again.subscribe(steps.append)
    again.start()
    again.join(300)
    assert again.is_over
    views = [step.reply.view for step in steps if isinstance(step.reply, Frame)]
    assert views
    assert {view.objective for view in views} == {"20x"}
    assert [(view.stage_x_um, view.z_um) for view in views] == [
        (pytest.approx(0.0, abs=0.1), pytest.approx(0.0, abs=0.1))
    ] * len(views)
    assert verify(tmp_path / "s").problems == ()


def at_40x(steps: list[Step]) -> list[Frame]:
    frames = [step.reply for step in steps if isinstance(step.reply, Frame)]
    return [frame for frame in frames if frame.view.objective == "40x"]


def reasons(steps: list[Step], words: str) -> list[str]:
    return [step.decision.reason for step in steps if words in step.decision.reason]


def test_the_target_is_in_the_middle_in_focus_and_itself_and_decisions_can_be_made_again(
    tmp_path: Path,
) -> None:
    session, steps = lived(tmp_path)
    closer = at_40x(steps)
    assert len(closer) >= 8
    said = reasons(steps, "Aim checked through 40x")
    assert len(said) == 1
    assert "in focus" in said[0]
    turned = next(n for n, step in enumerate(steps) if step.reply is closer[0])
    before, after = steps[turned - 1].observation, steps[turned].observation
    assert before is not None
    assert after is not None
    target = min(before.contacts, key=lambda one: one.gap_um)
    found = next(one for one in after.contacts if one.pair == target.pair)  # the same identities
    view = closer[0].view
    middle_um = (found.nk_x_um + found.tumor_x_um) / 2, (found.nk_y_um + found.tumor_y_um) / 2
    assert hypot(middle_um[0] - view.x_um, middle_um[1] - view.y_um) < 2.0
    takes = {(f.view.objective, f.view.pixel_um, f.planes[0].shape) for f in closer}
    assert len(takes) == 1  # one take: one shape, one pixel size
    verdict = verify(session.folder)
    assert verdict.problems == ()
    assert verdict.decisions == len(steps)


def test_an_offset_that_is_wrong_by_12_um_is_corrected_once(tmp_path: Path) -> None:
    session, steps = lived(tmp_path, x=6.7 + 9.0, y=-4.3 - 8.0)
    missed = reasons(steps, "The aim missed through 40x")
    assert len(missed) == 1
    assert "corrected by that" in missed[0]
    assert len(reasons(steps, "corrected once")) == 1
    trim = at_40x(steps)[-1].view
    assert (trim.trim_x_um, trim.trim_y_um) == pytest.approx((-9.0, 8.0), abs=1.5)
    assert verify(session.folder).problems == ()


def test_a_focus_that_is_off_by_5_um_is_looked_for_and_found(tmp_path: Path) -> None:
    session, steps = lived(tmp_path, z=2.4 + 5.0)
    assert len(reasons(steps, "Focus corrected through 40x")) == 1
    assert at_40x(steps)[-1].view.trim_z_um == pytest.approx(-5.0, abs=1.5)
    assert verify(session.folder).problems == ()


@pytest.mark.parametrize(
    ("offsets", "why", "most_looks"),
    [
        ({"x": 300.0}, "of the", 2),
        ({"z": 2.4 + 25.0}, "through 40x", 5),
    ],
    ids=["it looks elsewhere", "it is out of focus"],
)
def test_a_hopeless_offset_is_backed_out_of_with_the_reason(
    tmp_path: Path, offsets: dict[str, float], why: str, most_looks: int
) -> None:
    _, steps = lived(tmp_path, **offsets)
    backed = reasons(steps, "Back from the closer look")
    assert len(backed) == 1
    assert why in backed[0]
    assert 1 <= len(at_40x(steps)) <= most_looks
    last = [step.reply for step in steps if isinstance(step.reply, Frame)][-1]
    assert last.view.objective == "20x"
    assert last.remark == ""
