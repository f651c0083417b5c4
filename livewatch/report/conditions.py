"""How the encounters of a trial are imaged, and the experiment that watches them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite

from livewatch.report.staging import stage_of
from livewatch.settings import Channel, Experiment, OutcomeRules
from livewatch.specimen.rule import Rule
from livewatch.specimen.scene import SCENES, Scene
from livewatch.specimen.synthetic import CHANNELS


@dataclass(frozen=True, slots=True)
class Conditions:
    """How encounters are imaged.

    `light` is relative to the scene's; `bleed` is the fraction of NK light in the tumor channel,
    None as in the scene. The death dye is exposed no sooner than every `death_s`, inf: never.
    """

    scene: str = "mixed"
    pixel_um: float = 0.325
    objective: str = "20x"
    interval_s: float = 2.0
    light: float = 1.0
    bleed: float | None = None
    death_s: float = 60.0

    @property
    def sample(self) -> Scene:
        """The stage of the scene, with this light and bleed-through."""
        scene = SCENES[self.scene]
        look = scene.look._replace(dim=scene.look.dim * self.light)
        if self.bleed is not None:
            look = look._replace(nk_into_tumor=self.bleed)
        return stage_of(replace(scene, look=look))

    @property
    def channels(self) -> tuple[str, ...]:
        """What is exposed at all."""
        return CHANNELS if isfinite(self.death_s) else CHANNELS[:2]


def experiment(channels: tuple[str, ...] = CHANNELS) -> Experiment:
    """The default experiment with these channels."""
    return Experiment(channels={name: Channel() for name in channels})


def rule_of(rules: OutcomeRules) -> Rule:
    """The truth's rule for the same outcomes."""
    return Rule(viable_s=rules.viable_s, twisted_deg=rules.twisted_deg, slipped_um=rules.slipped_um)
