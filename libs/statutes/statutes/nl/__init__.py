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
from statutes.nl.contractual_interest import MonthlyPayment, contractual_interest
from statutes.nl.court import (
    Claimant,
    CourtFee,
    DefaultJudgmentCosts,
    WritTerm,
    court_fees,
    default_judgment_costs,
    writ_term,
)
from statutes.nl.figures import BailiffTariff, bailiff_tariff, company_is_large, consumer_credit_cap
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
from statutes.nl.monthly_interest import ContractualInterest
from statutes.nl.notices import (
    CollectionPause,
    ContactFrequency,
    PauseCause,
    collection_pause,
    contact_frequency,
    missing_letter_content,
    missing_specification,
    opposition_term,
    order_to_pay_term,
)
from statutes.nl.payment_term import PaymentTerm, payment_term
from statutes.nl.statement import StatementClaim, StatementPayment, statement
from statutes.references.payment_reference import PaymentReference, payment_reference

__all__ = [
    "Allocated",
    "AllocatedAcrossClaims",
    "BailiffTariff",
    "ClaimKind",
    "ClaimShare",
    "Claimant",
    "CollectionCosts",
    "CollectionCostsCheck",
    "CollectionPause",
    "ContactChannel",
    "ContactFrequency",
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
    "PauseCause",
    "PaymentReference",
    "PaymentTerm",
    "StatementClaim",
    "StatementPayment",
    "TermWording",
    "WritTerm",
    "allocation",
    "allocation_across_claims",
    "bailiff_tariff",
    "collection_costs",
    "collection_costs_check",
    "collection_costs_instalments",
    "collection_pause",
    "company_is_large",
    "consumer_credit_cap",
    "contact_frequency",
    "contact_window",
    "contractual_interest",
    "court_fees",
    "default_judgment_costs",
    "fourteen_day_letter",
    "fourteen_day_term",
    "insolvency_entry",
    "interest",
    "limitation",
    "missing_letter_content",
    "missing_specification",
    "next_contact_moment",
    "opposition_term",
    "order_to_pay_term",
    "payment_reference",
    "payment_term",
    "statement",
    "writ_term",
]
