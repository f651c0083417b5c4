"""Sending an e-mail by a mail server."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage

from livewatch.settings import Encryption


class MailFailed(Exception):
    """The mail was not taken by the server."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A way to send mail. No step of it takes longer than `timeout_s`."""

    host: str
    port: int
    encryption: Encryption
    sender: str
    to: tuple[str, ...]
    user: str
    password: str = field(repr=False)
    timeout_s: float

    def send(self, subject: str, text: str) -> None:
        """Send a plain text. Raises `MailFailed`."""
        letter = EmailMessage()
        letter["Subject"], letter["From"], letter["To"] = subject, self.sender, ", ".join(self.to)
        letter.set_content(text)
        try:
            with self._connected() as server:
                if self.user:
                    server.login(self.user, self.password)
                server.send_message(letter)
        except (OSError, smtplib.SMTPException) as error:  # TLS errors are OSErrors
            raise MailFailed(f"{self.host}:{self.port}: {said_by(error)}") from error

    def _connected(self) -> smtplib.SMTP:
        """The server, spoken to as was agreed."""
        if self.encryption is Encryption.SSL:
            trust = ssl.create_default_context()
            return smtplib.SMTP_SSL(self.host, self.port, timeout=self.timeout_s, context=trust)
        server = smtplib.SMTP(self.host, self.port, timeout=self.timeout_s)
        if self.encryption is Encryption.STARTTLS:
            try:
                server.starttls(context=ssl.create_default_context())
            except (OSError, smtplib.SMTPException):
                server.close()
                raise
        return server


def said_by(error: Exception) -> str:
    """What a server said, or what went wrong on the way."""
    if isinstance(error, smtplib.SMTPResponseException):
        answer = error.smtp_error
        words = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)
        return f"{error.smtp_code} {words}"
    return str(error) or type(error).__name__
