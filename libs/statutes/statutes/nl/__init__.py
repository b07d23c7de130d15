"""Dutch collection law: one function a question, with the question's own name."""

from statutes.nl.allocation import (
    Allocated,
    AllocatedAcrossClaims,
    ClaimShare,
    OpenClaim,
    Parts,
    allocation,
    allocation_across_claims,
)
from statutes.nl.collection_costs import (
    CollectionCosts,
    CollectionCostsCheck,
    Instalment,
    InstalmentCosts,
    LetterAllocation,
    LetterPayment,
    collection_costs,
    collection_costs_check,
    collection_costs_instalments,
)
from statutes.nl.contact_window import ContactChannel, ContactWindow, contact_window, next_contact_moment
from statutes.nl.contractual_interest import ContractualInterest, MonthlyPayment, contractual_interest
from statutes.nl.court import (
    Claimant,
    CourtFee,
    DefaultJudgmentCosts,
    WritTerm,
    court_fees,
    default_judgment_costs,
    writ_term,
)
from statutes.nl.fourteen_day_letter import (
    FourteenDayTerm,
    LetterChannel,
    LetterCheck,
    TermWording,
    fourteen_day_letter,
    fourteen_day_term,
)
from statutes.nl.insolvency import InsolvencyEntry, insolvency_entry
from statutes.nl.interest import Interest, InterestLine, interest
from statutes.nl.limitation import ClaimKind, Limitation, limitation
from statutes.nl.payment_term import PaymentTerm, payment_term
from statutes.nl.statement import StatementClaim, StatementPayment, statement
from statutes.references.payment_reference import PaymentReference, payment_reference

__all__ = [
    "Allocated",
    "AllocatedAcrossClaims",
    "ClaimKind",
    "ClaimShare",
    "Claimant",
    "CollectionCosts",
    "CollectionCostsCheck",
    "ContactChannel",
    "ContactWindow",
    "ContractualInterest",
    "CourtFee",
    "DefaultJudgmentCosts",
    "FourteenDayTerm",
    "InsolvencyEntry",
    "Instalment",
    "InstalmentCosts",
    "Interest",
    "InterestLine",
    "LetterAllocation",
    "LetterChannel",
    "LetterCheck",
    "LetterPayment",
    "Limitation",
    "MonthlyPayment",
    "OpenClaim",
    "Parts",
    "PaymentReference",
    "PaymentTerm",
    "StatementClaim",
    "StatementPayment",
    "TermWording",
    "WritTerm",
    "allocation",
    "allocation_across_claims",
    "collection_costs",
    "collection_costs_check",
    "collection_costs_instalments",
    "contact_window",
    "contractual_interest",
    "court_fees",
    "default_judgment_costs",
    "fourteen_day_letter",
    "fourteen_day_term",
    "insolvency_entry",
    "interest",
    "limitation",
    "next_contact_moment",
    "payment_reference",
    "payment_term",
    "statement",
    "writ_term",
]
