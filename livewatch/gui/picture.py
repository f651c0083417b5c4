"""A picture of the window at its best moment of a demo, for the README.

`python -m livewatch.gui.picture demo_config/window.png 5` runs a demo without a screen, keeps the
moment of the closest look at one well sealed pair, and draws the window as it was then.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from livewatch.assembly import demo
from livewatch.gui.app import application
from livewatch.gui.available import choose_binding
from livewatch.gui.mailbox import Mailbox, News

if TYPE_CHECKING:
    from collections.abc import Callable

    from livewatch.model import Request, Step
    from livewatch.session import Session
    from livewatch.tally import Status

SECONDS = 900.0
SEALED = 0.3
"""A seal of this size makes the best picture."""
SMALLEST = 0
SIZE_PX = (1180, 724)


class Album:
    """Sees every step, and keeps the news of the one that makes the best picture."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._mailbox = Mailbox()
        self._best = -1.0
        self.news = News()
        self.status: Status = session.status()

    def see(self, step: Step) -> None:
        """Take in one step."""
        self._mailbox.put(step)
        news = self._mailbox.take()
        if news is not None and (score := score_of(news)) > self._best:
            self._best, self.news, self.status = score, news, self._session.status()


def score_of(news: News) -> float:
    """How much there is to see: one pair closely, well sealed, and encounters that are over."""
    tally = news.tally
    if tally.frame is None or tally.observation is None or tally.decision is None:
        return -1.0
    target = tally.encounters.get(-1 if (one := tally.decision.target) is None else one)
    seals = {each.pair: each.seal_fraction for each in tally.observation.contacts}
    seal = seals.get(target.pair, 0.0) if target and target.is_open else 0.0
    close = news.atlas.map_around(tally.frame.view) is not None
    alone = len(seals) == 1 and max(tally.frame.view.shape) < 1.2 * min(tally.frame.view.shape)
    over = len(tally.encounters) - len(tally.open_encounters)
    return 2.0 * close + 2.0 * alone + 3.0 * min(seal, 2 * SEALED - seal) + 0.2 * min(over, 5)


@dataclass
class Still:
    """Stands in for the session while its picture is taken: it goes on, and never changes."""

    frozen: Status
    is_over: bool = False

    def subscribe(self, callback: Callable[[Step], None]) -> None:
        """Nothing will be published."""

    def start(self) -> None:
        """Nothing will happen."""

    def ask(self, request: Request) -> None:
        """Whatever is asked for, the sitting is over."""
        self.is_over = True

    def acknowledge(self, alarm: int) -> None:
        """Nobody writes it down."""

    def join(self, timeout: float | None = None) -> None:
        """Nobody has to be waited for."""

    def status(self) -> Status:
        """The status at the moment that was kept."""
        return self.frozen


def best_moment(seed: int) -> Album:
    """Run a demo to its end, in a folder that is thrown away."""
    with tempfile.TemporaryDirectory() as place:
        session = demo(
            seconds=SECONDS,
            seed=seed,
            scene="mixed",
            speed=None,
            out=Path(place) / "demo",
            camera="specimen",
            announce=lambda what: None,
        )
        album = Album(session)
        session.subscribe(album.see)
        session.start()
        session.join()
    return album


def main(path: Path, seed: int = 0) -> None:
    """Run a demo and save its picture."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    choose_binding()
    from qtpy.QtGui import QImage

    from livewatch.gui.window import Window

    app = application()
    album = best_moment(seed)
    window = Window(Still(album.status))
    window.resize(*SIZE_PX)
    window.show()
    window.draw(album.news)
    window.write()
    app.processEvents()
    image = window.grab().toImage().convertToFormat(QImage.Format.Format_RGB16)
    image.save(str(path), quality=SMALLEST)
    window.close()
    window.deleteLater()
    app.processEvents()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *(int(word) for word in sys.argv[2:]))
