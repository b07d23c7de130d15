"""What a reminder and a collector's notice to a consumer must say, in which language, and what comes first."""

from collections.abc import Collection
from datetime import date
from typing import Literal, TypeAlias, cast

from statutes.days import plus_years
from statutes.explanation import Language
from statutes.tables import table
from statutes.topics import cites

ConsumerNotice: TypeAlias = Literal["first_reminder", "formal_notice"]
SenderCapacity: TypeAlias = Literal["collector", "lawyer", "ministerial_officer", "court_mandatary"]
Region: TypeAlias = Literal["flanders", "wallonia", "german_speaking", "brussels"]
FirstAct: TypeAlias = Literal["first_reminder", "formal_notice", "none"]
NOT_JUDICIAL_SENTENCE = "not_judicial_sentence"

cites("BE-XIX-11", "BE-COL-3", "BE-COL-4", "BE-COL-5", "BE-COL-10", "BE-LANG-1", "BE-SAN-1", by="statutes.be.letters")


def required_content(*, notice: ConsumerNotice, sender_capacity: SenderCapacity = "collector") -> tuple[str, ...]:
    """The words for what a notice must say: art. XIX.2 § 3 and XIX.7 § 2 WER/CDE (BE-XIX-11, BE-COL-4).

    A formal notice by a lawyer, bailiff or court mandatary also holds the sentence that it is no court procedure.
    """
    if notice == "first_reminder":
        return tuple(cast("list[str]", table("be.reminder_content").current.value))
    content = cast("list[str]", table("be.notice_content").current.value)
    return (*content, *(() if sender_capacity == "collector" else (NOT_JUDICIAL_SENTENCE,)))


def missing_content(
    *, notice: ConsumerNotice, content: Collection[str], sender_capacity: SenderCapacity = "collector"
) -> tuple[str, ...]:
    """What a text lacks, in the order of the law; without it the text may not go out."""
    return tuple(
        word for word in required_content(notice=notice, sender_capacity=sender_capacity) if word not in content
    )


def not_judicial_sentence(*, language: Literal["nl", "fr"]) -> str:
    """The sentence of a lawyer's or bailiff's notice, word for word; the Dutch one is to be confirmed (BE-COL-4)."""
    return cast("dict[str, str]", table("be.not_judicial_sentence").current.value)[language]


def first_act(*, reminder_was_sent: bool, free_term_has_ended: bool, amounts_within_maxima: bool) -> FirstAct:
    """What a collector may send first: art. XIX.7 § 1 and XIX.8 WER/CDE (BE-COL-3, BE-COL-5).

    Never a notice while an amount is above the maxima or the free term of the reminder runs; without any reminder, the
    reminder itself, with no amount beside the balance.
    """
    if not reminder_was_sent:
        return "first_reminder"
    return "formal_notice" if free_term_has_ended and amounts_within_maxima else "none"


def releases_from_indemnity(
    *, reminder_was_sent: bool, waited_the_term: bool, amounts_within_maxima: bool, addressed_to_debtor: bool
) -> bool:
    """Whether the consumer is released from the damage clause by law: art. XIX.15 WER/CDE (BE-SAN-1).

    A breach of the reminder, its term, the maxima, or of the ban on recovery from someone else. A mention that a
    reminder lacks is an offence, but does not release.
    """
    return not (reminder_was_sent and waited_the_term and amounts_within_maxima and addressed_to_debtor)


def document_languages(
    *, seat_region: Region, debtor_language: Language, brussels_language: Literal["fr", "nl"] = "fr"
) -> tuple[Language, ...]:
    """Languages of a document imposed by law: that of the enterprise's region, then the debtor's (BE-LANG-1).

    From Brussels the debtor's own where it is French or Dutch, else `brussels_language` first.
    """
    of_region = cast("dict[str, list[Language]]", table("be.region_languages").current.value)[seat_region]
    if debtor_language in of_region:
        return (debtor_language,)
    return (of_region[0] if len(of_region) == 1 else brussels_language, debtor_language)


def plan_statement_due_on(*, last_stated_on: date) -> date:
    """Last day for the next statement of a running plan, at least once a year: art. XIX.12 WER/CDE (BE-COL-10)."""
    return plus_years(last_stated_on, table("be.plan_statement_years").integer)
