"""The words of the notices: `notices/*.yaml`, in Dutch and French, with placeholders that a notice fills in."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import Any, Final, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, model_validator

from contracts.notifications import Medium
from contracts.values import Language

Kind = Literal["heading", "paragraph", "emphasis"]
Flag = Literal[
    "nl", "be", "consumer", "by_email", "by_letter", "has_costs", "has_interest", "has_first_notice",
    "announced_vat", "no_announced_vat", "announced_indemnity", "no_announced_indemnity",
]  # fmt: skip
PLACEHOLDERS: Final = frozenset(
    {
        "agency_name", "agency_address", "agency_phone", "agency_email", "complaints_address", "kvk", "kbo", "justis",
        "fod_economie", "supervisor", "creditor_name", "creditor_address", "creditor_phone", "creditor_email",
        "creditor_number", "recipient", "recipient_address", "invoices", "amount", "amount_plain", "principal", "iban",
        "reference", "token", "dispute_url", "announced_costs", "announced_costs_excluding_vat", "announced_vat",
        "announced_indemnity", "term_starts_on", "term_ends_on", "first_notice_on", "last_notice_on",
    }
)  # fmt: skip


class WordsPart(BaseModel):
    """A frozen part of the texts; an unknown name is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class BlockText(WordsPart):
    """One block: words, a shared fragment, a table or how to pay; `when` lists flags that must all hold."""

    heading: str | None = None
    paragraph: str | None = None
    emphasis: str | None = None
    fragment: str | None = None
    table: Literal["claims", "specification"] | None = None
    payment: Literal[True] | None = None
    when: tuple[Flag, ...] = ()

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        parts = (self.heading, self.paragraph, self.emphasis, self.fragment, self.table, self.payment)
        if sum(part is not None for part in parts) != 1:
            raise ValueError("a block is one of heading, paragraph, emphasis, fragment, table, payment")
        return self

    def words(self) -> tuple[Kind, str] | None:
        """The kind and text of a block of words."""
        for kind in ("heading", "paragraph", "emphasis"):
            text: str | None = getattr(self, kind)
            if text is not None:
                return kind, text
        return None


class NoticeText(WordsPart):
    """A notice in one language."""

    subject: str
    blocks: tuple[BlockText, ...]


class Labels(WordsPart):
    """Words beside the parts of a payment."""

    amount: str
    bank_account: str
    name: str
    reference_nl: str
    reference_be: str


class CommonText(WordsPart):
    """What all notices of a language share."""

    greeting: str
    labels: Labels
    qr_alternative: str
    claims_header: tuple[str, str, str, str, str]
    specification_header: tuple[str, str]
    rows: Mapping[Literal["principal", "interest", "costs", "costs_be", "vat", "indemnity", "payment", "total"], str]
    grounds: Mapping[str, str]
    list_and: str
    invoice: str
    this_letter: Mapping[Medium, str]
    fragments: Mapping[str, str]


def read_texts(text: str) -> dict[Language, Any]:
    """The YAML of one file: a mapping of languages. Raises ValueError when one is missing."""
    content: dict[Language, Any] = yaml.safe_load(text)
    if set(content) != {"nl", "fr"}:
        raise ValueError(f"has the languages {sorted(content)}, not Dutch and French")
    return content


@cache
def common_text(language: Language) -> CommonText:
    """The shared words of a language."""
    return CommonText.model_validate(_read("common")[language])


@cache
def notice_text(name: str, language: Language) -> NoticeText:
    """A notice in a language. Raises ValueError for a placeholder or fragment that does not exist."""
    text = NoticeText.model_validate(_read(name)[language])
    unknown = sorted(set(_placeholders(text, common_text(language))) - PLACEHOLDERS)
    if unknown:
        raise ValueError(f"{name} ({language}) names {', '.join(unknown)}, which nothing fills in")
    return text


def _read(name: str) -> dict[Language, Any]:
    return read_texts((files("dunning") / "notices" / f"{name}.yaml").read_text("utf-8"))


def _placeholders(text: NoticeText, common: CommonText) -> Iterator[str]:
    sentences = [text.subject, common.greeting]
    for block in text.blocks:
        if block.fragment is not None:
            if block.fragment not in common.fragments:
                raise ValueError(f"there is no fragment {block.fragment}")
            sentences.append(common.fragments[block.fragment])
        elif (words := block.words()) is not None:
            sentences.append(words[1])
    for sentence in sentences:
        yield from (name for _, name, _, _ in Formatter().parse(sentence) if name is not None)
