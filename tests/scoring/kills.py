"""Kill whole sessions, again and again: `python -m tests.scoring.kills [KILLS] [--each N]`.

The real command line runs the demo in a process of its own, many times as fast as life, and is
killed (-9) at random moments of survey, encounter and burst, and now and then while it starts.
Then the session is resumed, and killed again; after `--each` kills it is stopped and verified.
A witness in the process writes down which frames were acknowledged, and none of them may be lost.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from livewatch.errors import BadInput
from livewatch.recording.folder import SessionFolder
from livewatch.recording.verify import verify

WITNESS = """
import os, sys
from livewatch import assembly, cli
from livewatch.recording.recorder import Recorder
said = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
wait, lasting = Recorder.wait, assembly.lasting
def witnessed(self, index, timeout_s=None):
    wait(self, index, timeout_s)
    os.write(said, b"%d\\n" % index)
def with_bursts(experiment, seconds):
    reaction = experiment.reaction.model_copy(update={"burst": 25})
    return lasting(experiment.model_copy(update={"reaction": reaction}), seconds)
Recorder.wait, assembly.lasting = witnessed, with_bursts
sys.exit(cli.main(sys.argv[2:]))
"""
SPEED = 40
PATIENCE_S = 900
"""The first run in a place compiles the analysis, and the machine may be busy with other things."""


@dataclass
class Score:
    """What became of all kills."""

    kills: int = 0
    sessions: int = 0
    acknowledged: int = 0
    lost: int = 0
    faults: list[str] = field(default_factory=list)
    resumed_s: list[float] = field(default_factory=list)
    modes: Counter[str] = field(default_factory=Counter)

    def text(self) -> str:
        slowest_s = max(self.resumed_s, default=float("nan"))
        modes = ", ".join(f"{count} in {mode}" for mode, count in self.modes.most_common())
        lines = [
            f"{self.kills} kills ({modes}) of {self.sessions} sessions: {self.acknowledged} frames "
            f"acknowledged, {self.lost} lost; resumed {len(self.resumed_s)} times, the first new "
            f"frame after at most {slowest_s:.1f} s",
            *self.faults,
        ]
        return "\n".join(lines)


def start(folder: Path, seed: int, witness: Path) -> subprocess.Popen[bytes]:
    """Begin a session, or go on in it if it has begun."""
    if (folder / "session.json").exists():
        words = ["resume", str(folder), "--headless"]
    else:
        words = ["demo", "--headless", "--speed", str(SPEED), "--seed", str(seed)]
        words += ["--seconds", "1e5", "--out", str(folder)]
    with (folder.parent / "said.txt").open("ab") as said:
        return subprocess.Popen(
            [sys.executable, "-c", WITNESS, str(witness), *words], stdout=said, stderr=said
        )


def await_frame(folder: Path, child: subprocess.Popen[bytes], before: int) -> bool:
    """Wait until a frame is written that was not there before; whether it came."""
    ledger, deadline_s = folder / "frames.jsonl", time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s and child.poll() is None:
        if ledger.exists() and ledger.stat().st_size > before:
            return True
        time.sleep(0.01)
    return False


def size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def killed(folder: Path, seed: int, pace: random.Random, witness: Path, score: Score) -> bool:
    """Let the session run for a while, kill it, and look; whether it can go on."""
    is_resumed = (folder / "session.json").exists()
    before, begun_s = size_of(folder / "frames.jsonl"), time.monotonic()
    child = start(folder, seed, witness)
    if is_resumed and pace.random() < 0.15:
        time.sleep(pace.uniform(0.0, 3.0))
    elif await_frame(folder, child, before):
        if is_resumed:
            score.resumed_s.append(time.monotonic() - begun_s)
        time.sleep(pace.uniform(0.0, 1.5))
    if child.poll() is not None:
        said = (folder.parent / "said.txt").read_text(encoding="utf-8").splitlines()[-1:]
        score.faults.append(f"seed {seed}: ended by itself with {child.returncode}: {said}")
        return False
    child.kill()
    child.wait()
    score.kills += 1
    look(folder, seed, witness, score)
    return True


def look(folder: Path, seed: int, witness: Path, score: Score) -> None:
    """Whether all that was acknowledged since the last look is there, to the bit."""
    said = (
        [int(word) for word in witness.read_bytes().split(b"\n")[:-1]] if witness.exists() else []
    )
    witness.unlink(missing_ok=True)
    score.acknowledged += len(set(said))
    if not said and not (folder / "session.json").exists():
        return  # killed before the session had begun
    session = SessionFolder.open(folder)
    if len(session):
        score.modes[str(session.entry(len(session) - 1).purpose)] += 1
    for index in set(said):
        try:
            if index >= len(session):
                raise BadInput(f"frame {index} of {len(session)} is not there")
            session.read(index)
        except BadInput as damage:
            score.lost += 1
            score.faults.append(f"seed {seed}: {damage}")


def ended(folder: Path, seed: int, witness: Path, score: Score) -> None:
    """Go on a last time, stop politely, and verify the whole."""
    before = size_of(folder / "frames.jsonl")
    child = start(folder, seed, witness)
    came = await_frame(folder, child, before)
    os.kill(child.pid, signal.SIGTERM)
    code = child.wait(PATIENCE_S)
    if not came or code:
        score.faults.append(f"seed {seed}: not resumed at the end (exit {code})")
        return
    verdict = verify(folder)
    score.faults += [f"seed {seed}: {problem}" for problem in verdict.problems]
    score.sessions += 1


def run(place: Path, kills: int, each: int, first_seed: int = 0) -> Score:
    """Kill so many times, each session so often."""
    score = Score()
    for seed in range(first_seed, first_seed + -(-kills // each)):
        pace = random.Random(seed)
        folder, witness = place / str(seed) / "s", place / str(seed) / "witness"
        folder.parent.mkdir()
        todo = min(each, kills - score.kills)
        while todo and killed(folder, seed, pace, witness, score):
            todo -= 1
        if not todo:
            ended(folder, seed, witness, score)
        print(score.text(), flush=True)
    return score


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("kills", type=int, nargs="?", default=200)
    parser.add_argument("--each", type=int, default=10, help="kills of one session")
    parser.add_argument("--seed", type=int, default=0, help="the first session's seed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        score = run(Path(place), options.kills, options.each, options.seed)
    return 1 if score.faults else 0


if __name__ == "__main__":
    sys.exit(main())
