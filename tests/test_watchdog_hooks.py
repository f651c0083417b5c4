"""Passing an alarm on: a command, a web address and a mail server, all on this machine."""

from __future__ import annotations

import json
import ssl
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import psutil
import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from livewatch.alarm import Alarm, Trouble
from livewatch.errors import BadInput
from livewatch.settings import Experiment
from livewatch.watchdog.herald import MOST_WAITING, Herald
from livewatch.watchdog.hook import Command, HookFailed, Webhook, hooks_of
from livewatch.watchdog.throttle import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ALARM = Alarm(3, Trouble.FRAMES, "no frame at A", 60.0, "A")
MESSAGE = Message(ALARM, "no frame at A [0:01:00]")


def python(code: str, *words: str) -> tuple[str, ...]:
    return sys.executable, "-c", code, *words


# --- a command ---------------------------------------------------------------------------


def test_a_command_is_given_text_and_folder_as_arguments_and_in_its_environment(
    tmp_path: Path,
) -> None:
    code = (
        "import json, os, sys; names = ('ALARM', 'SESSION', 'STATE', 'TROUBLE');"
        "told = [*sys.argv[2:], *(os.environ['LIVEWATCH_' + name] for name in names)];"
        "open(sys.argv[1], 'w').write(json.dumps(told))"
    )
    Command(python(code, str(tmp_path / "told")), 30.0).tell(MESSAGE, "folder; rm -rf $HOME")
    text, folder = "no frame at A [0:01:00]", "folder; rm -rf $HOME"
    told = json.loads((tmp_path / "told").read_text())
    assert told == [text, folder, text, folder, "alarm", "no frames"]


def test_a_command_that_fails_says_why() -> None:
    command = Command(python("import sys; sys.exit('no such number')"), 30.0)
    with pytest.raises(HookFailed, match=r"exit code 1: no such number"):
        command.tell(MESSAGE, "session")


def test_a_command_that_hangs_is_ended_with_what_it_started(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time;"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        "open(sys.argv[1], 'w').write(str(child.pid)); time.sleep(600)"
    )
    command = Command(python(code, str(tmp_path / "child")), 3.0)
    with pytest.raises(HookFailed, match="it was ended after 3 s"):
        command.tell(MESSAGE, "session")
    child = int((tmp_path / "child").read_text())
    if psutil.pid_exists(child):
        psutil.wait_procs([psutil.Process(child)], timeout=10)
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == "zombie"


def test_a_command_that_is_not_there_is_refused_beforehand() -> None:
    plan = Experiment.model_validate({"alarm": {"command": ["tell-mee"]}})
    with pytest.raises(BadInput, match=r"\[alarm\] command: there is no program 'tell-mee'"):
        hooks_of(plan)


# --- a web address -----------------------------------------------------------------------


@dataclass
class Web:
    """A server on this machine: what was posted to it, and what it answers."""

    posted: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    answer: int = 200
    hangs: threading.Event | None = None
    address: str = ""


@pytest.fixture
def web() -> Iterator[Web]:
    there = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            if there.hangs is not None:
                there.hangs.wait(60)
            length = int(self.headers["Content-Length"])
            there.posted.append((self.path, json.loads(self.rfile.read(length))))
            self.send_response(there.answer)
            self.send_header("Content-Length", "9")
            self.end_headers()
            self.wfile.write(b"no\nchannel")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    there.address = f"http://127.0.0.1:{server.server_port}/services/secret"
    yield there
    if there.hangs is not None:
        there.hangs.set()
    server.shutdown()
    server.server_close()


def test_a_webhook_is_posted_the_text_as_chat_programs_take_it(web: Web) -> None:
    Webhook(web.address, 10.0).tell(MESSAGE, "session")
    ((path, content),) = web.posted
    assert path == "/services/secret"
    assert content["text"] == "livewatch: no frame at A [0:01:00]"
    assert (content["state"], content["where"], content["session"]) == ("alarm", "A", "session")


def test_a_webhook_that_is_refused_says_the_servers_words_and_not_the_secret(web: Web) -> None:
    web.answer = 404
    with pytest.raises(HookFailed, match=r"it answered 404 .*no channe") as failed:
        Webhook(web.address, 10.0).tell(MESSAGE, "session")
    assert "secret" not in str(failed.value) + Webhook(web.address, 10.0).name


def test_a_webhook_that_hangs_is_given_up(web: Web) -> None:
    web.hangs = threading.Event()
    with pytest.raises(HookFailed, match="timed out"):
        Webhook(web.address, 0.5).tell(MESSAGE, "session")


def test_a_webhook_nobody_answers_at_fails_in_one_line(web: Web) -> None:
    with pytest.raises(HookFailed) as failed:
        Webhook("http://127.0.0.1:9/x", 5.0).tell(MESSAGE, "session")
    assert "\n" not in str(failed.value)


def test_the_address_may_be_kept_in_the_environment(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Experiment.model_validate({"alarm": {"webhook": "$LAB_HOOK"}})
    monkeypatch.delenv("LAB_HOOK", raising=False)
    with pytest.raises(BadInput, match="environment variable LAB_HOOK holds no address"):
        hooks_of(plan)
    monkeypatch.setenv("LAB_HOOK", web.address)
    (hook,) = hooks_of(plan)
    hook.tell(MESSAGE, "session")
    assert len(web.posted) == 1


# --- a mail server -----------------------------------------------------------------------


class Postbox:
    """Takes every mail."""

    def __init__(self) -> None:
        self.letters: list[Any] = []

    async def handle_DATA(self, _: object, __: object, envelope: Any) -> str:  # noqa: N802
        self.letters.append(envelope)
        return "250 taken"


class Office(Controller):
    """Listens at a port that is free."""

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def post_office(**options: Any) -> Iterator[tuple[Postbox, int]]:
    box = Postbox()
    office = Office(box, hostname="127.0.0.1", port=0, **options)
    office.start()
    try:
        yield box, office.port
    finally:
        office.stop()


def letter_to(port: int, **more: object) -> Experiment:
    alarm = {
        "mail_to": ["me@lab.org", "you@lab.org"],
        "mail_host": "127.0.0.1",
        "mail_port": port,
        "mail_encryption": "none",
        "timeout_s": 10.0,
        **more,
    }
    return Experiment.model_validate({"alarm": alarm})


def test_an_e_mail_reaches_everybody_named() -> None:
    with post_office() as (box, port):
        (hook,) = hooks_of(letter_to(port))
        hook.tell(MESSAGE, "the folder")
    (letter,) = box.letters
    assert letter.rcpt_tos == ["me@lab.org", "you@lab.org"]
    assert letter.mail_from == "me@lab.org"
    text = letter.content.decode()
    assert "no frame at A [0:01:00]" in text
    assert "Session: the folder" in text
    assert "Subject: livewatch on " in text


def authenticator(_: object, __: object, ___: object, ____: object, said: Any) -> AuthResult:
    return AuthResult(success=(said.login, said.password) == (b"me", b"hidden"), handled=False)


def test_the_password_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIVEWATCH_MAIL_PASSWORD", raising=False)
    with post_office(authenticator=authenticator, auth_require_tls=False) as (
        box,
        port,
    ):
        plan = letter_to(port, mail_user="me")
        with pytest.raises(BadInput, match="set the environment variable LIVEWATCH_MAIL_PASSWORD"):
            hooks_of(plan)
        monkeypatch.setenv("LIVEWATCH_MAIL_PASSWORD", "wrong")
        with pytest.raises(HookFailed, match="535") as failed:
            hooks_of(plan)[0].tell(MESSAGE, "session")
        assert "wrong" not in str(failed.value)
        monkeypatch.setenv("LIVEWATCH_MAIL_PASSWORD", "hidden")
        (hook,) = hooks_of(plan)
        hook.tell(MESSAGE, "session")
        assert "hidden" not in repr(hook)
    assert len(box.letters) == 1


@pytest.mark.parametrize("encryption", ["starttls", "ssl"])
def test_an_encrypted_server_must_be_one_that_is_trusted(
    encryption: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    how = {"tls_context": context} if encryption == "starttls" else {"ssl_context": context}
    with post_office(**how) as (box, port):
        plan = letter_to(port, mail_encryption=encryption)
        with pytest.raises(HookFailed, match="certificate"):
            hooks_of(plan)[0].tell(MESSAGE, "session")
        authority.cert_pem.write_to_path(str(tmp_path / "trusted.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted.pem"))
        hooks_of(plan)[0].tell(MESSAGE, "session")
    assert len(box.letters) == 1


def test_a_server_without_the_encryption_asked_for_is_not_written_to() -> None:
    with post_office() as (box, port):
        plan = letter_to(port, mail_encryption="starttls")
        with pytest.raises(HookFailed, match="STARTTLS"):
            hooks_of(plan)[0].tell(MESSAGE, "session")
    assert box.letters == []


@pytest.mark.parametrize(
    ("alarm", "said"),
    [
        ({"mail_to": ["me@lab.org"]}, "mail_to needs mail_host"),
        ({"mail_to": ["me"], "mail_host": "mail"}, "no e-mail address"),
        ({"mail_to": ["me@lab.org\nBcc: x@y"], "mail_host": "mail"}, "no e-mail address"),
        ({"webhook": "file:///etc/passwd"}, "webhook must begin with https"),
    ],
)
def test_a_hook_that_cannot_be_meant_is_refused(alarm: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Experiment.model_validate({"alarm": alarm})


# --- the herald --------------------------------------------------------------------------


@dataclass
class Spy:
    """A hook that does what it is told to."""

    work: Callable[[str], None]
    name: str = "spy"

    def tell(self, message: Message, session: str) -> None:
        self.work(message.text)


def test_nobody_waits_for_a_hook_that_hangs_and_the_others_are_told() -> None:
    released, told = threading.Event(), list[str]()
    hanging = Spy(lambda text: (released.wait(60), None)[1])
    herald = Herald([hanging, Spy(told.append)], "session", lambda name, why: None)
    begun_s = time.monotonic()
    for _ in range(5 * MOST_WAITING):
        herald.tell(MESSAGE)
    herald.close(0.5)
    assert time.monotonic() - begun_s < 30
    assert told
    released.set()


def test_a_hook_that_goes_on_failing_is_mentioned_once_and_again_when_it_works() -> None:
    changes, failing = list[tuple[str, str]](), [True, True, True, False, False, True]

    def work(_: str) -> None:
        if failing.pop(0):
            raise HookFailed("nobody is there")

    herald = Herald([Spy(work)], "session", lambda *change: changes.append(change))
    for _ in range(6):
        herald.tell(MESSAGE)
    herald.close(30.0)
    assert changes == [("spy", "nobody is there"), ("spy", ""), ("spy", "nobody is there")]
