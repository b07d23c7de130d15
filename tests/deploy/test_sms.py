"""The double against the provider's own client library: it must not notice."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from local_stack.ports import Ports
from local_stack.sms import SmsDouble, SmsServer


class HttpClientOfTheDouble(TwilioHttpClient):
    def __init__(self, base_url: str) -> None:
        super().__init__(timeout=10)
        self.base_url = base_url

    def request(self, method: str, url: str, *arguments: Any, **options: Any) -> Any:
        return super().request(method, url.replace("https://api.twilio.com", self.base_url), *arguments, **options)


def a_client(server: SmsServer, auth_token: str | None = None) -> Client:
    double = server.double
    http = HttpClientOfTheDouble(server.base_url)
    return Client(double.account_sid, auth_token or double.auth_token, http_client=http)


@pytest.fixture
def client(sms_server: SmsServer) -> Client:
    return a_client(sms_server)


def send(client: Client, to: str = "+31612345678", body: str = "Betaal € 12,50. Bedankt"):
    return client.messages.create(to=to, from_="+3197010000000", body=body)


def test_an_accepted_sms_is_queued_and_kept_as_a_file(client: Client, sms_server: SmsServer):
    message = send(client)

    assert message.sid.startswith("SM")
    assert len(message.sid) == 34
    assert (message.status, message.error_code, message.direction) == ("queued", None, "outbound-api")
    assert abs((datetime.now(UTC) - message.date_created).total_seconds()) < 60
    kept = json.loads((sms_server.double.folder / f"{message.sid}.json").read_text())
    assert (kept["to"], kept["body"]) == ("+31612345678", "Betaal € 12,50. Bedankt")


def test_an_sms_is_fetched_by_its_sid_and_an_unknown_one_is_not_found(client: Client):
    message = send(client)

    assert client.messages(message.sid).fetch().body == message.body
    with pytest.raises(TwilioRestException) as refused:
        client.messages("SM" + "0" * 32).fetch()
    assert (refused.value.status, refused.value.code) == (404, 20404)


def test_a_recipients_messages_of_a_day_are_listed_over_all_pages(client: Client):
    mine = [send(client, body=f"nummer {number}").sid for number in range(5)]
    send(client, to="+32470000002")
    listed = client.messages.list(to="+31612345678", date_sent=datetime.now(UTC), page_size=2)

    assert [message.sid for message in listed] == mine[::-1]
    assert client.messages.list(to="+31612345678", date_sent_before=datetime(2020, 1, 1, tzinfo=UTC)) == []


@pytest.mark.parametrize(
    ("to", "body", "code"),
    [
        ("0612345678", "hallo", 21211),
        ("+31600000000", "hallo", 21211),
        ("+31600000001", "hallo", 21610),
        ("+31612345678", "", 21602),
        ("+31612345678", "x" * 1601, 21617),
    ],
)
def test_what_the_provider_refuses_is_refused_with_its_code(client: Client, to: str, body: str, code: int):
    with pytest.raises(TwilioRestException) as refused:
        send(client, to=to, body=body)

    assert (refused.value.status, refused.value.code) == (400, code)
    assert client.messages.list() == []


def test_a_wrong_token_opens_nothing(sms_server: SmsServer):
    with pytest.raises(TwilioRestException) as refused:
        send(a_client(sms_server, "wrong"))

    assert (refused.value.status, refused.value.code) == (401, 20003)


def test_what_was_accepted_is_known_after_a_restart(tmp_path: Path, free_ports: Ports):
    first = SmsServer(SmsDouble(tmp_path), port=free_ports.pick("SMS"))
    first.start()
    sid = send(a_client(first)).sid
    first.stop()

    second = SmsServer(SmsDouble(tmp_path), port=free_ports.pick("SMS"))
    second.start()

    assert a_client(second).messages(sid).fetch().to == "+31612345678"
    second.stop()
