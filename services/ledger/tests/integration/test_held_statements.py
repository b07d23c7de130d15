"""A statement that was held for want of the one before it is booked when it comes again behind that one."""

from datetime import UTC, datetime

import pytest
from camt_builder import TRUST_IBAN, a_file, a_line, a_statement

from common.blocking import BlockingWork
from common.calls import Caller
from common.runner import Runner
from contracts.registry import CATALOGUE
from ledger.bank.statement_files import take_statement_file
from ledger.consumers import CONSUMERS
from ledger.settings import TrustAccountSettings

ACCOUNTS = {"NL": TrustAccountSettings(iban=TRUST_IBAN, bic="TRIONL2U", holder="Stichting")}
MORNING = datetime(2026, 3, 5, 5, tzinfo=UTC)


@pytest.fixture
async def bank(pool, owner, tmp_path):
    """Puts a file into the bank's folder; answers the folder that it went to."""
    await owner.execute("INSERT INTO clock (now) VALUES ($1)", MORNING)
    runner = Runner(
        service="ledger", instance="ledger-0", pool=pool, catalogue=CATALOGUE, consumers=CONSUMERS, caller=Caller({})
    )
    blocking = BlockingWork()

    async def put(raw):
        path = tmp_path / "statement.xml"
        path.write_bytes(raw)
        await take_statement_file(path, runner=runner, blocking=blocking, trust_accounts=ACCOUNTS)
        [taken] = tmp_path.glob("*/statement.xml")
        folder = taken.parent.name
        taken.unlink()
        return folder

    yield put
    blocking.close()


def a_day(number, *, opening, cents):
    on = f"2026-03-0{number}"
    return a_file(a_statement([a_line(cents, booked_on=on)], opening=opening, number=number, on=on))


async def test_what_was_held_for_a_missing_statement_is_booked_behind_it_and_only_once(bank, ledger):
    first, second, third = (
        a_day(1, opening=0, cents=500), a_day(2, opening=500, cents=700), a_day(3, opening=1_200, cents=900),
    )  # fmt: skip
    assert [await bank(first), await bank(third), await bank(third)] == ["done", "held", "held"]
    assert await ledger.fetchval("SELECT count(*) FROM ledger.journal") == 1

    assert [await bank(second), await bank(third), await bank(third)] == ["done", "done", "done"]

    assert await ledger.fetchval("SELECT count(*) FROM ledger.journal") == 3
