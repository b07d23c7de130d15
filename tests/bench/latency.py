"""How long a claim and a payment take through the whole platform, hop by hop over Kafka, with `fsync` on.

Run by `./quittance bench latency`. A claim on an idle platform: from the answer 201 until dunning has planned its
notice, and from the hour of sending until the mail server accepted the mail; the night between the two is no work of
ours. A payment at half load: from the commit of the statement that books it until the commit in which dunning folds it,
from when on the gate lets nothing out. Beside the claim stands the bare path in the same run: as many round trips over
Kafka one after the other, and one mail. Times of commits are PostgreSQL's own (`track_commit_timestamp`).
"""

import asyncio
import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles

from _limits import BareHops, a_mail, send_bare
from _platform import Scene, a_scene
from _stand import Figure, arguments, report, say, servers
from end_to_end import play_round

from cli.demo.bank import put_whole
from cli.demo.people import make_iban
from cli.demo.statements import Booking, StatementFile, write_statement
from cli.places import agency_file
from dunning.domain.jurisdictions import LAWS
from ledger.settings import trust_accounts

CLAIM_GOAL_MS, PAYMENT_GOAL_MS = 500, 2_000
CLAIM_HOPS = 5  # intake, ledger, dunning; then dunning to its debtor and back, and to notifications
PAYMENT_HOPS = 2  # from the trust account to the case account, and to dunning
PAYMENTS_A_STATEMENT = 5
PARTS_A_SECOND = 2
MORE_THAN_OWED_CENTS = 300_000
COMMITTED_AT = "extract(EPOCH FROM pg_xact_commit_timestamp(xmin))::float8"
BOOKED = f"SELECT id, {COMMITTED_AT} AS at FROM inbox_foreign WHERE source = 'bank'"  # noqa: S608
FOLDED = f"SELECT event_id, {COMMITTED_AT} AS at FROM inbox WHERE event_id = ANY($1::uuid[])"  # noqa: S608


@dataclass(frozen=True, kw_only=True)
class Registered:
    """A claim that was registered alone, and how long its planning took."""

    case_file_id: str
    reference_number: str
    planned_seconds: float


@dataclass(kw_only=True)
class Trust:
    """The Dutch trust account as its bank tells of it: a statement whenever asked."""

    folder: Path
    iban: str
    bic: str
    holder: str
    balance_cents: int = 0
    sent: int = 0
    booked: list[tuple[str, list[str]]] = field(default_factory=list[tuple[str, list[str]]])  # id, its case files

    def pay(self, scene: Scene, paid: Sequence[Registered]) -> None:
        """A statement with one payment, of more than is owed, for each of these."""
        self.sent += 1
        today = scene.now.date()
        bookings = [
            Booking(
                amount_cents=MORE_THAN_OWED_CENTS,
                booked_on=today,
                bank_reference=f"B{self.sent:06d}{number:03d}",
                other_name="Debtor",
                other_iban=make_iban("NL", 10_000 + number),
                issuer="CUR",
                reference="".join(c for c in LAWS["nl"].payment_reference(one.reference_number) if c.isdecimal()),
            )
            for number, one in enumerate(paid)
        ]
        statement = StatementFile(
            statement_id=f"NL-{self.sent:06d}",
            sequence_number=self.sent,
            created_at=scene.now,
            iban=self.iban,
            bic=self.bic,
            holder=self.holder,
            opened_on=today - timedelta(days=1),
            closed_on=today,
            opening_cents=self.balance_cents,
            bookings=bookings,
        )
        self.balance_cents = statement.closing_cents
        text = write_statement(statement)
        self.booked.append((hashlib.sha256(text.encode()).hexdigest(), [one.case_file_id for one in paid]))
        put_whole(self.folder / f"{self.sent:06d}.xml", text)


async def bench_latency(scene: Scene, *, claims: int, load: int) -> list[Figure]:
    """Claims one by one on an idle platform; then payments while half of the measured rate goes through."""
    async with scene.stepper:
        await scene.stepper.settle()
        await play_round(scene, min(load, 200))  # connections, plans and caches of all processes
        rate = (await play_round(scene, load)).rate
        say(f"{load} claims end to end: {rate:,.0f} a second; half of that is the load beside the payments")
        registered = [await register_one(scene) for _ in range(claims)]
        await scene.stepper.settle()
        seconds = -(-claims // PAYMENTS_A_STATEMENT)
        stock = await lay_up(scene, round(rate / 2 * seconds))
        alone = [one.case_file_id for one in registered]
        sent = [await send_one(scene, case_file_id) for case_file_id in alone]
        say(f"{claims} claims, one by one: planned and sent; now the bare path, and the payments")
        bare = await bare_path(scene, samples=claims)
        waiting = [key for key in stock if key not in set(alone)]
        paid = await pay_at_half_load(scene, registered, waiting, rate=rate / 2)
    return figures([one.planned_seconds for one in registered], sent, bare, paid)


async def register_one(scene: Scene) -> Registered:
    """Register a claim: from the 201 to the commit with which dunning has planned its notice."""
    fields = scene.a_claim()
    before = scene.planned()
    body = json.dumps(fields).encode()
    told = await asyncio.to_thread(scene.post_claim, body, key=fields["client_reference"])
    answered_at = time.time()
    await asyncio.to_thread(scene.wait_until_planned, before + 1)
    planned_at = await scene.stepper.connections["dunning"].fetchval(
        f"SELECT {COMMITTED_AT} FROM case_file WHERE case_file_id = $1::text::uuid",  # noqa: S608
        told["case_file_id"],
    )
    return Registered(
        case_file_id=told["case_file_id"],
        reference_number=told["reference_number"],
        planned_seconds=max(0.0, planned_at - answered_at),
    )


async def lay_up(scene: Scene, count: int) -> list[str]:
    """A stock of planned case files; then the next hour of sending, with all that waited for it kept back. Returns all
    that is kept back.
    """
    before = scene.planned()
    await asyncio.to_thread(scene.post_file, scene.csv_of(count))
    await asyncio.to_thread(scene.wait_until_planned, before + count)
    await scene.stepper.settle()
    rows = await scene.stepper.connections["dunning"].fetch(
        "UPDATE case_file SET due_at = NULL WHERE due_at > $1 AND state ->> 'step' = '0'"
        " AND jsonb_array_length(state -> 'notices') = 0 RETURNING case_file_id::text",
        scene.now,
    )
    await scene.next_day()
    await scene.stepper.settle()
    return [row["case_file_id"] for row in rows]


async def release(scene: Scene, case_file_ids: Sequence[str]) -> None:
    """Make what was kept back due now, as the clock would have done."""
    connection = scene.stepper.connections["dunning"]
    async with connection.transaction():
        await connection.execute(
            "UPDATE case_file SET due_at = (SELECT now FROM clock) WHERE case_file_id = ANY($1::text[]::uuid[])",
            case_file_ids,
        )
        await connection.execute("SELECT pg_notify('clock', '')")


async def send_one(scene: Scene, case_file_id: str) -> float:
    """Seconds from the hour of sending of this case file to its mail."""
    before, asked_at = scene.mails(), time.time()
    await release(scene, [case_file_id])
    await asyncio.to_thread(scene.wait_for_mails, before + 1, look_every_seconds=0.01)
    accepted_at = scene.accepted_at()[-1]
    await scene.stepper.settle()
    return accepted_at - asked_at


async def bare_path(scene: Scene, *, samples: int) -> list[float]:
    """Seconds of as many round trips over Kafka as a claim makes, one after the other, and one mail."""
    content = (next(scene.mail_folder.glob("*.eml"))).read_bytes()
    found: list[float] = []
    async with BareHops(scene.stand) as hops:
        await hops.seconds_of(10)
        for number in range(samples):
            mail, hopping = a_mail(content, number), await hops.seconds_of(CLAIM_HOPS)
            began = time.perf_counter()
            await send_bare(scene.smtp_port, mail)
            found.append(hopping + time.perf_counter() - began)
    return found


@dataclass(frozen=True, kw_only=True)
class Paid:
    """Payments at half load, with the bare round trips beside them, in seconds; and the load as it was."""

    blocked: list[float]
    bare: list[float]
    registered_a_second: float
    sent_a_second: float


async def pay_at_half_load(scene: Scene, paid: Sequence[Registered], stock: Sequence[str], *, rate: float) -> Paid:
    """Half of the rate comes in as files and half of it leaves as mails; once a second a statement with payments."""
    trust = Trust(folder=scene.folder / "bank_in", **trust_accounts(agency_file())["NL"].model_dump())
    statements = [paid[n : n + PAYMENTS_A_STATEMENT] for n in range(0, len(paid), PAYMENTS_A_STATEMENT)]
    a_part = max(1, round(rate / PARTS_A_SECOND))
    mails_before, began, bare = scene.mails(), time.perf_counter(), list[float]()
    coming: set[asyncio.Task[object]] = set()
    async with BareHops(scene.stand) as hops:
        for number in range(len(statements) * PARTS_A_SECOND):
            coming.add(asyncio.create_task(asyncio.to_thread(scene.post_file, scene.csv_of(a_part))))
            await release(scene, stock[number * a_part : (number + 1) * a_part])
            if number % PARTS_A_SECOND == 0:
                trust.pay(scene, statements[number // PARTS_A_SECOND])
            bare.append(await hops.seconds_of(PAYMENT_HOPS))
            await asyncio.sleep(max(0.0, began + (number + 1) / PARTS_A_SECOND - time.perf_counter()))
        lasted, mails = time.perf_counter() - began, scene.mails() - mails_before
        answered = sum(task.done() for task in coming) * a_part
        await asyncio.gather(*coming)
    await scene.stepper.settle()
    return Paid(
        blocked=await blocked_seconds(scene, trust),
        bare=bare,
        registered_a_second=answered / lasted,
        sent_a_second=mails / lasted,
    )


async def blocked_seconds(scene: Scene, trust: Trust) -> list[float]:
    """For each payment: from the commit of its statement to the commit in which dunning folded that the file is paid.
    Raises AssertionError when one was not.
    """
    ledger, dunning = scene.stepper.connections["ledger"], scene.stepper.connections["dunning"]
    booked = {row["id"].partition("/")[0]: row["at"] for row in await ledger.fetch(BOOKED)}
    told = {
        row["subject"]: row["id"]
        for row in await ledger.fetch(
            "SELECT subject::text, id FROM outbox_sent WHERE headers ->> 'ce_type' LIKE '%CaseFilePaid%'"
        )
    }
    folded = {row["event_id"]: row["at"] for row in await dunning.fetch(FOLDED, list(told.values()))}
    found = [folded[told[key]] - booked[digest] for digest, keys in trust.booked for key in keys]
    assert min(found) > 0, "a payment was folded before it was booked"
    return found


def figures(planned: Sequence[float], sent: Sequence[float], bare: Sequence[float], paid: Paid) -> list[Figure]:
    """Median and p99 of each, in milliseconds, beside their goals and limits."""
    whole = [first + second for first, second in zip(planned, sent, strict=True)]
    claim, payment = "claim registered (201) to mail accepted", "payment booked to sending blocked, half load"
    bare_claim, bare_payment = f"{CLAIM_HOPS} bare hops and a mail", f"{PAYMENT_HOPS} bare hops at that load"
    rows = [
        (f"{claim}, p99", p99(whole), "the goal", float(CLAIM_GOAL_MS)),
        (f"{claim}, p99", p99(whole), f"{bare_claim}, p99", p99(bare)),
        (f"{claim}, p50", p50(whole), f"{bare_claim}, p50", p50(bare)),
        ("of it 201 to planned, p50", p50(planned), f"{claim}, p50", p50(whole)),
        ("of it hour of sending to mail accepted, p50", p50(sent), f"{claim}, p50", p50(whole)),
        (f"{payment}, p99", p99(paid.blocked), "the goal", float(PAYMENT_GOAL_MS)),
        (f"{payment}, p99", p99(paid.blocked), f"{bare_payment}, p99", p99(paid.bare)),
        (f"{payment}, p50", p50(paid.blocked), f"{bare_payment}, p50", p50(paid.bare)),
    ]
    return [
        *(Figure(figure=name, value=value, unit="ms", limit=limit, limit_value=of) for name, value, limit, of in rows),
        Figure(figure="load beside the payments: claims registered", value=paid.registered_a_second, unit="claims/s"),
        Figure(figure="load beside the payments: mails accepted", value=paid.sent_a_second, unit="mails/s"),
    ]


def p50(seconds: Sequence[float]) -> float:
    """The median, in milliseconds."""
    return 1000 * median(seconds)


def p99(seconds: Sequence[float]) -> float:
    """The highest but one in a hundred, in milliseconds; of fewer the highest."""
    return 1000 * (quantiles(seconds, n=100, method="inclusive")[98] if len(seconds) > 1 else seconds[0])


def main() -> None:
    parser = arguments(__doc__, rounds=None)
    parser.add_argument("--claims", type=int, default=100, help="claims one by one; each is paid afterwards")
    parser.add_argument("--load", type=int, default=1_500, help="claims of the file that measures the whole rate")
    asked = parser.parse_args()
    with servers() as stand, a_scene(stand) as scene:
        found = asyncio.run(bench_latency(scene, claims=asked.claims, load=asked.load))
        report("latency", found, as_json=asked.json)


if __name__ == "__main__":
    main()
