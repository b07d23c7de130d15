"""The e-mail channel against a real SMTP server."""

import contextlib
import email
import email.policy
import html
import io
import socket
import threading
from datetime import timedelta

import aiosmtplib
import pytest
import zxingcpp
from notification_builders import MESSAGE, QR_PAYLOAD, World, a_content, a_payment, an_order, at
from PIL import Image

from common.calls import Caller, OpenCall
from common.decisions import Result
from common.errors import InvalidMessage, TemporaryFailure
from common.ids import name_id
from common.messages import Personal
from contracts.notifications import TableBlock, TextBlock
from notifications.channels.email import EmailChannel, compose
from notifications.channels.smtp_sessions import Relay
from notifications.domain import NEVER_LEFT, Delivery


def a_delivery(message_id=MESSAGE, **changed):
    return Delivery(
        message_id=message_id, language="nl", released_at=at(2, 9), content=Personal.pack(a_content(**changed))
    )


def a_channel(port, **changed):
    return EmailChannel(Relay(host="127.0.0.1", port=port, timeout_seconds=5, **changed))


def read(path):
    return email.message_from_bytes(path.read_bytes(), policy=email.policy.default)


async def test_given_a_delivery_when_it_is_sent_then_the_mail_is_what_the_receiver_should_get(smtp_server):
    answer = await a_channel(smtp_server.port).call(MESSAGE, a_delivery())
    assert answer.startswith("250 ")
    (path,) = smtp_server.mails
    mail = read(path)
    assert mail["X-Envelope-To"] == "jurgen@example.nl"
    assert mail["Message-ID"] == f"<{MESSAGE}@quittance.example>"
    assert mail["To"] == "Jürgen van den Broek <jurgen@example.nl>"
    assert mail["From"] == mail["Reply-To"] == '"Quittance Incasso B.V." <dossier@quittance.example>'
    assert (mail["Auto-Submitted"], mail["Content-Language"]) == ("auto-generated", "nl")
    assert mail["Date"].datetime == at(2, 9)
    plain, html = mail.get_body(("plain",)).get_content(), mail.get_body(("html",)).get_content()
    for text in ("Uw dossier 1000000017", "€ 249,75", "NL91 ABNA 0417 1643 00", "5000 0010 0000 0017", "Taart"):
        assert text in plain
        assert text in html
    picture = next(part for part in mail.walk() if part.get_content_type() == "image/png")
    assert f'src="cid:{picture["Content-ID"][1:-1]}"' in html
    (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture.get_content())))
    assert code.text == QR_PAYLOAD.rstrip("\n") or code.text == QR_PAYLOAD


async def test_given_a_mailbox_that_does_not_exist_then_it_is_a_bounce_without_the_address(smtp_server):
    with pytest.raises(InvalidMessage) as refusal:
        await a_channel(smtp_server.port).call(MESSAGE, a_delivery(email="jan@bounce.example"))
    assert (refusal.value.code, refusal.value.message) == ("bounced", "550 5.1.1")
    assert smtp_server.mails == []


@pytest.mark.parametrize(
    "address", ["", "jan", "a b@example.nl", "a@example.nl\nBcc: all@example.nl", "a@b, c@d.nl", "a@.", "a..b@c.nl"]
)
async def test_given_no_single_address_then_nothing_is_sent(smtp_server, address):
    with pytest.raises(InvalidMessage) as refusal:
        await a_channel(smtp_server.port).call(MESSAGE, a_delivery(email=address))
    assert refusal.value.code == "invalid_address"
    assert smtp_server.mails == []


async def test_given_line_breaks_and_markup_in_the_text_then_they_are_text(smtp_server):
    hostile = a_delivery(
        subject="Betaal\r\nBcc: all@example.nl",
        recipient_name='<img src=x onerror=1>\r\nX-Evil: 1, "b" <c@d.nl>',
        blocks=(TextBlock(kind="paragraph", text="<script>alert(1)</script>"),),
    )
    await a_channel(smtp_server.port).call(MESSAGE, hostile)
    (path,) = smtp_server.mails
    mail = read(path)
    assert mail["Bcc"] is None
    assert mail["X-Evil"] is None
    assert [address.addr_spec for address in mail["To"].addresses] == ["jurgen@example.nl"]
    assert "<script>" not in mail.get_body(("html",)).get_content()
    assert "<script>alert(1)</script>" in mail.get_body(("plain",)).get_content()


async def test_given_a_table_of_uneven_rows_then_it_is_refused_and_nothing_is_sent(smtp_server):
    with pytest.raises(InvalidMessage) as refusal:
        await a_channel(smtp_server.port).call(
            MESSAGE, a_delivery(blocks=(TableBlock(header=("a", "b"), rows=(("1",),)),))
        )
    assert refusal.value.code == "rendering"
    assert smtp_server.mails == []


async def test_given_no_relay_then_it_certainly_did_not_leave(free_ports):
    with pytest.raises(TemporaryFailure):
        await a_channel(free_ports.pick("nobody")).call(MESSAGE, a_delivery())


async def test_given_an_archive_then_it_tells_whether_a_mail_had_left(smtp_server):
    channel = a_channel(smtp_server.port, archive_folder=smtp_server.folder)
    other = name_id("another message")
    before = await channel.was_accepted(MESSAGE, a_delivery())
    await channel.call(MESSAGE, a_delivery())
    after, of_other = (
        await channel.was_accepted(MESSAGE, a_delivery()),
        await channel.was_accepted(other, a_delivery(other)),
    )
    assert (before.result, before.detail) == (Result.FAILED, NEVER_LEFT)
    assert after.result is Result.ACCEPTED
    assert (of_other.result, of_other.detail) == (Result.FAILED, NEVER_LEFT)


async def test_given_no_archive_then_nobody_knows(smtp_server):
    known = await a_channel(smtp_server.port).was_accepted(MESSAGE, a_delivery())
    assert known.result is Result.UNKNOWN


class Script:
    """A relay that answers what it is told, one session after the other; None closes the connection."""

    def __init__(self, *sessions):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.mails = 0
        threading.Thread(target=self.serve, args=(sessions,), daemon=True).start()

    def serve(self, sessions):
        for answers in sessions:
            connection, _ = self.socket.accept()
            with connection, connection.makefile("rwb") as stream:
                self.talk(stream, answers)
        self.socket.close()

    def talk(self, stream, answers):
        self.say(stream, "220 ready")
        while line := stream.readline().decode("latin-1"):
            word = line.split()[0].upper() if line.split() else ""
            answer = answers.get(word, "250 OK")
            if answer is None:
                return
            self.say(stream, answer)
            if word == "DATA" and answer.startswith("354"):
                while stream.readline() not in {b".\r\n", b""}:
                    pass
                self.mails += 1
                if (end := answers.get(".", "250 OK")) is None:
                    return
                self.say(stream, end)
            if word == "QUIT":
                return

    @staticmethod
    def say(stream, answer):
        stream.write(f"{answer}\r\n".encode())
        stream.flush()


TAKES = {"DATA": "354 go"}


@pytest.mark.parametrize(
    ("answers", "fault", "says"),
    [
        ({"RCPT": "451 4.7.1 Greylisted, jurgen@example.nl"}, TemporaryFailure, "451 4.7.1"),
        ({"MAIL": "550 5.7.1 Sender not allowed"}, TemporaryFailure, "550"),  # our access, not his mailbox
        ({"EHLO": None, "HELO": None}, TemporaryFailure, "relay"),
        ({"RCPT": None}, TemporaryFailure, "relay"),
        ({"DATA": "451 4.3.0 Try later"}, TemporaryFailure, "451 4.3.0"),
        ({"DATA": "354 go", ".": "452 4.2.2 Full"}, TemporaryFailure, "452 4.2.2"),
        ({"DATA": "354 go", ".": "554 5.7.1 Spam of jurgen@example.nl"}, InvalidMessage, "554 5.7.1"),
    ],
)
async def test_what_a_relay_answers_decides_whether_it_is_tried_again(answers, fault, says):
    with pytest.raises(fault, match=says) as raised:
        await a_channel(Script(answers).port).call(MESSAGE, a_delivery())
    assert "jurgen" not in str(raised.value)


async def test_given_an_answer_lost_after_the_mail_was_sent_then_nobody_knows():
    relay = Script({**TAKES, ".": None})
    call = OpenCall(
        thing="correspondence",
        key=MESSAGE,
        call_id=MESSAGE,
        channel="smtp",
        payload=a_delivery().model_dump_json().encode(),
    )
    outcome = await Caller({"smtp": a_channel(relay.port)}).make(call, earlier_life=False)
    assert outcome.result is Result.UNKNOWN
    assert relay.mails == 1


async def test_given_a_relay_that_cannot_take_it_at_first_then_it_is_sent_later_and_once():
    relay = Script({"RCPT": "451 4.7.1 Greylisted"}, TAKES)
    caller = Caller({"smtp": a_channel(relay.port)})
    world = World().take(an_order(), now=at(2, 9))
    now = at(2, 9)
    for _ in range(2):
        call = world.calls[-1]
        made = OpenCall(
            thing="correspondence", key=MESSAGE, call_id=call.call_id, channel=call.channel,
            payload=call.payload.model_dump_json().encode(),
        )  # fmt: skip
        outcome = await caller.make(made, earlier_life=False)
        world.answer(outcome.result, outcome.detail, now=now)
        now += timedelta(minutes=1)
        world.tick(now)
    assert world.kinds() == ["MessageSent"]
    assert relay.mails == 1


async def test_given_mails_one_after_the_other_then_they_go_in_one_session():
    relay = Script(TAKES)  # a second session is never accepted
    channel = a_channel(relay.port)
    for number in range(3):
        await channel.call(name_id("mail", number), a_delivery(name_id("mail", number)))
    assert relay.mails == 3


async def test_given_a_session_that_the_relay_ended_while_it_rested_then_a_fresh_one_takes_the_mail():
    relay = Script({**TAKES, "RSET": None}, TAKES)
    channel = a_channel(relay.port)
    await channel.call(MESSAGE, a_delivery())
    with contextlib.suppress(aiosmtplib.SMTPException):
        await channel.sessions.resting[0].rset()  # the relay hangs up
    other = name_id("another message")
    assert (await channel.call(other, a_delivery(other))).startswith("250 ")
    assert relay.mails == 2


async def test_given_a_refused_recipient_then_his_session_takes_no_other_mail():
    relay = Script({**TAKES, "RCPT": "550 5.1.1 No such mailbox"}, TAKES)
    channel = a_channel(relay.port)
    with pytest.raises(InvalidMessage):
        await channel.call(MESSAGE, a_delivery())
    assert channel.sessions.resting == []
    other = name_id("another message")
    await channel.call(other, a_delivery(other))
    assert relay.mails == 1


@pytest.mark.parametrize(
    "text",
    [
        "Zo betaalt u, binnen 14 dagen.",
        "Een é, een €, een = en een . alleen:\n.\n.. en een spatie aan het eind \n\teen tab",
        "From a line that begins so, and one of " + "zeer " * 60 + "veel woorden",
        "--=_0123456789abcdef\n--\n=_",
        "Ελληνικά, Čeština, Tiếng Việt, 日本",
    ],
)
def test_given_any_text_then_a_receiver_reads_it_as_it_was_written(text):
    content = a_content(subject=text.replace("\n", " "), blocks=(TextBlock(kind="paragraph", text=text), a_payment()))
    raw = compose(a_delivery(), content)
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert mail["Subject"].split() == text.split()
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
    ]  # fmt: skip
    assert not [part.defects for part in mail.walk() if part.defects]
    assert text in mail.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert html.escape(text) in mail.get_body(("html",)).get_content().replace("\r\n", "\n")


def test_the_same_delivery_gives_the_same_bytes():
    delivery, content = a_delivery(), a_content()
    assert compose(delivery, content) == compose(delivery, content)
