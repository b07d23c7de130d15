"""SMS by Twilio's HTTP interface. Twilio takes no id of ours: a repeat is told by recipient, sender and exact text."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import requests
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client
from urllib3.exceptions import NewConnectionError

from common.calls import Outcome
from common.decisions import Result
from common.errors import InvalidMessage, TemporaryFailure
from common.messages import Value
from contracts.notifications import Content, TextBlock
from notifications.domain import NEVER_LEFT, Delivery
from notifications.metrics import ANSWERS

PROVIDER_URL = "https://api.twilio.com"
INVALID_NUMBER = frozenset({21211, 21214, 21217, 21401, 21421, 21604, 21614})
TOO_MANY_REQUESTS = 429
SERVER_FAULT = 500
DAYS_BACK = timedelta(days=1)  # the list is by UTC day, the release may have been before midnight
MOST_LISTED = 1_000


@dataclass(frozen=True, kw_only=True)
class SmsAccess:
    """Our access to the provider. `sender` is a number in E.164 or an alphanumeric sender."""

    account_sid: str
    auth_token: str
    sender: str
    base_url: str = PROVIDER_URL
    timeout_seconds: float = 20


class RedirectedClient(TwilioHttpClient):
    """Twilio's own client, with requests going to another base address when one is set."""

    def __init__(self, base_url: str, *, timeout_seconds: float) -> None:
        super().__init__(timeout=timeout_seconds)  # pyright: ignore[reportUnknownMemberType]  untyped library
        self.base_url = base_url.rstrip("/")

    def request(self, method: str, url: str, *arguments: Any, **named: Any) -> Any:
        """Send it to the base address."""
        return super().request(method, url.replace(PROVIDER_URL, self.base_url, 1), *arguments, **named)  # pyright: ignore[reportUnknownMemberType]  untyped library


class SmsChannel:
    """Sends one SMS a call. Twilio's client blocks: it runs in a thread."""

    payload: type[Value] = Delivery

    def __init__(self, access: SmsAccess) -> None:
        self.access = access
        http = RedirectedClient(access.base_url, timeout_seconds=access.timeout_seconds)
        self.client = Client(access.account_sid, access.auth_token, http_client=http)

    async def call(self, call_id: UUID, payload: Delivery) -> str:
        """Hand the SMS to the provider; answers the provider's id. Raises InvalidMessage when the number is refused and
        TemporaryFailure when the SMS certainly did not leave; any other fault came after it was on its way.
        """
        assert call_id == payload.message_id, "an SMS is called by its own id"
        try:
            answer = await asyncio.to_thread(self.send, payload)
        except InvalidMessage:
            ANSWERS.labels("twilio", "refused").inc()
            raise
        except TemporaryFailure:
            ANSWERS.labels("twilio", "failed").inc()
            raise
        ANSWERS.labels("twilio", "accepted").inc()
        return answer

    async def was_accepted(self, call_id: UUID, payload: Delivery) -> Outcome | None:
        """Look for it in the provider's list."""
        assert call_id == payload.message_id, "an SMS is called by its own id"
        found = await asyncio.to_thread(self.find, payload)
        if found is None:
            return Outcome(result=Result.FAILED, detail=NEVER_LEFT)
        return Outcome(result=Result.ACCEPTED, detail=found)

    def send(self, delivery: Delivery) -> str:
        """One request; after a fault of the provider its list is asked, for it may have taken the SMS all the same."""
        recipient, text = addressed(delivery)
        try:
            message = self.client.messages.create(to=recipient, from_=self.access.sender, body=text)
        except TwilioRestException as refusal:
            if refusal.status >= SERVER_FAULT and (found := self.find(delivery)) is not None:
                return found
            raise meaning(refusal) from refusal
        except requests.ConnectionError as fault:
            if never_connected(fault):
                raise TemporaryFailure("provider: no connection") from fault
            raise
        return str(message.sid)

    def find(self, delivery: Delivery) -> str | None:
        """The provider's id of this SMS, when it has it."""
        recipient, text = addressed(delivery)
        since: datetime = delivery.released_at - DAYS_BACK
        listed = self.client.messages.list(
            to=recipient, from_=self.access.sender, date_sent_after=since, limit=MOST_LISTED
        )
        return next((str(message.sid) for message in listed if message.body == text), None)


def addressed(delivery: Delivery) -> tuple[str, str]:
    """Number and text."""
    content = delivery.content.unpack(Content)
    text = "\n".join(block.text for block in content.blocks if isinstance(block, TextBlock))
    return content.phone or "", text


def meaning(refusal: TwilioRestException) -> Exception:
    """What an error of the provider means. Its words hold the number; its code does not."""
    if refusal.status == TOO_MANY_REQUESTS or refusal.status >= SERVER_FAULT:
        return TemporaryFailure(f"provider: {refusal.status}")
    if refusal.status in {401, 403} or refusal.code in {20003, 20404}:
        return TemporaryFailure(f"provider: {refusal.status} {refusal.code}")  # our access, not the message
    return InvalidMessage("invalid_address" if refusal.code in INVALID_NUMBER else "bounced", str(refusal.code))


def never_connected(fault: requests.ConnectionError) -> bool:
    """Whether not even a connection was made: then nothing was sent."""
    if isinstance(fault, requests.ConnectTimeout):
        return True
    reason = getattr(fault.args[0], "reason", None) if fault.args else None
    return isinstance(reason, NewConnectionError)
