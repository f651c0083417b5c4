from __future__ import annotations

import json
import shutil
from dataclasses import replace
from shutil import copytree
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lived import INSTRUMENT, Life, asked, begun, end_of, experiment, live, taken
from spoiling import value_made_up

from livewatch.analysis.analyst import Analyst
from livewatch.cli import main
from livewatch.errors import BadInput
from livewatch.model import Ask
from livewatch.policy.policy import Policy
from livewatch.recording.checkpoint import checkpoint_of
from livewatch.recording.folder import SessionFolder
from livewatch.recording.layout import CHECKPOINT, take_path
from livewatch.recording.recorder import Recorder
from livewatch.recording.rederive import decided_again
from livewatch.recording.resume import remembered
from livewatch.recording.retold import Turn, experiment_of, instrument_of, turns
from livewatch.recording.tables import export
from livewatch.recording.verify import verify
from tests.policy_world import Kept

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EVENTFUL = Life(
    blind={3, 14, 15},
    late={20, 21},
    missed={7, 25, 26},
    requests={9: asked(Ask.LOOK, 150.0), 12: asked(Ask.HOLD, 160.0), 13: asked(Ask.GO_ON, 165.0)},
)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lived") / "s"
    plan = experiment()
    recorder = begun(folder, plan)
    last = live(recorder, EVENTFUL, plan)
    recorder.close(end_of(recorder, last))
    return folder


@pytest.fixture
def session(lived: Path, tmp_path: Path) -> Path:
    return shutil.copytree(lived, tmp_path / "s")


def rewrite(ledger: Path, change: Callable[[dict[str, object]], dict[str, object]]) -> None:
    lines = [json.loads(line) for line in ledger.read_text().splitlines()]
    ledger.write_text("".join(json.dumps(each) + "\n" for each in map(change, lines)))


def test_the_session_tried_here_has_an_encounter_a_zoom_and_all_that_can_come_between(
    lived: Path,
) -> None:
    session = SessionFolder.open(lived)
    kinds = {event["kind"] for event in session.events()}
    assert {"encounter opened", "encounter closed", "missed", "request"} <= kinds
    assert len({entry.take for entry in session.entries()}) >= 2
    afters = {next(iter(e["after"])) for e in session.events() if e["kind"] == "decision"}
    assert afters == {"frame", "observation", "event"}
    analysed = {line["frame"] for line in session.observations()}
    assert len(analysed) < len(session)


def test_every_decision_is_made_again(lived: Path) -> None:
    verdict = verify(lived)
    assert verdict.problems == ()
    assert verdict.decisions > 30
    assert verdict.is_sound


def test_a_session_cut_off_at_any_line_is_still_sound(session: Path) -> None:
    (session / "end.json").unlink()
    events = session / "events.jsonl"
    whole = events.read_bytes()
    for cut in (len(whole) // 3, len(whole) // 2):
        events.write_bytes(whole[:cut])
        frames = sum(
            1 for turn in turns(SessionFolder.open(session)) if isinstance(turn, Turn)
            and hasattr(turn.came, "frame")
        )  # fmt: skip
        ledger = session / "frames.jsonl"
        lines = ledger.read_bytes().splitlines(keepends=True)
        ledger.write_bytes(b"".join(lines[: frames + 1]))
        seen = session / "observations.jsonl"
        all_seen = seen.read_bytes().splitlines(keepends=True)
        seen.write_bytes(b"".join(x for x in all_seen if json.loads(x)["frame"] <= frames))
        verdict = verify(session)
        assert verdict.problems == ()
        assert "crashed" in verdict.notes[0]
        events.write_bytes(whole)
        ledger.write_bytes(b"".join(lines))
        seen.write_bytes(b"".join(all_seen))


def test_another_decision_is_shown_with_both_reasons(session: Path) -> None:
    def change(event: dict[str, object]) -> dict[str, object]:
        if event["kind"] == "decision" and event["decision"]["id"] == 5:  # type: ignore[index]
            event["decision"]["reason"] = "a whim"  # type: ignore[index]
        return event

    rewrite(session / "events.jsonl", change)
    (problem,) = verify(session).problems
    assert problem.startswith("decision 5 (after frame 4) is made differently now, in reason")
    assert "“a whim”" in problem
    assert problem.count("“") == 2


@pytest.mark.parametrize("after", ["frame", "observation", "missed", "request"])
def test_the_command_exits_with_1_and_shows_both_reasons_whatever_was_decided_on(
    session: Path, after: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """After a frame, a late observation, a miss and a request of the operator."""
    kinds = {event["event"]: event["kind"] for event in SessionFolder.open(session).events()}
    changed = list[int]()

    def change(event: dict[str, Any]) -> dict[str, Any]:
        if event["kind"] == "decision" and not changed:
            came = next(iter(event["after"]))
            came = kinds[event["after"]["event"]] if came == "event" else came
            if came == after:
                event["decision"]["reason"] = "a whim"
                changed.append(event["decision"]["id"])
        return event

    rewrite(session / "events.jsonl", change)
    assert main(["verify", str(session)]) == 1
    told = capsys.readouterr().out
    assert f"wrong: decision {changed[0]} " in told
    assert "then “a whim”" in told
    assert "; now “" in told


def test_other_settings_decide_differently(session: Path) -> None:
    header = json.loads((session / "session.json").read_text())
    header["experiment"]["reaction"]["interval_s"] = 3
    (session / "session.json").write_text(json.dumps(header))
    (problem,) = verify(session).problems
    assert "is made differently now" in problem


def test_changed_pixels_are_found(session: Path) -> None:
    chunk = session / "takes/0001.ome.zarr/0/c/2/1/0/0"
    content = bytearray(chunk.read_bytes())
    content[-1] ^= 255
    chunk.write_bytes(content)
    assert any("frame 2" in problem for problem in verify(session).problems)


def test_a_lost_line_is_found(session: Path) -> None:
    ledger = session / "frames.jsonl"
    lines = ledger.read_text().splitlines(keepends=True)
    ledger.write_text("".join(lines[:4] + lines[5:]))
    with pytest.raises(BadInput, match="frame 5 where 4 belongs"):
        verify(session)


def test_a_slot_nobody_answered_for_is_found(session: Path) -> None:
    def change(event: dict[str, object]) -> dict[str, object]:
        gone = event["kind"] == "decision" and event["after"] == {"frame": 6}
        return {"event": event["event"], "kind": "pause"} if gone else event

    rewrite(session / "events.jsonl", change)
    problems = verify(session).problems
    assert any("frame 7 came where frame 6 was due" in problem for problem in problems)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"frames": 7}, "7 frames, but"),
        ({"missed": 0}, "0 missed, but 3"),
        ({"light_ms": {"recording": 1.0}}, "light"),
    ],
    ids=str,
)
def test_an_end_that_is_not_true_is_found(
    session: Path, change: dict[str, object], why: str
) -> None:
    end = json.loads((session / "end.json").read_text())
    (session / "end.json").write_text(json.dumps(end | change))
    (problem,) = verify(session).problems
    assert why in problem


@pytest.mark.parametrize("ends_at", [5, 17, 24, 33])
def test_a_resumed_session_remembers_everything_and_is_sound(tmp_path: Path, ends_at: int) -> None:
    plan = experiment()
    recorder = begun(tmp_path / "s", plan)
    live(recorder, replace(EVENTFUL, ends_at=ends_at), plan)
    recorder.close(None)
    with (tmp_path / "s" / "events.jsonl").open("ab") as torn:
        torn.write(b'{"event": 9')
    session = SessionFolder.open(tmp_path / "s")
    policy = Policy(experiment_of(session), instrument_of(session))
    memory = remembered(tmp_path / "s", policy, Analyst(plan))
    assert memory.decisions == ends_at
    now_s = memory.last_s + 30.0
    again = Recorder.resume(tmp_path / "s", {"time_s": now_s, "why": "a test"})
    last = live(
        again,
        EVENTFUL,
        plan,
        analysis=memory.analysis,
        mind=policy.resume(memory.policy, now_s),
        decisions=memory.decisions,
        frames=memory.frames,
        now_s=now_s,
    )
    again.close(end_of(again, last))
    verdict = verify(tmp_path / "s")
    assert verdict.problems == ()
    assert verdict.decisions > ends_at
    export(tmp_path / "s")


def test_what_is_remembered_quickly_is_what_deciding_everything_again_leads_to(lived: Path) -> None:
    session, plan = SessionFolder.open(lived), experiment()
    kept = Kept(Policy(plan, INSTRUMENT))
    made = [decision for _, decision in decided_again(session, kept, Analyst(plan))]  # type: ignore[arg-type]
    memory = remembered(lived, kept.policy, Analyst(plan))
    assert memory.policy == kept.states[-1]
    assert memory.decisions == made[-1].id == len(made)
    times_s = [turn.came.time_s for turn in turns(session) if turn.came is not None]  # type: ignore[union-attr]
    end_s = session.entry(len(session) - 1).exposures[-1].end_s
    assert memory.last_s == max(end_s, *times_s)


def test_a_frame_that_nobody_decided_on_before_a_crash_has_had_its_light(tmp_path: Path) -> None:
    plan = experiment()
    recorder = begun(tmp_path / "s", plan)
    last = live(recorder, replace(EVENTFUL, ends_at=6), plan)
    assert last.shot is not None
    recorder.settle()
    policy = Policy(plan, INSTRUMENT)
    before = remembered(tmp_path / "s", policy, Analyst(plan))
    recorder.put(taken(last.shot, 6, last.shot.not_before_s))
    recorder.close(None)
    after = remembered(tmp_path / "s", policy, Analyst(plan))
    (nk, _), (nk_after, _) = before.policy.spent, after.policy.spent
    assert nk_after.dose == nk.dose + last.shot.planes[0].dose
    assert after.policy.visits[0].slot == before.policy.visits[0].slot + 1
    again = Recorder.resume(tmp_path / "s", {"time_s": after.last_s + 9.0})
    mind = policy.resume(after.policy, after.last_s + 9.0)
    last = live(
        again, EVENTFUL, plan, analysis=after.analysis, mind=mind, decisions=after.decisions,
        frames=after.frames, now_s=after.last_s + 9.0,
    )  # fmt: skip
    again.close(end_of(again, last))
    assert verify(tmp_path / "s").problems == ()


def test_a_frame_whose_pixels_are_damaged_is_left_out_when_a_session_goes_on(
    tmp_path: Path,
) -> None:
    plan = experiment()
    recorder = begun(tmp_path / "s", plan)
    live(recorder, replace(EVENTFUL, ends_at=24), plan)
    recorder.close(None)
    policy = Policy(plan, INSTRUMENT)
    before = remembered(tmp_path / "s", policy, Analyst(plan))
    session = SessionFolder.open(tmp_path / "s")
    (tmp_path / "s" / CHECKPOINT).unlink(missing_ok=True)
    entry = session.entry(7)
    plane = tmp_path / "s" / take_path(entry.take) / "0" / "c" / str(entry.index) / "0" / "0" / "0"
    plane.write_bytes(plane.read_bytes()[:-9])
    after = remembered(tmp_path / "s", policy, Analyst(plan))
    assert (after.policy, after.frames) == (before.policy, before.frames)
    (damage,) = after.damages
    assert "frame 7, channel nk: cut short" in damage
    again = Recorder.resume(tmp_path / "s", {"time_s": after.last_s + 9.0})
    last = live(
        again, EVENTFUL, plan, analysis=after.analysis,
        mind=policy.resume(after.policy, after.last_s + 9.0), decisions=after.decisions,
        frames=after.frames, now_s=after.last_s + 9.0,
    )  # fmt: skip
    again.close(end_of(again, last))
    assert "frame 7, channel nk: cut short" in verify(tmp_path / "s").problems[0]


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("short") / "s"
    plan = experiment()
    recorder = begun(folder, plan)
    last = live(recorder, Life(missed={2}, requests={3: asked(Ask.LOOK, 50.0)}, ends_at=6), plan)
    recorder.close(end_of(recorder, last))
    return folder


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_made_up_values_are_refused_or_found_in_one_line(short: Path, data: st.DataObject) -> None:
    path = short / data.draw(st.sampled_from(sorted(path.name for path in short.glob("*.json*"))))
    with value_made_up(data, path):
        try:
            found = verify(short).problems
        except BadInput as refusal:
            found = (str(refusal),)
    assert not any("\n" in problem for problem in found)


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[bytes]]:
    """A session that crashed, and every checkpoint that it could have left behind."""
    folder, plan, made = tmp_path_factory.mktemp("checkpoints") / "s", experiment(), []
    recorder = begun(folder, plan)
    recorder._scribe.checkpoint = made.append  # type: ignore[method-assign]
    step = recorder.step

    def written(*told: Any) -> None:
        step(*told)
        recorder.settle()  # else the next checkpoint may come before this one is made

    recorder.step = written  # type: ignore[method-assign]
    live(recorder, replace(EVENTFUL, ends_at=40), plan)
    recorder.close(None)
    return folder, made


def memory_of(folder: Path) -> str:
    plan = experiment()
    return repr(remembered(folder, Policy(plan, INSTRUMENT), Analyst(plan)))


def test_memory_is_the_same_from_any_checkpoint_and_without(
    checkpoints: tuple[Path, list[bytes]],
) -> None:
    folder, made = checkpoints
    place = folder / "checkpoint.json"
    place.unlink(missing_ok=True)
    from_the_beginning = memory_of(folder)
    assert len(made) > 20
    for content in made[::3]:
        place.write_bytes(content)
        assert memory_of(folder) == from_the_beginning
    place.write_text("{")
    assert memory_of(folder) == from_the_beginning


def test_what_came_before_a_checkpoint_is_not_read(
    checkpoints: tuple[Path, list[bytes]], tmp_path: Path
) -> None:
    folder, made = checkpoints
    (folder / "checkpoint.json").write_bytes(made[-1])
    before = memory_of(folder)
    old = copytree(folder, tmp_path / "s")
    for name in ("events.jsonl", "observations.jsonl"):
        content = (old / name).read_bytes()
        (old / name).write_bytes(content.replace(b'"time_s":', b'"emit_s":', 5))
    assert memory_of(old) == before
    (old / "checkpoint.json").unlink()
    with pytest.raises(BadInput, match=r"observations.jsonl, line 1: damaged, time_s"):
        memory_of(old)


def test_a_checkpoint_with_a_single_wrong_byte_is_not_used(
    checkpoints: tuple[Path, list[bytes]], tmp_path: Path
) -> None:
    folder, made = checkpoints
    old = copytree(folder, tmp_path / "s")
    for at in range(0, len(made[-1]), len(made[-1]) // 40):
        spoilt = bytearray(made[-1])
        spoilt[at] ^= 1
        (old / "checkpoint.json").write_bytes(spoilt)
        assert checkpoint_of(SessionFolder.open(old)) is None


def test_a_checkpoint_that_knows_more_than_the_ledgers_is_not_used(
    checkpoints: tuple[Path, list[bytes]], tmp_path: Path
) -> None:
    folder, made = checkpoints
    old = copytree(folder, tmp_path / "s")
    (old / "checkpoint.json").write_bytes(made[-1])
    assert checkpoint_of(SessionFolder.open(old)) is not None
    mark = json.loads(made[-1].splitlines()[0])["policy"]["mark"]
    for name, at in (("observations.jsonl", "observation_at"), ("events.jsonl", "event_at")):
        content = (old / name).read_bytes()
        (old / name).write_bytes(content[: mark[at] - 1])
        assert checkpoint_of(SessionFolder.open(old)) is None
        (old / name).write_bytes(content)
