"""Ways to reach somebody who is far away: run a command, post to a web address, send an e-mail.

Each `tell` returns once it is done, and raises `HookFailed` with one line if it is not. It may
take as long as it takes: see `herald.py` for who waits.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import psutil

from livewatch.errors import BadInput
from livewatch.watchdog.mail import Mail, MailFailed

if TYPE_CHECKING:
    from livewatch.alarm import Alarm
    from livewatch.settings import AlarmRules, Experiment
    from livewatch.watchdog.throttle import Message

MOST_SAID = 200


class HookFailed(Exception):
    """Nobody was told; one line says why."""


class Hook(Protocol):
    """One way to reach somebody."""

    @property
    def name(self) -> str:
        """What it is, as a user knows it; holds no secret."""
        ...

    def tell(self, message: Message, session: str) -> None:
        """Pass on a message of the session in the folder `session`. Raises `HookFailed`."""
        ...


@dataclass(frozen=True, slots=True)
class Command:
    """Runs a program, without a shell. It is ended, with what it started, after `timeout_s`."""

    words: tuple[str, ...]
    timeout_s: float

    @property
    def name(self) -> str:
        """The program's name."""
        return f"command {self.words[0]}"

    def tell(self, message: Message, session: str) -> None:
        """Run it, the message and the session folder added as its last two arguments.

        Its environment holds LIVEWATCH_ALARM, LIVEWATCH_SESSION, LIVEWATCH_STATE ("alarm" or
        "all clear") and LIVEWATCH_TROUBLE as well.
        """
        told = {
            "LIVEWATCH_ALARM": message.text,
            "LIVEWATCH_SESSION": session,
            "LIVEWATCH_STATE": state_of(message.alarm),
            "LIVEWATCH_TROUBLE": message.alarm.trouble.value,
        }
        with tempfile.TemporaryFile() as said:  # a pipe is held open by whatever the program starts
            try:
                running = subprocess.Popen(
                    [*self.words, message.text, session],
                    env={**os.environ, **told},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=said,
                )
            except (OSError, ValueError) as error:
                raise HookFailed(f"it cannot be run: {error}") from error
            try:
                code = running.wait(self.timeout_s)
            except subprocess.TimeoutExpired:
                end_with_children(running)
                raise HookFailed(f"it was ended after {self.timeout_s:g} s") from None
            if code:
                said.seek(0)
                words = one_line(said.read(10_000).decode("utf-8", "replace"))
                raise HookFailed(f"it ended with exit code {code}{': ' if words else ''}{words}")


@dataclass(frozen=True, slots=True)
class Webhook:
    """Posts JSON to a web address, as chat programs take it: the message is under "text"."""

    address: str
    timeout_s: float

    @property
    def name(self) -> str:
        """The server's name; the rest of such an address is a secret."""
        return f"webhook at {urlsplit(self.address).hostname}"

    def tell(self, message: Message, session: str) -> None:
        """Post it."""
        alarm = message.alarm
        content = {
            "text": f"livewatch: {message.text}",
            "state": state_of(alarm),
            "trouble": alarm.trouble.value,
            "where": alarm.where,
            "time_s": alarm.time_s,
            "session": session,
            "machine": platform.node(),
        }
        request = urllib.request.Request(
            self.address,
            json.dumps(content).encode(),
            {"Content-Type": "application/json", "User-Agent": "livewatch"},
        )
        try:
            with urllib.request.urlopen(request, timeout=self.timeout_s):
                pass
        except urllib.error.HTTPError as error:
            with error:
                words = one_line(error.read(10_000).decode("utf-8", "replace"))
            raise HookFailed(f"it answered {error.code} {error.reason}: {words}") from error
        except (OSError, HTTPException, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            raise HookFailed(one_line(str(reason)) or type(error).__name__) from error


@dataclass(frozen=True, slots=True)
class Letter:
    """Sends an e-mail."""

    mail: Mail

    @property
    def name(self) -> str:
        """Whom it reaches."""
        return f"e-mail to {', '.join(self.mail.to)} by {self.mail.host}"

    def tell(self, message: Message, session: str) -> None:
        """Send it."""
        subject = f"livewatch on {platform.node()}: {state_of(message.alarm)}"
        try:
            self.mail.send(subject, f"{message.text}\n\nSession: {session}\n")
        except MailFailed as failed:
            raise HookFailed(one_line(str(failed))) from failed


def hooks_of(experiment: Experiment) -> tuple[Hook, ...]:
    """The hooks that an experiment names, ready to be used.

    Raises `BadInput` for a program that is not there, or a secret that no variable holds.
    """
    rules = experiment.alarm
    hooks: list[Hook] = []
    if rules.command:
        if shutil.which(rules.command[0]) is None:
            raise BadInput(f"[alarm] command: there is no program {rules.command[0]!r} to run")
        hooks.append(Command(rules.command, rules.timeout_s))
    if rules.webhook:
        hooks.append(Webhook(address_of(rules.webhook), rules.timeout_s))
    if rules.mail_to:
        hooks.append(Letter(mail_of(rules)))
    return tuple(hooks)


def address_of(webhook: str) -> str:
    """The address itself, or the one that an environment variable holds."""
    if not webhook.startswith("$"):
        return webhook
    address = os.environ.get(webhook[1:], "")
    if not address.startswith(("https://", "http://")):
        raise BadInput(
            f"[alarm] webhook = {webhook!r}: the environment variable {webhook[1:]} "
            "holds no address that begins with https:// or http://"
        )
    return address


def mail_of(rules: AlarmRules) -> Mail:
    """How mail is sent; the password comes from the environment."""
    variable = rules.mail_password_variable
    password = os.environ.get(variable, "")
    if rules.mail_user and not password:
        raise BadInput(
            f"[alarm] mail_user = {rules.mail_user!r} needs a password: set the environment "
            f"variable {variable} (mail_password_variable)"
        )
    return Mail(
        rules.mail_host,
        rules.mail_port,
        rules.mail_encryption,
        rules.mail_from or rules.mail_to[0],
        rules.mail_to,
        rules.mail_user,
        password,
        rules.timeout_s,
    )


def state_of(alarm: Alarm) -> str:
    """Whether it begins or is over, in words."""
    return "all clear" if alarm.is_over else "alarm"


def one_line(text: str) -> str:
    """A text in one line of bearable length."""
    return " ".join(text.split())[:MOST_SAID]


def end_with_children(running: subprocess.Popen[bytes]) -> None:
    """End a program and everything it has started."""
    try:
        family = [*psutil.Process(running.pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        family = []
    running.kill()
    for each in family:
        try:
            each.kill()
        except psutil.NoSuchProcess:
            continue
    running.wait()
