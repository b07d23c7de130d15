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
from statutes.nl.fourteen_day_letter import (
    FourteenDayTerm,
    LetterChannel,
    LetterCheck,
    TermWording,
    fourteen_day_letter,
    fourteen_day_term,
)
from statutes.nl.interest import Interest, InterestLine, interest
from statutes.nl.payment_term import PaymentTerm, payment_term
from statutes.nl.statement import StatementClaim, StatementPayment, statement
from statutes.references.payment_reference import PaymentReference, payment_reference

__all__ = [
    "Allocated",
    "AllocatedAcrossClaims",
    "ClaimShare",
    "CollectionCosts",
    "CollectionCostsCheck",
    "ContactChannel",
    "ContactWindow",
    "FourteenDayTerm",
    "Instalment",
    "InstalmentCosts",
    "Interest",
    "InterestLine",
    "LetterAllocation",
    "LetterChannel",
    "LetterCheck",
    "LetterPayment",
    "OpenClaim",
    "Parts",
    "PaymentReference",
    "PaymentTerm",
    "StatementClaim",
    "StatementPayment",
    "TermWording",
    "allocation",
    "allocation_across_claims",
    "collection_costs",
    "collection_costs_check",
    "collection_costs_instalments",
    "contact_window",
    "fourteen_day_letter",
    "fourteen_day_term",
    "interest",
    "next_contact_moment",
    "payment_reference",
    "payment_term",
    "statement",
]
