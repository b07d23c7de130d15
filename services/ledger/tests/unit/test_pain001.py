"""Payment files as the bank gets them."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.bank.pain001 import SCHEMA, write_pain001
from ledger.bank.xml_border import schema_errors
from ledger.domain.payouts import (
    InvalidPayout,
    Payout,
    PayoutBatch,
    end_to_end_id,
    message_id,
    payment_information_id,
    sepa_text,
    uetr,
)

CLIENT = Payout(
    payout_id=UUID(int=7),
    amount_cents=123_405,
    creditor_name="Bouwbedrijf Łódź & Zonen",
    creditor_iban="NL91 ABNA 0417 1643 00",
    text="Doorstorting week 10; dossier 17",
)
BATCH = PayoutBatch(
    batch_id=UUID(int=1),
    created_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
    execute_on=date(2026, 3, 3),
    trust_entity_name="Stichting Derdengelden Quittance",
    trust_iban="NL02ABNA0123456789",
    payouts=(CLIENT,),
)

GOLDEN = """<?xml version='1.0' encoding='UTF-8'?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09">
  <CstmrCdtTrfInitn>
    <GrpHdr>
      <MsgId>00000000000000000000000000000001</MsgId>
      <CreDtTm>2026-03-02T09:00:00Z</CreDtTm>
      <NbOfTxs>1</NbOfTxs>
      <CtrlSum>1234.05</CtrlSum>
      <InitgPty>
        <Nm>Stichting Derdengelden Quittance</Nm>
      </InitgPty>
    </GrpHdr>
    <PmtInf>
      <PmtInfId>00000000000000000000000000000001-1</PmtInfId>
      <PmtMtd>TRF</PmtMtd>
      <BtchBookg>true</BtchBookg>
      <NbOfTxs>1</NbOfTxs>
      <CtrlSum>1234.05</CtrlSum>
      <PmtTpInf>
        <SvcLvl>
          <Cd>SEPA</Cd>
        </SvcLvl>
      </PmtTpInf>
      <ReqdExctnDt>
        <Dt>2026-03-03</Dt>
      </ReqdExctnDt>
      <Dbtr>
        <Nm>Stichting Derdengelden Quittance</Nm>
      </Dbtr>
      <DbtrAcct>
        <Id>
          <IBAN>NL02ABNA0123456789</IBAN>
        </Id>
        <Ccy>EUR</Ccy>
      </DbtrAcct>
      <DbtrAgt>
        <FinInstnId>
          <Othr>
            <Id>NOTPROVIDED</Id>
          </Othr>
        </FinInstnId>
      </DbtrAgt>
      <ChrgBr>SLEV</ChrgBr>
      <CdtTrfTxInf>
        <PmtId>
          <EndToEndId>00000000000000000000000000000007</EndToEndId>
          <UETR>{uetr}</UETR>
        </PmtId>
        <Amt>
          <InstdAmt Ccy="EUR">1234.05</InstdAmt>
        </Amt>
        <Cdtr>
          <Nm>Bouwbedrijf Lodz + Zonen</Nm>
        </Cdtr>
        <CdtrAcct>
          <Id>
            <IBAN>NL91ABNA0417164300</IBAN>
          </Id>
        </CdtrAcct>
        <RmtInf>
          <Ustrd>Doorstorting week 10, dossier 17</Ustrd>
        </RmtInf>
      </CdtTrfTxInf>
    </PmtInf>
  </CstmrCdtTrfInitn>
</Document>
"""


def with_payout(**facts: object) -> PayoutBatch:
    return replace(BATCH, payouts=(replace(CLIENT, **facts),))


def test_a_batch_is_written_as_the_bank_expects_it():
    assert write_pain001(BATCH).decode() == GOLDEN.format(uetr=uetr(CLIENT.payout_id))


def test_the_same_batch_is_the_same_bytes_and_another_has_other_ids():
    assert write_pain001(BATCH) == write_pain001(BATCH)
    other = UUID(int=2)
    assert message_id(other) != message_id(BATCH.batch_id)
    assert uetr(other) != uetr(CLIENT.payout_id)
    assert uetr(other).version == 4


def test_ids_fit_and_keep_to_the_character_set():
    worst = UUID(int=2**128 - 1)
    for ident in (message_id(worst), payment_information_id(worst), end_to_end_id(worst)):
        assert re.fullmatch(r"[A-Za-z0-9\-]{1,35}", ident)


@pytest.mark.parametrize(
    ("reference", "written"),
    [
        ("+++090/9337/55493+++", "<Issr>BBA</Issr></Tp><Ref>090933755493</Ref>"),
        ("RF18 5390 0754 7034", "<Cd>SCOR</Cd></CdOrPrtry></Tp><Ref>RF18539007547034</Ref>"),
        ("5000 0567 8901 2345", "<Issr>CUR</Issr></Tp><Ref>5000056789012345</Ref>"),
    ],
)
def test_a_structured_reference_goes_without_a_text(reference: str, written: str):
    raw = re.sub(r">\s+<", "><", write_pain001(with_payout(reference=reference, text=None)).decode())
    assert written in raw
    assert "Ustrd" not in raw


def test_a_known_bic_and_single_bookings_are_written():
    raw = write_pain001(replace(BATCH, trust_bic="ABNANL2A", single_bookings=True)).decode()
    assert "<BICFI>ABNANL2A</BICFI>" in raw
    assert "<BtchBookg>false</BtchBookg>" in raw


def test_no_address_is_ever_written():
    assert b"PstlAdr" not in write_pain001(BATCH)


@pytest.mark.parametrize(
    "batch",
    [
        replace(BATCH, payouts=()),
        replace(BATCH, payouts=(CLIENT, CLIENT)),
        replace(BATCH, trust_iban="NL03ABNA0123456789"),
        replace(BATCH, trust_bic="ABN"),
        replace(BATCH, trust_entity_name="  "),
        with_payout(amount_cents=0),
        with_payout(amount_cents=-1),
        with_payout(amount_cents=10**12),
        with_payout(creditor_iban="NL91ABNA0417164301"),
        with_payout(creditor_iban=BATCH.trust_iban),
        with_payout(creditor_name="株式会社"),
        with_payout(reference="RF18539007547034", text="and a text"),
        with_payout(reference="090933755494", text=None),
    ],
)
def test_what_no_bank_would_take_is_refused(batch: PayoutBatch):
    with pytest.raises(InvalidPayout):
        write_pain001(batch)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Żółć Sp. z o.o.", "Zolc Sp. z o.o."),
        ("Café Müller & Fils", "Cafe Muller + Fils"),
        ("Straße 'Ångström' #1", "Strasse 'Angstrom' 1"),
        ("Jan\u00a0de\tBoer_BV", "Jan de Boer-BV"),
        ("<b>x</b>", "b x /b"),
    ],
)
def test_a_name_stays_recognisable_in_the_banks_letters(name: str, written: str):
    assert sepa_text(name, limit=70) == written


@settings(deadline=None, max_examples=50)
@given(
    amounts=st.lists(st.integers(1, 10**9), min_size=1, max_size=20),
    name=st.text(max_size=120),
    text=st.text(max_size=300),
)
def test_every_batch_that_is_written_is_valid_and_adds_up(amounts: list[int], name: str, text: str):
    payouts = tuple(
        replace(CLIENT, payout_id=UUID(int=n), amount_cents=cents, creditor_name=f"X{name}", text=text)
        for n, cents in enumerate(amounts)
    )
    raw = write_pain001(replace(BATCH, payouts=payouts))
    assert schema_errors(raw, SCHEMA) == ()
    assert raw.count(b"<CdtTrfTxInf>") == len(amounts)
    total = sum(amounts)
    assert raw.count(f"<CtrlSum>{total // 100}.{total % 100:02d}</CtrlSum>".encode()) == 2
