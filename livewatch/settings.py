"""One experiment: what the user decides, as frozen values with units in their names.

Each field's description is the comment `livewatch init` writes beside it. Impossible values
are refused at construction; reading the file, and naming the place of an error in it, is
`experiment.py`'s work.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

# strict: neither "30" nor true is a number of seconds
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False, strict=True)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False, strict=True)]
Fraction = Annotated[float, Field(ge=0, le=1, strict=True)]


class Section(BaseModel):
    """A table of the experiment file: frozen, and without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Imaging(StrEnum):
    """How the two populations reach the camera."""

    SEQUENTIAL = "sequential"
    SPLIT_LEFT_RIGHT = "split-left-right"
    SPLIT_TOP_BOTTOM = "split-top-bottom"
    TWO_CAMERAS = "two-cameras"


class Microscope(Section):
    """Which hardware, and how its images lie on the stage."""

    config: str = Field(
        "", description="Micro-Manager hardware configuration (.cfg), relative to this file"
    )
    imaging: Imaging = Field(
        Imaging.SEQUENTIAL,
        description="'sequential' presets, one image 'split-left-right' or 'split-top-bottom' "
        "(nk first), or 'two-cameras' (nk on the first)",
    )
    objective: str = Field("", description="objective for the survey; '' keeps the one in place")
    binning: Annotated[int, Field(ge=1, le=16)] = Field(1, description="camera binning")
    mirror_x: bool = Field(False, description="stage x grows towards the image's left")
    mirror_y: bool = Field(False, description="stage y grows towards the image's top")
    swap_xy: bool = Field(False, description="stage x runs along image rows (camera turned by 90)")
    pixel_um: Positive | None = Field(
        None, description="unbinned um per pixel of the objective in place, if not calibrated"
    )
    settle_ms: NotNegative = Field(0.0, description="rest after the stage has arrived")
    xy_tolerance_um: Positive = Field(
        2.0, description="a stage further than this from where it was sent has not arrived"
    )
    z_tolerance_um: Positive = Field(1.0, description="the same for focus")
    hold_focus: bool = Field(
        False, description="keep the microscope's focus lock (PFS, Definite Focus, ...) locked"
    )
    buffer_mb: Annotated[int, Field(ge=1)] = Field(
        512, description="memory for images of a burst that are not read yet"
    )
    timeout_s: Positive = Field(
        10.0, description="a device busy for longer than this has failed; exposure is added"
    )

    @model_validator(mode="after")
    def _names_a_file(self) -> Self:
        if "\0" in self.config:
            raise ValueError(f"config = {self.config!r}: no file can have that name")
        return self


class Objective(Section):
    """Where an objective looks, relative to the others; `livewatch` corrects for it."""

    offset_x_um: float = Field(
        0.0, description="stage x at its optical axis, minus what the stage says"
    )
    offset_y_um: float = Field(0.0, description="the same for y")
    offset_z_um: float = Field(0.0, description="the same for its focus")


class Channel(Section):
    """One colour: the preset that shows it, and how long to expose it."""

    group: str = Field("Channel", description="Micro-Manager configuration group")
    preset: str = Field("", description="preset in that group; '' changes nothing")
    exposure_ms: Positive = Field(50.0, description="exposure for every shot of this channel")
    power: Positive = Field(1.0, description="light power relative to this experiment's full power")
    power_property: str = Field(
        "",
        description="'Device.Property' that sets the light power; '' = livewatch does not set it",
    )
    full_power: Positive = Field(100.0, description="value of that property at power 1")
    every_frames: Annotated[int, Field(ge=1)] = Field(
        1,
        description="exposed in one of so many frames of a position: for a death dye, which needs "
        "no movie; nk and tumor are in every frame",
    )
    every_s: NotNegative = Field(
        0.0, description="and no sooner than this after it was last exposed there"
    )


class Position(Section):
    """A place to survey, in stage um. z_um unset: the focus stays as it is."""

    name: str = Field(min_length=1, description="name in tables and on screen")
    x_um: float = Field(description="stage x")
    y_um: float = Field(description="stage y")
    z_um: float | None = Field(None, description="focus")


class Survey(Section):
    """The rounds made while nothing happens."""

    interval_s: Positive = Field(30.0, description="time between two frames of one position")
    unseen_rounds: Annotated[int, Field(ge=1)] = Field(
        4,
        description="while something happens, each other position is seen every so many intervals",
    )


class Watch(Section):
    """When a pair is coming close: how soon to look faster, and what that may cost."""

    anticipate: bool = Field(
        True, description="go fast before contact; false: only once it is seen"
    )
    interval_s: Positive = Field(
        10.0,
        description="time between frames while contact is possible before the next survey frame",
    )
    probability: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.1, description="go fast when contact before the next frame is at least this likely"
    )
    false_alarm_light: NotNegative = Field(
        0.5, description="light for approaches that came to nothing, relative to all other light"
    )
    patience_s: Positive = Field(90.0, description="an approach without contact is left after this")
    refractory_s: NotNegative = Field(
        300.0, description="the same pair is not anticipated again for this long"
    )


class Cells(Section):
    """What to look for. Diameters are typical, not limits."""

    nk_diameter_um: Positive = Field(9.0, description="typical NK cell")
    tumor_diameter_um: Positive = Field(20.0, description="typical tumor cell")
    nk_segmenter: str = Field(
        "classic",
        description="what finds NK cells: 'classic'; 'spread' where they are long or branched (a "
        "diameter is then a body's width); 'cellpose', 'stardist' or a plug-in",
    )
    tumor_segmenter: str = Field("classic", description="the same for tumor cells")
    shift_x_um: float = Field(
        0.0, description="how far right the tumor image lies of the NK image (chromatic shift)"
    )
    shift_y_um: float = Field(0.0, description="how far below the NK image it lies")


class ContactRules(Section):
    """When two cells count as near, in contact, and apart again."""

    near_um: Positive = Field(8.0, description="pairs with a larger gap are not listed")
    touch_um: Positive = Field(1.0, description="tumor outline this close to the NK cell is sealed")
    # the least tenth of a um within which all of 5,536 true touches of synthetic cells were seen
    enter_um: Positive = Field(0.8, description="an encounter opens at a gap of at most this")
    enter_frames: Annotated[int, Field(ge=1)] = Field(
        2, description="seen so in this many frames in a row"
    )
    exit_um: Positive = Field(2.5, description="and closes at a gap above this")
    bridge_s: NotNegative = Field(60.0, description="that lasts longer than this")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.enter_um <= self.exit_um <= self.near_um:
            raise ValueError(
                f"enter_um {self.enter_um} <= exit_um {self.exit_um} <= near_um {self.near_um} "
                "must hold"
            )
        return self


class OutcomeRules(Section):
    """What counts as twisted, slipped and dead, and how long to wait before saying how it ended."""

    viable_s: Positive = Field(
        300.0, description="a tumor cell seen alive this long after contact got away"
    )
    twisted_deg: Positive = Field(20.0, description="a turn of the tumor's body that counts")
    slipped_um: Positive = Field(3.0, description="a way of the patch on the membrane that counts")
    dye_loss: Annotated[float, Field(gt=0, le=1)] = Field(
        0.5, description="share of its dye a tumor cell loses when it dies; bleaching is taken off"
    )


class Zoom(Section):
    """The closer look at an encounter: each by choice, or combined. Checked after every change."""

    region: bool = Field(
        True, description="read out only the pair, as soon as it is about to touch"
    )
    region_um: Positive = Field(80.0, description="side of the region around the pair")
    recenter_um: Positive = Field(
        8.0, description="move the region when the pair is this far off its centre"
    )
    binning: Annotated[int, Field(ge=1, le=16)] | None = Field(
        None, description="camera binning of a closer look; unset: the survey's", examples=[1]
    )
    objective: str = Field(
        "", description="objective turned in for a pair in contact; '' = the survey's"
    )
    settle_ms: NotNegative = Field(0.0, description="rest after the turret has turned")
    autofocus: bool = Field(
        False, description="let the microscope's autofocus focus once after the turret has turned"
    )
    aim_um: Positive = Field(
        4.0,
        description="the first frame after a change shows the cells this close to where they were, "
        "else the aim is corrected once, and then given up",
    )
    refocus_um: Positive = Field(
        3.0,
        description="where that frame is out of focus after the objective changed, the focus is "
        "looked for once in steps of this, and then given up",
    )
    retry_s: Positive = Field(
        600.0, description="a closer look that was given up is not tried again for this long"
    )


class Reaction(Section):
    """What to do about an encounter."""

    interval_s: NotNegative = Field(
        2.0, description="time between frames in an encounter; 0 = as fast as possible"
    )
    look_around_s: Positive = Field(
        10.0, description="the whole field is read this often meanwhile: costs data, no light"
    )
    cooldown_s: NotNegative = Field(
        60.0, description="stay for this long after the encounter is over"
    )
    min_dwell_s: NotNegative = Field(
        20.0, description="a rate once raised is kept at least this long"
    )
    max_dwell_s: Positive = Field(3600.0, description="one encounter is followed at most this long")
    turn_s: Positive = Field(
        60.0, description="encounters at several positions take turns of this length"
    )
    quiet_s: Positive = Field(
        120.0, description="each time a contact stays still for this long, its rate is halved"
    )
    still_um: Positive = Field(1.5, description="cells that move less against each other are still")
    look_s: Positive = Field(
        60.0, description="a place the operator points at is watched this long"
    )
    burst: Annotated[int, Field(ge=0, le=100_000)] = Field(
        0, description="frames streamed at camera speed when an encounter opens; 0 = none"
    )
    validate_only: bool = Field(
        False, description="detect, decide and record, but do not act: for the first day"
    )


class Light(Section):
    """Light as a budget, for each position: exposure in ms times relative power."""

    budget: dict[str, Positive] = Field(
        default_factory=dict,
        description="light each position may get, per channel, e.g. { nk = 60000, tumor = 60000 }",
    )
    survey_share: Fraction = Field(
        0.5, description="share of it kept for the survey; with limits.duration_s, what it needs"
    )
    thin_below: Fraction = Field(
        0.25,
        description="fast frames come half as often when less than this is left of their share",
    )


class Limits(Section):
    """What livewatch will not do, whatever happens."""

    duration_s: Positive | None = Field(
        None, description="the session ends after this", examples=[14400.0]
    )
    x_um: tuple[float, float] | None = Field(
        None, description="stage x stays within [low, high]", examples=[(-5000.0, 5000.0)]
    )
    y_um: tuple[float, float] | None = Field(
        None, description="stage y stays within [low, high]", examples=[(-5000.0, 5000.0)]
    )
    z_um: tuple[float, float] | None = Field(
        None, description="focus stays within [low, high]", examples=[(-100.0, 100.0)]
    )
    objectives: tuple[str, ...] = Field(
        (), description="objectives that may be turned in; [] = all with a pixel size"
    )
    retract_z_um: float | None = Field(
        None, description="focus goes here before the turret turns or the stage moves far"
    )
    far_um: Positive | None = Field(
        None, description="a stage move longer than this is far; unset: none is"
    )
    max_exposure_ms: Positive = Field(2000.0, description="no single exposure is longer")
    max_power: Positive = Field(1.0, description="no exposure is brighter, relative to full power")
    retries: Annotated[int, Field(ge=0, le=10)] = Field(
        2, description="a frame that failed is tried again this often, then skipped"
    )
    suspend_s: Positive = Field(
        10.0, description="after a skipped frame wait for this long, then twice as long, and so on"
    )
    give_up_s: Positive = Field(
        600.0, description="the session ends when every frame has failed for this long"
    )
    disk_reserve_gb: NotNegative = Field(
        1.0, description="the session ends before free disk falls below this"
    )

    @model_validator(mode="after")
    def _low_first(self) -> Self:
        if self.far_um is not None and self.retract_z_um is None:
            raise ValueError(f"far_um = {self.far_um} needs retract_z_um: where focus is to go")
        for name in ("x_um", "y_um", "z_um"):
            bounds = getattr(self, name)
            if bounds is not None and bounds[0] > bounds[1]:
                raise ValueError(f"{name} = {list(bounds)}: the lower bound comes first")
        return self


class AnalysisRules(Section):
    """Where frames are analysed, and when analysis has failed."""

    own_process: bool = Field(
        False, description="analyse in a process of its own: a plug-in that crashes costs no frame"
    )
    timeout_s: Positive = Field(
        60.0, description="analysis of a frame that takes longer hangs, and is begun afresh"
    )
    chances: Annotated[int, Field(ge=1, le=1000)] = Field(
        3, description="after so many hangs or crashes in a row a plug-in is replaced by 'classic'"
    )


class Encryption(StrEnum):
    """How a mail server is spoken to."""

    STARTTLS = "starttls"
    SSL = "ssl"
    NONE = "none"


class AlarmRules(Section):
    """What is alarming, and who is told besides window and terminal."""

    overdue_s: Positive = Field(
        15.0, description="a frame this late is alarming; never later than one survey interval"
    )
    disk_warning_s: Positive = Field(
        3600.0, description="so is a disk that will be full so soon, or before limits.duration_s"
    )
    repeat_s: NotNegative = Field(
        900.0, description="the same alarm is passed on to the hooks at most this often"
    )
    timeout_s: Positive = Field(20.0, description="a hook that takes longer is given up")
    command: tuple[str, ...] = Field(
        (),
        description="program and arguments to run, as in ['tell-me', '--loud']; the alarm's text "
        "and the session folder are added as the last two arguments",
    )
    webhook: str = Field(
        "",
        description="https address that is sent the alarm as JSON, its text under 'text'; "
        "or '$NAME': the environment variable NAME holds the address",
    )
    mail_to: tuple[str, ...] = Field((), description="who gets an e-mail, as in ['me@lab.org']")
    mail_from: str = Field("", description="sender of the e-mail; '' = the first of mail_to")
    mail_host: str = Field("", description="mail server that sends it, as in 'smtp.lab.org'")
    mail_port: Annotated[int, Field(ge=1, le=65535)] = Field(587, description="its port")
    mail_encryption: Encryption = Field(
        Encryption.STARTTLS, description="'starttls' (port 587), 'ssl' (port 465) or 'none'"
    )
    mail_user: str = Field("", description="name to log in with; '' = without logging in")
    mail_password_variable: str = Field(
        "LIVEWATCH_MAIL_PASSWORD", description="environment variable that holds the password"
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.webhook and not self.webhook.startswith(("https://", "http://", "$")):
            raise ValueError(
                "webhook must begin with https:// or http://, or be $ and the name of an "
                "environment variable"
            )
        if self.mail_to and not self.mail_host:
            raise ValueError("mail_to needs mail_host: the mail server that sends it")
        for address in (*self.mail_to, *([self.mail_from] if self.mail_from else [])):
            if "@" not in address or any(mark in address for mark in ",;<>\r\n "):
                raise ValueError(f"{address!r} is no e-mail address such as 'me@lab.org'")
        return self


class Experiment(Section):
    """Everything the user decides."""

    microscope: Microscope = Microscope()
    channels: dict[str, Channel] = Field(
        default_factory=lambda: {"nk": Channel(), "tumor": Channel()}
    )
    objectives: dict[str, Objective] = Field(default_factory=dict)
    positions: tuple[Position, ...] = ()
    survey: Survey = Survey()
    cells: Cells = Cells()
    contact: ContactRules = ContactRules()
    outcome: OutcomeRules = OutcomeRules()
    watch: Watch = Watch()
    reaction: Reaction = Reaction()
    zoom: Zoom = Zoom()
    light: Light = Light()
    limits: Limits = Limits()
    analysis: AnalysisRules = AnalysisRules()
    alarm: AlarmRules = AlarmRules()

    @model_validator(mode="after")
    def _both_populations(self) -> Self:
        for name in ("nk", "tumor"):
            if name not in self.channels:
                raise ValueError(f"[channels.{name}] is missing: it shows the {name} cells")
            if self.channels[name].every_frames > 1 or self.channels[name].every_s > 0:
                raise ValueError(
                    f"[channels.{name}] every_frames or every_s: {name} cells must be in every "
                    "frame, or no contact is seen; only other channels may be exposed less often"
                )
        names = [position.name for position in self.positions]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two positions are named {name!r}")
        return self

    @model_validator(mode="after")
    def _fast_is_faster(self) -> Self:
        if self.reaction.interval_s > self.survey.interval_s:
            raise ValueError(
                f"reaction.interval_s {self.reaction.interval_s} is longer than "
                f"survey.interval_s {self.survey.interval_s}: an encounter would be seen less often"
            )
        for channel in self.light.budget:
            if channel not in self.channels:
                raise ValueError(
                    f"light.budget names channel {channel!r}; there is {', '.join(self.channels)}"
                )
        return self
