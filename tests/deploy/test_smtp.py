import smtplib
import subprocess
import sys
import time
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path

import pytest

from local_stack.ports import any_free_port
from local_stack.smtp import SmtpServer


def a_mail(to: str = "piet@example.nl", message_id: str = "<1@agency.example>") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = "agency@example.nl", to, "Aanmaning €", message_id
    mail.set_content("Geachte heer, één herinnering.\n")
    return mail


def send(port: int, mail: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        client.send_message(mail)


def test_an_accepted_mail_is_one_file_named_by_its_message_id_with_its_envelope(smtp_server: SmtpServer):
    send(smtp_server.port, a_mail())

    (path,) = smtp_server.mails
    kept = message_from_bytes(path.read_bytes())
    assert path.name == "1@agency.example.eml"
    assert (kept["X-Envelope-From"], kept["X-Envelope-To"]) == ("agency@example.nl", "piet@example.nl")
    assert "één herinnering" in kept.get_payload(decode=True).decode()


def test_the_same_mail_sent_twice_is_seen_twice(smtp_server: SmtpServer):
    send(smtp_server.port, a_mail())
    send(smtp_server.port, a_mail())

    assert [path.name for path in smtp_server.mails] == ["1@agency.example.eml", "1@agency.example-2.eml"]


@pytest.mark.parametrize("address", ["gone@bounce.example", "gone@mail.Bounce.Example"])
def test_a_mailbox_that_does_not_exist_is_refused_for_good(smtp_server: SmtpServer, address: str):
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(smtp_server.port, a_mail(address))

    assert refused.value.recipients[address][0] == 550
    assert smtp_server.mails == []


def test_a_message_id_can_not_lead_out_of_the_folder(smtp_server: SmtpServer):
    send(smtp_server.port, a_mail(message_id="<../../etc/x@y>"))

    (path,) = smtp_server.mails
    assert path.parent == smtp_server.folder


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        b".\r\n..\r\n.x\r\nends with a dot.\r\n",
        b"no dot, " * 20_000,
        b"a dot at each end.\r\n" * 20_000,
    ],
    ids=["empty", "short", "dots", "long line", "many lines"],
)
def test_a_mail_is_kept_byte_for_byte_whatever_its_lines_are(smtp_server: SmtpServer, body: bytes):
    with smtplib.SMTP("127.0.0.1", smtp_server.port, timeout=60) as client:
        client.sendmail("agency@example.nl", ["piet@example.nl"], body)
        client.sendmail("agency@example.nl", ["piet@example.nl"], b"the next one\r\n")

    first, second = smtp_server.mails
    whole = body if body.endswith(b"\r\n") else body + b"\r\n"
    assert first.read_bytes().partition(b"X-Envelope-To: piet@example.nl\r\n")[2] == whole
    assert second.read_bytes().endswith(b"the next one\r\n")


def test_a_mail_without_a_line_is_kept_too(smtp_server: SmtpServer):
    with smtplib.SMTP("127.0.0.1", smtp_server.port, timeout=60) as client:
        client.ehlo()
        client.mail("agency@example.nl")
        client.rcpt("piet@example.nl")
        client.docmd("DATA")
        assert client.docmd(".")[0] == 250

    [path] = smtp_server.mails
    assert path.read_bytes().endswith(b"X-Envelope-To: piet@example.nl\r\n")


def test_more_than_a_mail_may_have_is_refused_and_the_next_one_taken(smtp_server: SmtpServer, monkeypatch):
    monkeypatch.setattr("local_stack.smtp._MOST_BYTES", 200_000)
    with smtplib.SMTP("127.0.0.1", smtp_server.port, timeout=60) as client:
        with pytest.raises(smtplib.SMTPDataError) as refused:
            client.sendmail("agency@example.nl", ["piet@example.nl"], b"far too much. " * 40_000)
        assert refused.value.smtp_code == 552
        client.sendmail("agency@example.nl", ["piet@example.nl"], b"short\r\n")

    [path] = smtp_server.mails
    assert path.read_bytes().endswith(b"short\r\n")


def test_it_runs_as_a_program_of_its_own(tmp_path: Path):
    port = any_free_port()
    command = [sys.executable, "-m", "local_stack.smtp", "--port", str(port), "--folder", str(tmp_path / "mail")]
    with subprocess.Popen([*command, "--refuse", "weg@example.nl"]) as server:
        try:
            for _ in range(200):
                try:
                    send(port, a_mail())
                    break
                except ConnectionRefusedError:
                    time.sleep(0.05)
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                send(port, a_mail("weg@example.nl"))
        finally:
            server.terminate()

    assert len(list((tmp_path / "mail").glob("*.eml"))) == 1
