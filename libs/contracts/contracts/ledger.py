"""What the ledger says about money: charges, payments, allocation, remittance, the trust account."""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from common.messages import Command, Event, Personal, Value
from contracts.legal import Balance
from contracts.values import Cents, Country, Rate


class Charge(Value):
    """One posting of what the debtor owes on top of principal; `on` is the day from which it is due."""

    claim_id: UUID
    kind: Literal["costs", "vat", "indemnity"]
    amount_cents: Cents
    on: date
    rule: str  # rule id of the law


class InterestTerms(Value):
    """From when a claim bears interest and at which rate; replaces what was known of this claim."""

    claim_id: UUID
    from_on: date
    series: str | None = None
    percent_per_year: Rate | None = None


class AllocationPart(Value):
    """Which part of a payment covered what of one claim. Negative where a payment with an earlier value date moved what
    an earlier booking had covered; over all payments of a claim every bucket adds up to what is really covered.
    """

    claim_id: UUID
    costs_cents: Cents = 0
    vat_cents: Cents = 0
    late_interest_cents: Cents = 0
    principal_cents: Cents = 0
    indemnity_cents: Cents = 0


class PaymentShare(Value):
    """What of one payment falls on one claim."""

    payment_id: UUID
    claim_id: UUID
    amount_cents: Cents
    value_on: date


class CostCharged(Event):
    """What the debtor owes besides principal from now on: the answer to an expired notice (`notice_id`), or to the
    acceptance of a commercial claim (`notice_id` null). May hold nothing: the law then gives nothing. Comes again for a
    notice whose costs a payment had lowered that the bank took back.
    """

    topic: ClassVar[str] = "ledger.case-files.v1"
    key_field: ClassVar[str] = "case_file_id"

    case_file_id: UUID
    notice_id: UUID | None
    charges: tuple[Charge, ...]
    interest: tuple[InterestTerms, ...]


class CostLowered(Event):
    """A payment that was made inside the term of a notice became known after its costs were charged: the law gives less
    of them, or none. `reversed` no longer counts, `charges` counts instead; the claims `without_interest` bear none.
    """

    topic: ClassVar[str] = "ledger.case-files.v1"
    key_field: ClassVar[str] = "case_file_id"

    case_file_id: UUID
    notice_id: UUID
    payment_id: UUID
    reversed: tuple[Charge, ...]
    charges: tuple[Charge, ...]
    without_interest: tuple[UUID, ...]


class PaymentAllocated(Event):
    """A payment was matched to the case file and covered this; `open_cents` is what is left, interest to `value_on`.

    `overpaid_cents` is kept apart for the payer; more than `amount_cents` where by this payment's value date others had
    paid what is not owed. `written_off_cents` is a remainder that is let go: interest of the days between the notice
    and the payment; negative where an earlier one is no longer needed. `all_shares` is empty, unless this payment was
    made before others that were told first: it then takes the place of all that was told of each payment and claim.
    `balance` is all that is owed on the day on which this became known, with the costs of terms that passed since.
    The last payment is told anew, with what changed, when a claim or a term becomes known that earlier payments cover.
    """

    topic: ClassVar[str] = "ledger.case-files.v1"
    key_field: ClassVar[str] = "case_file_id"

    case_file_id: UUID
    payment_id: UUID
    amount_cents: Cents  # of the bank line
    value_on: date
    received_by: Literal["agency"] = "agency"
    parts: tuple[AllocationPart, ...]
    overpaid_cents: Cents
    written_off_cents: Cents = 0
    open_cents: Cents
    all_shares: tuple[PaymentShare, ...] = ()
    balance: Balance | None = None


class CaseFilePaid(Event):
    """Nothing is open any more."""

    topic: ClassVar[str] = "ledger.case-files.v1"
    key_field: ClassVar[str] = "case_file_id"

    case_file_id: UUID
    payment_id: UUID
    paid_on: date


class PaymentReversed(Event):
    """The bank took a payment back, so it never counted: what it covered is owed again.

    `parts`, `overpaid_cents` and `written_off_cents` are to be added to all that was told before, as those of a payment
    are; together the first two are the amount with its sign turned. `all_shares` takes the place of all that was told
    of each payment and claim. `open_cents` is what is left, as `PaymentAllocated` has it; above zero, the case file is
    not paid, whatever was said before. `balance` is all that is owed on the day on which this became known.
    """

    topic: ClassVar[str] = "ledger.case-files.v1"
    key_field: ClassVar[str] = "case_file_id"

    case_file_id: UUID
    payment_id: UUID
    amount_cents: Cents  # of the bank line that brought it
    value_on: date  # of the bank line that took it back
    parts: tuple[AllocationPart, ...]
    overpaid_cents: Cents
    written_off_cents: Cents = 0
    open_cents: Cents
    all_shares: tuple[PaymentShare, ...]
    balance: Balance


class PaymentUnmatched(Event):
    """A receipt that names no case file we know stands in suspense."""

    topic: ClassVar[str] = "ledger.trust-accounts.v1"
    key_field: ClassVar[str] = "trust_account_id"

    trust_account_id: UUID
    payment_id: UUID
    amount_cents: Cents
    value_on: date


class StatementReconciled(Event):
    """A bank statement was booked whole."""

    topic: ClassVar[str] = "ledger.trust-accounts.v1"
    key_field: ClassVar[str] = "trust_account_id"

    trust_account_id: UUID
    statement_id: str
    booked_on: date
    entries: int
    closing_cents: Cents


class StatementHeld(Event):
    """A bank statement failed a control: nothing of it is booked until a person decides."""

    topic: ClassVar[str] = "ledger.trust-accounts.v1"
    key_field: ClassVar[str] = "trust_account_id"

    trust_account_id: UUID
    statement_id: str
    findings: tuple[str, ...]


class TrustInvariantHeld(Event):
    """After a booked statement: the bank equals what is owed to others plus identified transit."""

    topic: ClassVar[str] = "ledger.trust-accounts.v1"
    key_field: ClassVar[str] = "trust_account_id"

    trust_account_id: UUID
    statement_id: str
    bank_cents: Cents
    owed_cents: Cents


class TrustInvariantBroken(Event):
    """It does not: somebody is called."""

    topic: ClassVar[str] = "ledger.trust-accounts.v1"
    key_field: ClassVar[str] = "trust_account_id"

    trust_account_id: UUID
    statement_id: str
    bank_cents: Cents
    owed_cents: Cents
    difference_cents: Cents


class RemittancePrepared(Event):
    """Collected money of a client stands in a payment file."""

    topic: ClassVar[str] = "ledger.clients.v1"
    key_field: ClassVar[str] = "client_id"

    client_id: UUID
    remittance_id: UUID
    amount_cents: Cents
    prepared_at: datetime


class RemittanceRefused(Event):
    """No bank would take its payment file; the money waits until the client's mandate has another name or account."""

    topic: ClassVar[str] = "ledger.clients.v1"
    key_field: ClassVar[str] = "client_id"

    client_id: UUID
    remittance_id: UUID
    amount_cents: Cents
    reason: str  # what is wrong, never the account itself


class RemittanceExecuted(Event):
    """The bank debited it: the money is with the client."""

    topic: ClassVar[str] = "ledger.clients.v1"
    key_field: ClassVar[str] = "client_id"

    client_id: UUID
    remittance_id: UUID
    amount_cents: Cents
    executed_on: date


class BookReceipt(Command):
    """One credit entry of a booked statement looks for its case file (the ledger to itself). Keyed by the trust
    account: two payments of one morning on one case file are covered in the order in which the bank booked them.
    """

    topic: ClassVar[str] = "ledger.requests.v1"
    key_field: ClassVar[str] = "trust_account_id"
    subject_field: ClassVar[str | None] = "payment_id"

    payment_id: UUID  # the entry's fingerprint
    trust_account_id: UUID
    country: Country  # whose trust entity received it
    amount_cents: Cents
    value_on: date
    booked_on: date
    references: tuple[str, ...]  # structured references found, digits or RF
    payer_account: Personal | None = None
    remittance_text: Personal | None = None
    tries: int = 0  # how often it was looked for before: a file may become known after its payment


class ReverseReceipt(Command):
    """One debit entry of a booked statement takes a receipt back (the ledger to itself). Keyed as the receipt was, so
    that it comes behind it.
    """

    topic: ClassVar[str] = "ledger.requests.v1"
    key_field: ClassVar[str] = "trust_account_id"
    subject_field: ClassVar[str | None] = "payment_id"

    payment_id: UUID  # the receipt's
    return_id: UUID  # the debit entry's fingerprint
    trust_account_id: UUID
    country: Country
    amount_cents: Cents
    value_on: date
    booked_on: date
    references: tuple[str, ...]  # the receipt's


class BookPayout(Command):
    """One debit entry of a booked statement confirms a remittance (the ledger to itself)."""

    topic: ClassVar[str] = "ledger.requests.v1"
    key_field: ClassVar[str] = "remittance_id"

    remittance_id: UUID
    amount_cents: Cents
    booked_on: date


class CreditClient(Command):
    """Money received on a case file is due to its client (the ledger to itself)."""

    topic: ClassVar[str] = "ledger.requests.v1"
    key_field: ClassVar[str] = "client_id"
    subject_field: ClassVar[str | None] = "case_file_id"

    client_id: UUID
    case_file_id: UUID
    payment_id: UUID
    country: Country
    amount_cents: Cents
    value_on: date


class DebitClient(Command):
    """Money credited to a client proved not to be owed by the debtor: it is the payer's. Or the bank took the payment
    back, by the debit `return_id`: it is the bank's (the ledger to itself).
    """

    topic: ClassVar[str] = "ledger.requests.v1"
    key_field: ClassVar[str] = "client_id"
    subject_field: ClassVar[str | None] = "case_file_id"

    client_id: UUID
    case_file_id: UUID
    payment_id: UUID  # whose value date showed it
    country: Country
    amount_cents: Cents
    value_on: date
    return_id: UUID | None = None


class ReconcileTrust(Command):
    """Prove the trust invariant after a booked statement (the ledger to itself)."""

    topic: ClassVar[str] = "ledger.requests.v1"
    key_field: ClassVar[str] = "trust_account_id"

    trust_account_id: UUID
    iban: str  # the trust account's own
    statement_id: str
    statement_key: UUID
    closed_on: date
    closing_cents: Cents
    entries: int
