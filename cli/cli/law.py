"""`quittance law`: what the law gives on given facts, as tables for people and as JSON for programs.

Each command asks one question of `statutes`, most under its topic name, so that it says nothing that the law does not.
"""

import json
import sys
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn, cast, get_args

import typer

from cli.law_tables import show_answer, show_rates, show_tables, show_verification
from statutes import ClaimTerms, LawError, Posting, Series
from statutes import statement as state
from statutes.evaluate import evaluate as evaluate_questions
from statutes.law_page import render
from statutes.parsing import arguments
from statutes.statement import PostingKind
from statutes.topics import topic_named
from statutes.verification import verification

law_app = typer.Typer(
    name="law", help="Ask the law: amounts, terms and rates, each with its article.", no_args_is_help=True
)

LIST_UNREADABLE = 2


class Country(StrEnum):
    """Whose law answers."""

    NL = "nl"
    BE = "be"


class Language(StrEnum):
    """The language of the explanation."""

    EN = "en"
    NL = "nl"
    FR = "fr"
    DE = "de"


Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
In = Annotated[Language, typer.Option("--language", "-l", help="Language of the explanation.")]
Of = Annotated[Country, typer.Option("--country", "-c", help="Whose law.")]


@law_app.command()
def costs(
    *,
    principals: Annotated[list[str], typer.Argument(help="The unpaid bills of one creditor in one letter.")],
    no_vat_deduction: Annotated[bool, typer.Option(help="The creditor cannot deduct VAT.")] = False,
    commercial: Annotated[bool, typer.Option(help="A contract between enterprises.")] = False,
    last_payment_on: Annotated[str | None, typer.Option(help="Last day agreed for payment.")] = None,
    paid: Annotated[str | None, typer.Option(help="A payment after the fourteen-day letter.")] = None,
    after_term: Annotated[bool, typer.Option(help="The payment came after the fourteen days.")] = False,
    language: In = Language.EN,
    as_json: Json = False,
) -> None:
    """Dutch collection costs on unpaid bills."""
    payment = None if paid is None else {"amount": _amount(paid), "inside_term": not after_term}
    inputs = {
        "principals": [_amount(principal) for principal in principals],
        "creditor_can_deduct_vat": not no_vat_deduction,
        "is_commercial_contract": commercial,
        "last_payment_on": last_payment_on,
        "payment": payment,
    }
    _answer("nl.collection_costs", inputs, language, as_json=as_json)


@law_app.command()
def interest(
    *,
    principal: Annotated[str, typer.Argument(help="The sum that bears interest.")],
    series: Annotated[str, typer.Option(help="A series of `law rates`.")],
    start: Annotated[str, typer.Option("--from", help="First day that bears interest.")],
    end: Annotated[str, typer.Option("--until", help="NL: first day that no longer does; BE: last day that does.")],
    language: In = Language.EN,
    as_json: Json = False,
) -> None:
    """Interest on a sum over a period, line by line."""
    inputs = {"principal": _amount(principal), "series": series, "from_on": start}
    if series.startswith("be_"):
        _answer("be.interest", {**inputs, "through_on": end}, language, as_json=as_json)
    else:
        _answer("nl.interest", {**inputs, "until_on": end}, language, as_json=as_json)


@law_app.command()
def notice(
    *,
    sent_on: Annotated[str, typer.Argument(help="Day of sending (by e-mail: of acceptance).")],
    channel: Annotated[str, typer.Option(help="post, e_mail or (NL) portal.")] = "post",
    formal: Annotated[bool, typer.Option(help="BE: the collector's notice instead of the first reminder.")] = False,
    country: Of = Country.NL,
    language: In = Language.EN,
    as_json: Json = False,
) -> None:
    """When the term of a letter starts and ends, and from when costs are owed."""
    if country is Country.NL:
        day = "sent_on" if channel == "post" else "delivered_on"
        _answer("nl.fourteen_day_term", {"channel": channel, day: sent_on}, language, as_json=as_json)
    elif formal:
        _answer("be.notice_term", {"sent_on": sent_on}, language, as_json=as_json)
    else:
        _answer("be.reminder_term", {"sent_on": sent_on, "channel": channel}, language, as_json=as_json)


@law_app.command()
def allocate(
    *,
    payments: Annotated[list[str], typer.Argument(help="Payments, one after the other.")],
    principal: Annotated[str, typer.Option(help="Open principal.")],
    costs: Annotated[str, typer.Option(help="Open costs, with VAT.")] = "0",
    late_interest: Annotated[str, typer.Option(help="Open interest.")] = "0",
    indemnity: Annotated[str | None, typer.Option(help="BE: open indemnity.")] = None,
    country: Of = Country.NL,
    language: In = Language.EN,
    as_json: Json = False,
) -> None:
    """What payments cover of a claim."""
    inputs: dict[str, Any] = {
        "costs": _amount(costs),
        "late_interest": _amount(late_interest),
        "principal": _amount(principal),
        "payments": [_amount(payment) for payment in payments],
    }
    if indemnity is not None:
        inputs["indemnity"] = _amount(indemnity)
    _answer(f"{country}.allocation", inputs, language, as_json=as_json)


@law_app.command()
def ios(
    *,
    served_on: Annotated[str, typer.Argument(help="Day of service of the demand.")],
    title_served_on: Annotated[str | None, typer.Option(help="Day of service of the title.")] = None,
    language: In = Language.EN,
    as_json: Json = False,
) -> None:
    """Terms of the Belgian procedure for uncontested claims."""
    inputs = {"served_on": served_on, "title_served_on": title_served_on}
    _answer("be.ios_dates", inputs, language, as_json=as_json)


@law_app.command()
def limitation(
    *,
    due_on: Annotated[str, typer.Argument(help="Due day; of a judgment: its day; BE: day the term is counted from.")],
    kind: Annotated[str, typer.Option(help="NL: contract, consumer_sale_price, judgment or other.")] = "contract",
    months: Annotated[int, typer.Option(help="BE: length of the term.")] = 12,
    interrupted_on: Annotated[
        list[str] | None, typer.Option(help="A letter that interrupts; BE: a lawyer's or bailiff's.")
    ] = None,
    country: Of = Country.NL,
    language: In = Language.EN,
    as_json: Json = False,
) -> None:
    """When a claim is barred."""
    days = interrupted_on or []
    if country is Country.NL:
        inputs: dict[str, Any] = {"claim_kind": kind, "due_on": due_on, "interruptions": days}
    else:
        acts = [{"on": day, "kind": "lawyers_notice"} for day in days]
        inputs = {"starts_on": due_on, "term_months": months, "acts": acts}
    _answer(f"{country}.limitation", inputs, language, as_json=as_json)


@law_app.command()
def reference(
    *,
    text: Annotated[str, typer.Argument(help="A reference to check, or the digits to make one of.")],
    kind: Annotated[str, typer.Option(help="nl (betalingskenmerk), be (OGM) or rf (ISO 11649).")] = "nl",
    make: Annotated[bool, typer.Option(help="Make one instead of checking one.")] = False,
    length: Annotated[int, typer.Option(help="NL: length of the whole when making one.")] = 16,
    language: In = Language.EN,
    as_json: Json = False,
) -> None:
    """Make or check a payment reference."""
    made: dict[str, dict[str, Any]] = {
        "nl": {"payload": text, "length": length},
        "be": {"number": text},
        "rf": {"reference": text},
    }
    checked = {"nl": {"reference": text}, "be": {"communication": text}, "rf": {"creditor_reference": text}}
    topics = {"nl": "nl.payment_reference", "be": "be.structured_communication", "rf": "iso11649"}
    if kind not in topics:
        _refuse("kind: must be nl, be or rf")
    _answer(topics[kind], (made if make else checked)[kind], language, as_json=as_json)


@law_app.command()
def statement(
    *,
    principal: Annotated[str, typer.Argument(help="The unpaid bill, VAT included.")],
    start: Annotated[str, typer.Option("--from", help="First day that bears interest.")],
    as_of: Annotated[str, typer.Option(help="The day of the statement.")],
    series: Annotated[str | None, typer.Option(help="A series of `law rates`; default nl_6_119 or be_civil.")] = None,
    costs: Annotated[list[str] | None, typer.Option(help="DAY=AMOUNT: costs owed from that day.")] = None,
    indemnity: Annotated[list[str] | None, typer.Option(help="DAY=AMOUNT: BE, owed from that day.")] = None,
    payment: Annotated[list[str] | None, typer.Option(help="DAY=AMOUNT: a payment by its value date.")] = None,
    country: Of = Country.NL,
    language: In = Language.EN,
    as_json: Json = False,
) -> None:
    """What is owed on a day: one claim with its interest, costs and payments, as every service computes it."""
    kinds: tuple[tuple[PostingKind, list[str] | None], ...] = (
        ("costs", costs),
        ("indemnity", indemnity),
        ("payment", payment),
    )
    postings = [_posting(kind, each) for kind, given in kinds for each in given or []]
    terms = ClaimTerms(
        claim_id="1",
        jurisdiction=country.value,
        principal=Decimal(_amount(principal)),
        interest_from=_day(start),
        series=_series(series or ("nl_6_119" if country is Country.NL else "be_civil")),
        compounding="yearly" if country is Country.NL else "none",
    )
    try:
        result = state([terms], postings, as_of=_day(as_of))
    except LawError as error:
        _refuse(f"{type(error).__name__}: {error.message}")
    show_answer("statement", result, language.value, as_json=as_json)


@law_app.command()
def rates(
    *,
    series: Annotated[str | None, typer.Argument(help="One series; without it, all are listed.")] = None,
    as_of: Annotated[str | None, typer.Option(help="The rate of one day.")] = None,
    as_json: Json = False,
) -> None:
    """Interest rates by day, with their sources."""
    if series is not None and as_of is not None:
        _answer("interest_rate", {"series": series, "as_of": as_of}, Language.EN, as_json=as_json)
    elif not show_rates(series, as_json=as_json):
        _refuse(f"series: there is no series {series}")


@law_app.command()
def tables(as_json: Json = False) -> None:
    """Every figure of the law by key, with its certainty and until when it is verified."""
    show_tables(as_json=as_json)


@law_app.command()
def evaluate(file: Annotated[str, typer.Argument(help="A JSON list of questions, or - for standard input.")]) -> None:
    """Answer a JSON list of questions `{"id", "topic", "inputs"}` with a JSON list of results and errors."""
    try:
        questions: object = json.loads(sys.stdin.read() if file == "-" else Path(file).read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        _refuse(f"{file} cannot be read as JSON: {error}", status=LIST_UNREADABLE)
    if not isinstance(questions, list):
        _refuse(f"{file} holds no list of questions", status=LIST_UNREADABLE)
    sys.stdout.write(json.dumps(evaluate_questions(cast("list[object]", questions))) + "\n")


@law_app.command()
def check(
    *,
    as_of: Annotated[str | None, typer.Option(help="Judge as on this day instead of today.")] = None,
    as_json: Json = False,
) -> None:
    """Warn of rates and tables that run out within a month; fail when one has run out."""
    today = datetime.now(UTC).date() if as_of is None else _day(as_of)
    found = verification(as_of=today)
    show_verification(found, today, as_json=as_json)
    if any(each.state == "ended" for each in found):
        raise typer.Exit(1)


@law_app.command()
def page(
    *,
    output: Annotated[Path | None, typer.Option(help="Where to write it; without it, to standard output.")] = None,
) -> None:
    """Write the page of the law: every rule, figure and policy (docs/law.md)."""
    if output is None:
        sys.stdout.write(render())
    else:
        try:
            output.write_text(render(), encoding="utf-8")
        except OSError as fault:
            _refuse(f"{output}: cannot be written ({fault.strerror})")


def _answer(topic: str, inputs: dict[str, Any], language: Language, *, as_json: bool) -> None:
    try:
        found = topic_named(topic)
        result = found.answer(**arguments(found.answer, inputs))
    except LawError as error:
        _refuse(f"{type(error).__name__}: {error.message} {' '.join(error.reasons)}".rstrip())
    show_answer(topic, result, language.value, as_json=as_json)


def _amount(text: str) -> str:
    """What a person types as an amount, in the form that `statutes` reads: two decimals."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        _refuse(f"{text}: is no amount, write it as 1250.00")
    if not amount.is_finite() or amount != round(amount, 2):
        _refuse(f"{text}: is no amount, write it as 1250.00")
    return f"{amount:.2f}"


def _posting(kind: PostingKind, text: str) -> Posting:
    day, equals, amount = text.partition("=")
    if not equals:
        _refuse(f"{text}: write it as 2026-03-02=100.00")
    return Posting(claim_id="1", kind=kind, on=_day(day), amount=Decimal(_amount(amount)))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        _refuse(f'{text}: is no day, write it as "2026-03-02"')


def _series(text: str) -> Series:
    if text not in get_args(Series):
        _refuse(f"series: must be one of {', '.join(get_args(Series))}")
    return cast("Series", text)


def _refuse(message: str, status: int = 1) -> NoReturn:
    typer.echo(f"quittance law: {message}", err=True)
    raise typer.Exit(status)
