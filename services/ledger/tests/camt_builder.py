"""Builders of CAMT statements: as a bank would write them (valid), or bent as some banks do."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

TRUST_IBAN = "NL02ABNA0123456789"
PAYER_IBAN = "BE68539007547034"


@dataclass(frozen=True, kw_only=True)
class Payment:
    """One `TxDtls`."""

    cents: int
    text: str = ""
    reference: str = ""
    issuer: str = ""
    name: str = "J. Janssens"
    iban: str = PAYER_IBAN
    end_to_end_id: str = "NOTPROVIDED"
    return_reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One `Ntry`; without `payments` it has no details."""

    cents: int
    booked_on: str = "2026-03-02"
    reference: str = ""
    status: str = "BOOK"
    payments: Sequence[Payment] = field(default_factory=tuple)
    text: str = ""
    currency: str = "EUR"
    batch: int | None = None
    payment_information_id: str = ""
    is_reversal: bool = False


def a_line(cents: int, **facts: object) -> Line:
    """An entry with one payment in it."""
    own = {name: facts.pop(name) for name in ("booked_on", "status", "is_reversal") if name in facts}
    reference = facts.pop("bank_reference", f"REF{abs(cents)}")
    return Line(cents=cents, reference=reference, payments=(Payment(cents=cents, **facts),), **own)


def a_statement(
    lines: Sequence[Line] = (),
    *,
    opening: int = 100_000,
    closing: int | None = None,
    iban: str = TRUST_IBAN,
    on: str = "2026-03-02",
    before: str = "2026-03-01",
    number: int | None = 1,
    version: str = "08",
    statement_id: str = "S-1",
    totals: bool = False,
    extra: str = "",
) -> str:
    """One `Stmt`. The closing balance is right unless another is given."""
    booked = sum(line.cents for line in lines if line.status == "BOOK")
    closing = opening + booked if closing is None else closing
    return (
        f"<Stmt><Id>{statement_id}</Id>{extra}"
        + (f"<ElctrncSeqNb>{number}</ElctrncSeqNb>" if number is not None else "")
        + f"<CreDtTm>{on}T06:00:00</CreDtTm>"
        + f"<Acct><Id><IBAN>{iban}</IBAN></Id><Ccy>EUR</Ccy></Acct>"
        + a_balance("OPBD", opening, before)
        + a_balance("CLBD", closing, on)
        + (_totals(lines) if totals else "")
        + "".join(_entry(line, version) for line in lines)
        + "</Stmt>"
    )


def a_file(*statements: str, version: str = "08") -> bytes:
    """A whole CAMT.053 document."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}">'
        "<BkToCstmrStmt><GrpHdr><MsgId>M-1</MsgId><CreDtTm>2026-03-02T06:00:00</CreDtTm></GrpHdr>"
        f"{''.join(statements)}</BkToCstmrStmt></Document>"
    ).encode()


def a_balance(code: str, cents: int, on: str) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{_amount(cents)}{_sign(cents)}"
        f"<Dt><Dt>{on}</Dt></Dt></Bal>"
    )


def _amount(cents: int, currency: str = "EUR") -> str:
    return f'<Amt Ccy="{currency}">{abs(cents) // 100}.{abs(cents) % 100:02d}</Amt>'


def _sign(cents: int) -> str:
    return f"<CdtDbtInd>{'CRDT' if cents >= 0 else 'DBIT'}</CdtDbtInd>"


def _totals(lines: Sequence[Line]) -> str:
    incoming = [line.cents for line in lines if line.cents >= 0]
    outgoing = [-line.cents for line in lines if line.cents < 0]
    parts = (("TtlNtries", incoming + outgoing), ("TtlCdtNtries", incoming), ("TtlDbtNtries", outgoing))
    inner = "".join(
        f"<{name}><NbOfNtries>{len(some)}</NbOfNtries><Sum>{sum(some) // 100}.{sum(some) % 100:02d}</Sum></{name}>"
        for name, some in parts
    )
    return f"<TxsSummry>{inner}</TxsSummry>"


def _entry(line: Line, version: str) -> str:
    status = f"<Sts><Cd>{line.status}</Cd></Sts>" if int(version) >= 8 else f"<Sts>{line.status}</Sts>"
    day = f"<Dt>{line.booked_on}</Dt>"
    batch = ""
    if line.batch is not None or line.payment_information_id:
        ident = f"<PmtInfId>{line.payment_information_id}</PmtInfId>" if line.payment_information_id else ""
        number = f"<NbOfTxs>{line.batch}</NbOfTxs>" if line.batch is not None else ""
        batch = f"<Btch>{ident}{number}</Btch>"
    details = batch + "".join(_details(payment, version) for payment in line.payments)
    return (
        f"<Ntry>{_amount(line.cents, line.currency)}{_sign(line.cents)}"
        + ("<RvslInd>true</RvslInd>" if line.is_reversal else "")
        + f"{status}<BookgDt>{day}</BookgDt><ValDt>{day}</ValDt>"
        + (f"<AcctSvcrRef>{line.reference}</AcctSvcrRef>" if line.reference else "")
        + "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>"
        + (f"<NtryDtls>{details}</NtryDtls>" if details else "")
        + (f"<AddtlNtryInf>{escape(line.text)}</AddtlNtryInf>" if line.text else "")
        + "</Ntry>"
    )


def _details(payment: Payment, version: str) -> str:
    side = "Dbtr" if payment.cents >= 0 else "Cdtr"
    name = f"<Nm>{escape(payment.name)}</Nm>"
    party = f"<Pty>{name}</Pty>" if int(version) >= 8 else name
    if int(version) >= 3:
        amount = _amount(payment.cents) + _sign(payment.cents)
    else:
        amount = f"<AmtDtls><TxAmt>{_amount(payment.cents)}</TxAmt></AmtDtls>"
    return (
        f"<TxDtls><Refs><EndToEndId>{payment.end_to_end_id}</EndToEndId></Refs>{amount}"
        f"<RltdPties><{side}>{party}</{side}><{side}Acct><Id><IBAN>{payment.iban}</IBAN></Id></{side}Acct></RltdPties>"
        f"{_remittance(payment)}"
        + (f"<RtrInf><Rsn><Cd>{payment.return_reason}</Cd></Rsn></RtrInf>" if payment.return_reason else "")
        + "</TxDtls>"
    )


def _remittance(payment: Payment) -> str:
    if payment.reference:
        issuer = f"<Issr>{payment.issuer}</Issr>" if payment.issuer else ""
        inner = (
            f"<Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry>{issuer}</Tp>"
            f"<Ref>{payment.reference}</Ref></CdtrRefInf></Strd>"
        )
    else:
        inner = f"<Ustrd>{escape(payment.text)}</Ustrd>" if payment.text else ""
    return f"<RmtInf>{inner}</RmtInf>" if inner else ""
