"""CAMT.053.001.08, as the bank of the demo writes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from html import escape

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"


@dataclass(frozen=True, kw_only=True)
class Booking:
    """One entry of an account: a credit is positive. `reference` is structured, `issuer` says by whom."""

    amount_cents: int
    booked_on: date
    bank_reference: str
    other_name: str
    other_iban: str
    end_to_end_id: str = "NOTPROVIDED"
    issuer: str = ""
    reference: str = ""
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class StatementFile:
    """What one statement holds."""

    statement_id: str
    sequence_number: int
    created_at: datetime
    iban: str
    bic: str
    holder: str
    opened_on: date
    closed_on: date
    opening_cents: int
    bookings: Sequence[Booking]

    @property
    def closing_cents(self) -> int:
        """What is there at its end."""
        return self.opening_cents + sum(booking.amount_cents for booking in self.bookings)


def write_statement(statement: StatementFile) -> str:
    """The whole document."""
    receipts = [b.amount_cents for b in statement.bookings if b.amount_cents > 0]
    debits = [-b.amount_cents for b in statement.bookings if b.amount_cents < 0]
    created = statement.created_at.isoformat(timespec="seconds")
    turnover = amount(sum(receipts) + sum(debits))
    entries = "".join(write_entry(booking) for booking in statement.bookings)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="{NAMESPACE}">
<BkToCstmrStmt>
<GrpHdr><MsgId>{statement.statement_id}</MsgId><CreDtTm>{created}</CreDtTm></GrpHdr>
<Stmt>
<Id>{statement.statement_id}</Id>
<ElctrncSeqNb>{statement.sequence_number}</ElctrncSeqNb>
<CreDtTm>{created}</CreDtTm>
<Acct><Id><IBAN>{statement.iban}</IBAN></Id><Ccy>EUR</Ccy><Nm>{escape(statement.holder[:70])}</Nm>
<Svcr><FinInstnId><BICFI>{statement.bic}</BICFI></FinInstnId></Svcr></Acct>
{write_balance("OPBD", statement.opening_cents, statement.opened_on)}
{write_balance("CLBD", statement.closing_cents, statement.closed_on)}
<TxsSummry>
<TtlNtries><NbOfNtries>{len(statement.bookings)}</NbOfNtries><Sum>{turnover}</Sum></TtlNtries>
<TtlCdtNtries><NbOfNtries>{len(receipts)}</NbOfNtries><Sum>{amount(sum(receipts))}</Sum></TtlCdtNtries>
<TtlDbtNtries><NbOfNtries>{len(debits)}</NbOfNtries><Sum>{amount(sum(debits))}</Sum></TtlDbtNtries>
</TxsSummry>
{entries}</Stmt>
</BkToCstmrStmt>
</Document>
"""


def write_balance(code: str, cents: int, on: date) -> str:
    """One balance."""
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="EUR">{amount(abs(cents))}</Amt><CdtDbtInd>{sign(cents)}</CdtDbtInd><Dt><Dt>{on}</Dt></Dt></Bal>'
    )


def write_entry(booking: Booking) -> str:
    """One entry with the one payment in it."""
    side = "Dbtr" if booking.amount_cents > 0 else "Cdtr"
    family = "RCDT" if booking.amount_cents > 0 else "ICDT"
    direction = sign(booking.amount_cents)
    money = f'<Amt Ccy="EUR">{amount(abs(booking.amount_cents))}</Amt><CdtDbtInd>{direction}</CdtDbtInd>'
    parties = (
        f"<RltdPties><{side}><Pty><Nm>{escape(booking.other_name[:140])}</Nm></Pty></{side}>"
        f"<{side}Acct><Id><IBAN>{booking.other_iban}</IBAN></Id></{side}Acct></RltdPties>"
    )
    return f"""<Ntry>
<NtryRef>{booking.bank_reference}</NtryRef>{money}<Sts><Cd>BOOK</Cd></Sts>
<BookgDt><Dt>{booking.booked_on}</Dt></BookgDt><ValDt><Dt>{booking.booked_on}</Dt></ValDt>
<AcctSvcrRef>{booking.bank_reference}</AcctSvcrRef>
<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>{family}</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>
<NtryDtls><TxDtls>
<Refs><AcctSvcrRef>{booking.bank_reference}</AcctSvcrRef><EndToEndId>{escape(booking.end_to_end_id)}</EndToEndId></Refs>
{money}
{parties}
{write_remittance(booking)}
</TxDtls></NtryDtls>
</Ntry>
"""


def write_remittance(booking: Booking) -> str:
    """What the payer stated."""
    if booking.reference:
        return (
            "<RmtInf><Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry>"
            f"<Issr>{booking.issuer}</Issr></Tp><Ref>{escape(booking.reference)}</Ref></CdtrRefInf></Strd></RmtInf>"
        )
    return f"<RmtInf><Ustrd>{escape(booking.text[:140])}</Ustrd></RmtInf>" if booking.text else ""


def amount(cents: int) -> str:
    """With a point and two decimals."""
    return f"{cents // 100}.{cents % 100:02d}"


def sign(cents: int) -> str:
    """Credit or debit."""
    return "CRDT" if cents >= 0 else "DBIT"
