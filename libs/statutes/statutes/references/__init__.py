"""References that a payment carries, and the numbers of accounts and enterprises: made and checked."""

from statutes.references.bank_accounts import BankAccountCheck, iban, is_iban
from statutes.references.creditor_reference import CreditorReference, iso11649
from statutes.references.enterprise_numbers import NumberCheck, enterprise_number, vat_number
from statutes.references.epc import PaymentCode, epc_qr
from statutes.references.payment_reference import PaymentReference, payment_reference
from statutes.references.structured import StructuredCommunication, structured_communication

__all__ = [
    "BankAccountCheck",
    "CreditorReference",
    "NumberCheck",
    "PaymentCode",
    "PaymentReference",
    "StructuredCommunication",
    "enterprise_number",
    "epc_qr",
    "iban",
    "is_iban",
    "iso11649",
    "payment_reference",
    "structured_communication",
    "vat_number",
]
