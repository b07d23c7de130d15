"""The tables of a notice: its claims, and how today's amount is made up (NL-WKI-8, BE-COL-4)."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import groupby
from operator import itemgetter

from contracts.notifications import TableBlock
from contracts.values import Language
from dunning.domain.case_file import CaseFile
from dunning.domain.texts import CommonText
from statutes import Line, Statement
from statutes.explanation import written_amount, written_day, written_percent


def claims_table(case_file: CaseFile, words: CommonText, language: Language) -> TableBlock:
    """The claims as they were handed over."""
    return TableBlock(
        header=words.claims_header,
        rows=tuple(
            (
                claim.terms.invoice_number,
                written_day(claim.terms.invoice_on, language),
                written_day(claim.terms.due_on, language),
                claim.terms.description,
                _amount(Decimal(claim.terms.principal_cents).scaleb(-2), language),
            )
            for claim in case_file.claims
        ),
    )


def specification_table(case_file: CaseFile, owed: Statement, words: CommonText, language: Language) -> TableBlock:
    """Principal, each line of interest, costs, indemnity, each payment; the printed lines add up to the total."""
    lines = [line for line in owed.explanation if line.amount]
    assert sum((line.amount for line in lines if line.amount is not None), Decimal(0)) == owed.total_open
    return TableBlock(
        header=words.specification_header,
        rows=tuple(
            (text, _amount(sum((amount for _, amount in alike), Decimal(0)), language))
            for text, alike in groupby(_rows(case_file, lines, words, language), key=itemgetter(0))
        ),
        total=(words.rows["total"], _amount(owed.total_open, language)),
    )


def invoices_named(case_file: CaseFile, words: CommonText, language: Language) -> str:
    """`factuur 12 van 1 maart 2026 en factuur 13 van ...`."""
    named = [
        _invoice(claim.terms.invoice_number, claim.terms.invoice_on, words, language) for claim in case_file.claims
    ]
    return words.list_and.join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)


def _rows(
    case_file: CaseFile, lines: list[Line], words: CommonText, language: Language
) -> Iterator[tuple[str, Decimal]]:
    grounds = {str(terms.claim_id): terms.series or "agreed" for terms in case_file.interest}
    claims = {str(claim.terms.claim_id): claim.terms for claim in case_file.claims}
    claim_id = ""
    for line in lines:
        assert line.amount is not None, "lines without an amount were left out"
        kind = line.text_key.removeprefix("statement.")
        match kind:
            case "principal":
                claim_id = str(line.inputs["claim_id"])
                terms = claims[claim_id]
                named = _invoice(terms.invoice_number, terms.invoice_on, words, language)
                yield words.rows["principal"].format(invoices=named), line.amount
            case "interest":
                ground = words.grounds[grounds.get(claim_id, "agreed")]
                yield words.rows["interest"].format(ground=ground, **_facts(line, language)), line.amount
            case _ if kind.startswith("payment"):  # a line for each part that it covered
                yield words.rows["payment"].format(**_facts(line, language)), line.amount
            case "costs":
                yield words.rows["costs_be" if line.rule_id.startswith("BE") else "costs"], line.amount
            case "vat" | "indemnity":
                yield words.rows[kind], line.amount
            case _:
                raise AssertionError(f"a statement has no line {kind}")


def _facts(line: Line, language: Language) -> dict[str, str]:
    written: dict[str, str] = {}
    for name, value in line.inputs.items():
        if isinstance(value, date):
            written[name] = written_day(value, language)
        elif isinstance(value, Decimal):
            is_percent = name.endswith("percent")
            written[name] = written_percent(value, language) if is_percent else _amount(value, language)
    return written


def _invoice(number: str, invoice_on: date, words: CommonText, language: Language) -> str:
    return words.invoice.format(number=number, invoice_on=written_day(invoice_on, language))


def _amount(amount: Decimal, language: Language) -> str:
    return written_amount(amount, language)
