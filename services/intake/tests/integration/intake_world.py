"""Who hands over what: builders of clients and claims, and what the tests ask the database."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import asyncpg
import httpx

from common.blocking import BlockingWork
from common.runner import Runner
from intake.settings import Settings

OPERATOR_KEY = "the operator's own key"


@dataclass(frozen=True, kw_only=True)
class Backend:
    runner: Runner
    pool: asyncpg.Pool
    settings: Settings
    blocking: BlockingWork = field(default_factory=BlockingWork)

    async def set_clock(self, now: datetime) -> None:
        await self.pool.execute("DELETE FROM clock")
        await self.pool.execute("INSERT INTO clock (now) VALUES ($1)", now)

    async def published(self) -> list[str]:
        rows = await self.pool.fetch("SELECT headers ->> 'ce_type' AS name FROM outbox ORDER BY seq")
        return [row["name"].split(".")[1] for row in rows]


def a_client(**changes: object) -> dict[str, object]:
    return {
        "name": "Rijwielhandel Jansen B.V.",
        "enterprise_number": "12345678",
        "country": "NL",
        "address": {"street": "Kade", "house_number": "1", "postcode": "3511ab", "city": "Utrecht"},
        "email": "debiteuren@example.org",
        "phone": "030 2345678",
        "is_sme": True,
        "can_deduct_vat": True,
        "judicial_phase_approved": True,
        "payout_rhythm": "daily",
        "payout_iban": "NL91 ABNA 0417 1643 00",
        "payout_name": "Rijwielhandel Jansen B.V.",
        **changes,
    }


def a_claim(**changes: str | None) -> dict[str, str]:
    claim = {
        "client_reference": "D-1",
        "invoice_number": "F-1",
        "invoice_date": "2026-01-05",
        "due_date": "2026-02-04",
        "description": "Bicycle",
        "principal": "349.90",
        "debtor_type": "consumer",
        "debtor_name": "S. de Vries",
        "street": "Dorpsstraat",
        "house_number": "12",
        "postcode": "3511 AB",
        "city": "Utrecht",
        "country": "NL",
        "email": "s.devries@example.org",
        **changes,
    }
    return {name: value for name, value in claim.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class Registered:
    client_id: str
    api_key: str
    folder: Path

    def headers(self, key: str = "") -> dict[str, str]:
        bearer = {"Authorization": f"Bearer {self.api_key}"}
        return {**bearer, "Idempotency-Key": key} if key else bearer


AS_OPERATOR = {"Authorization": f"Bearer {OPERATOR_KEY}"}


async def register(http: httpx.AsyncClient, **changes: object) -> Registered:
    answer = await http.post("/v1/clients", json=a_client(**changes), headers=AS_OPERATOR)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    return Registered(client_id=told["client_id"], api_key=told["api_key"], folder=Path(told["watched_folder"]))
