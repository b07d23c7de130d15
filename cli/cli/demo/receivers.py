"""Who accepts mails and SMS: a mail server and an SMS provider in this process; what they accept is kept and read."""

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from cli.demo.account import Folders
from cli.demo.mailbox import Notice, read_mail, read_sms
from local_stack.ports import Ports
from local_stack.sms import SmsDouble, SmsServer
from local_stack.smtp import SmtpServer


class Receivers:
    """Both servers. `notices` is all that was accepted, in order of acceptance."""

    def __init__(self, folders: Folders, *, now: Callable[[], datetime]) -> None:
        self.folders, self.now = folders, now
        self.notices: list[Notice] = []
        self._read = 0
        ports = Ports()
        self.smtp = SmtpServer(folders.mail, port=ports.pick("SMTP"), on_mail=self._take_mail)
        double = SmsDouble(folders.sms, on_sms=self._take_sms, now=now)
        self.sms = SmsServer(double, port=ports.pick("SMS"))

    @property
    def smtp_port(self) -> int:
        """Of the mail server."""
        return self.smtp.port

    @property
    def sms_url(self) -> str:
        """Of the SMS provider."""
        return self.sms.base_url

    def start(self) -> None:
        """Both listen."""
        self.folders.mail.mkdir(parents=True, exist_ok=True)
        self.folders.sms.mkdir(parents=True, exist_ok=True)
        self.smtp.start()
        self.sms.start()

    def stop(self) -> None:
        """Neither does."""
        self.smtp.stop()
        self.sms.stop()

    def unread(self) -> list[Notice]:
        """What came since the last look."""
        fresh = self.notices[self._read :]
        self._read += len(fresh)
        return fresh

    def _take_mail(self, path: Path) -> None:
        self.notices.append(read_mail(path, accepted_at=self.now(), accepted_seconds=time.time()))

    def _take_sms(self, message: dict[str, Any]) -> None:
        path = self.folders.sms / f"{message['sid']}.json"
        self.notices.append(read_sms(message, accepted_at=self.now(), accepted_seconds=time.time(), path=path))
