"""What notifications is told by its environment."""

from pathlib import Path
from typing import Literal

from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """The receivers of our messages."""

    smtp_host: str = "127.0.0.1"
    smtp_port: int = 25
    smtp_tls: Literal["none", "starttls", "tls"] = "none"
    smtp_user: str | None = None
    smtp_password: str | None = None
    smtp_archive_folder: Path | None = None  # copies of the mails that the relay accepted, as .eml
    sms_base_url: str = "https://api.twilio.com"
    sms_account_sid: str
    sms_auth_token: str
    sms_sender: str
    print_folder: Path
    letter_processes: int = 2
