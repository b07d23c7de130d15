"""Writes payment files into the folder that the bank's channel takes them from."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog

from common.calls import Outcome
from common.decisions import Result
from common.errors import InvalidMessage, TemporaryFailure
from common.messages import Value
from ledger.bank.pain001 import write_pain001
from ledger.domain.bank_days import next_bank_day
from ledger.domain.client_account import LOCAL
from ledger.domain.payment_files import PaymentFile
from ledger.domain.payouts import InvalidPayout, Payout, PayoutBatch
from ledger.settings import TrustAccountSettings

log = structlog.get_logger()


class PaymentFiles:
    """A channel to the bank: one pain.001 a remittance, named by its id, so that a repeat is the same file."""

    payload: type[Value] = PaymentFile

    def __init__(self, folder: Path, trust_accounts: Mapping[str, TrustAccountSettings]) -> None:
        self.folder, self.trust_accounts = folder, trust_accounts

    async def call(self, call_id: UUID, payload: Any) -> str:
        """Write the file whole (by rename); returns its name. Refuses what no bank would take."""
        try:
            raw = write_pain001(self.batch(payload))
        except InvalidPayout as fault:
            log.error("payment_file_refused", remittance_id=str(call_id), reason=str(fault))  # noqa: TRY400
            raise InvalidMessage("invalid_payout", str(fault)) from fault
        try:
            return await asyncio.to_thread(self._write, f"{call_id}.xml", raw)
        except OSError as fault:
            log.warning("payment_file_not_written", remittance_id=str(call_id), fault=type(fault).__name__)
            raise TemporaryFailure(f"the payment file could not be written: {type(fault).__name__}") from fault

    async def was_accepted(self, call_id: UUID, payload: Any) -> Outcome | None:
        """Whether the file stands there, taken by the bank or not."""
        del payload
        for path in (self.folder / f"{call_id}.xml", self.folder / "done" / f"{call_id}.xml"):
            if await asyncio.to_thread(path.exists):
                return Outcome(result=Result.ACCEPTED, detail=path.name)
        return None

    def batch(self, payload: PaymentFile) -> PayoutBatch:
        """The remittance as a batch of one, executed on the next bank day."""
        trust = self.trust_accounts[payload.country]
        local = payload.prepared_at.astimezone(LOCAL)
        return PayoutBatch(
            batch_id=payload.remittance_id,
            created_at=local,
            execute_on=next_bank_day(local.date() + timedelta(days=1)),
            trust_entity_name=trust.holder,
            trust_iban=trust.iban,
            trust_bic=trust.bic,
            payouts=(
                Payout(
                    payout_id=payload.remittance_id,
                    amount_cents=payload.amount_cents,
                    creditor_name=payload.payout_name,
                    creditor_iban=payload.payout_iban,
                    text=f"Afdracht {payload.remittance_id.hex[:12]}",
                ),
            ),
        )

    def _write(self, name: str, raw: bytes) -> str:
        self.folder.mkdir(parents=True, exist_ok=True)
        unfinished = self.folder / f"{name}.tmp"
        unfinished.write_bytes(raw)
        unfinished.rename(self.folder / name)
        return name
