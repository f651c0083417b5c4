"""What segmentation remembers from frame to frame: bleed-through, and how images looked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from livewatch.model import Kind

if TYPE_CHECKING:
    from livewatch.analysis.segmentation.past import Past

SETTLED = 20
"""Frames over which a bleed-through coefficient is averaged."""
EVERY = 16
"""Once settled it is measured again in every so many frames."""


@dataclass(frozen=True, slots=True)
class Leak:
    """The share of the other channel's light that is seen `into` a channel, per equal light.

    `told` counts the frames it was measured in, `frames` all frames since the first.
    """

    into: Kind
    share: float = 0.0
    told: int = 0
    frames: int = 0

    @property
    def is_due(self) -> bool:
        """Whether to measure it in the next frame."""
        return self.told < SETTLED or self.frames % EVERY == 0

    def learnt(self, share: float | None) -> Leak:
        """The same after one more frame; None: it was not, or could not be, measured."""
        if share is None:
            return replace(self, frames=self.frames + 1)
        weight = 1 / min(self.told + 1, SETTLED)
        better = self.share + weight * (share - self.share)
        return Leak(self.into, better, min(self.told + 1, SETTLED), self.frames + 1)


@dataclass(frozen=True, slots=True)
class Memory:
    """Bleed-through into each channel, and the past that images are judged against."""

    into_nk: Leak = Leak(Kind.NK)
    into_tumor: Leak = Leak(Kind.TUMOR)
    pasts: tuple[Past, ...] = ()

    def into(self, kind: Kind) -> Leak:
        """What is known of bleed-through into the channel of one kind."""
        return self.into_nk if kind is Kind.NK else self.into_tumor
