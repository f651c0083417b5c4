"""What is alarming, and who is told."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from livewatch.settings.section import NotNegative, Positive, Section


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
