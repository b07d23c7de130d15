"""The SMS channel: Twilio's own client against a double of Twilio's interface."""

import http.server
import json
import threading

import pytest
from notification_builders import MESSAGE, a_content, at

from common.decisions import Result
from common.errors import InvalidMessage, TemporaryFailure
from common.ids import name_id
from common.messages import Personal
from contracts.notifications import TextBlock
from notifications.channels.sms import SmsAccess, SmsChannel
from notifications.domain import NEVER_LEFT, Delivery

TEXT = "Quittance: er staat € 249,75 open, kenmerk 5000 0010 0000 0017. Vragen? 030 123 45 67"
SENDER = "+31970000000"


def a_delivery(message_id=MESSAGE, text=TEXT, **changed):
    content = a_content(blocks=(TextBlock(kind="paragraph", text=text),), **changed)
    return Delivery(message_id=message_id, language="nl", released_at=at(2, 9), content=Personal.pack(content))


def a_channel(base_url, account_sid="AC" + "0" * 32, auth_token="local"):  # noqa: S107  the double's
    return SmsChannel(
        SmsAccess(account_sid=account_sid, auth_token=auth_token, sender=SENDER, base_url=base_url, timeout_seconds=5)
    )


@pytest.fixture
def channel(sms_server):
    return a_channel(sms_server.base_url, sms_server.double.account_sid, sms_server.double.auth_token)


async def test_given_an_sms_when_it_is_sent_then_the_provider_has_it_and_its_id_is_the_proof(channel, sms_server):
    proof = await channel.call(MESSAGE, a_delivery())
    (message,) = sms_server.double.messages
    assert (message["sid"], message["to"], message["from"], message["body"]) == (proof, "+31612345678", SENDER, TEXT)


@pytest.mark.parametrize(
    ("phone", "code", "says"),
    [
        ("+31600000000", "invalid_address", "21211"),
        ("+31600000001", "bounced", "21610"),
        ("0612", "invalid_address", "21211"),
    ],
)
async def test_given_a_number_that_takes_no_sms_then_it_is_refused_without_the_number(
    channel, sms_server, phone, code, says
):
    with pytest.raises(InvalidMessage) as refusal:
        await channel.call(MESSAGE, a_delivery(phone=phone))
    assert (refusal.value.code, refusal.value.message) == (code, says)
    assert sms_server.double.messages == []


async def test_given_a_wrong_token_then_it_did_not_leave_and_may_later(sms_server):
    with pytest.raises(TemporaryFailure, match="401 20003"):
        await a_channel(sms_server.base_url, sms_server.double.account_sid, "wrong").call(MESSAGE, a_delivery())


async def test_given_no_provider_then_it_certainly_did_not_leave(free_ports):
    with pytest.raises(TemporaryFailure, match="no connection"):
        await a_channel(f"http://127.0.0.1:{free_ports.pick('nobody')}").call(MESSAGE, a_delivery())


async def test_the_providers_list_tells_whether_an_sms_had_left(channel):
    before = await channel.was_accepted(MESSAGE, a_delivery())
    proof = await channel.call(MESSAGE, a_delivery())
    after = await channel.was_accepted(MESSAGE, a_delivery())
    other = name_id("other")
    of_other = await channel.was_accepted(other, a_delivery(other, text="Quittance: een ander bericht"))
    assert (before.result, before.detail) == (Result.FAILED, NEVER_LEFT)
    assert (after.result, after.detail) == (Result.ACCEPTED, proof)
    assert of_other.detail == NEVER_LEFT


@pytest.fixture
def provider():
    """A provider that answers each request with the next of `statuses`; None closes the connection."""

    class Handler(http.server.BaseHTTPRequestHandler):
        statuses = ()
        listed = b'{"messages": [], "next_page_uri": null, "uri": "/", "page": 0, "page_size": 50}'

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.reply(type(self).statuses.pop(0), b'{"code": 20500, "message": "fault"}')

        def do_GET(self):
            self.reply(200, self.listed)

        def reply(self, status, body):
            if status is None:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.base_url = f"http://127.0.0.1:{server.server_port}"
    yield server
    server.shutdown()


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_given_a_provider_that_is_busy_or_broken_then_it_may_be_sent_later(provider, status):
    provider.RequestHandlerClass.statuses = [status]
    with pytest.raises(TemporaryFailure, match=str(status)):
        await a_channel(provider.base_url).call(MESSAGE, a_delivery())


async def test_given_a_broken_answer_about_an_sms_that_was_taken_then_its_id_is_found(provider):
    provider.RequestHandlerClass.statuses = [502]
    listed = {"messages": [{"sid": "SM1", "body": "taken"}], "next_page_uri": None, "uri": "/", "page": 0}
    provider.RequestHandlerClass.listed = json.dumps(listed).encode()
    assert await a_channel(provider.base_url).call(MESSAGE, a_delivery(text="taken")) == "SM1"


async def test_given_a_connection_lost_after_the_request_then_nobody_knows(provider):
    provider.RequestHandlerClass.statuses = [None]
    with pytest.raises(Exception) as raised:  # noqa: PT011
        await a_channel(provider.base_url).call(MESSAGE, a_delivery())
    assert not isinstance(raised.value, (InvalidMessage, TemporaryFailure))
