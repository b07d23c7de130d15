"""Strategies: which notices a case file gets, in which order, by which channels, and what each waits for.

A strategy is a file in `strategies/`, one for each segment. It holds the agency's choices; what the law says (terms,
hours, costs) is asked of `statutes` by name.
"""

from collections.abc import Mapping
from datetime import time
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from contracts.dunning import NoticeType
from contracts.notifications import Medium
from contracts.values import Country, Segment


class Part(BaseModel):
    """A frozen part of a strategy; an unknown name is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Start(Part):
    """What a step waits for: the claims; or a fact about an earlier notice, and some days after it."""

    after: Literal["claims", "sent", "term", "charges"]
    of: str | None = None  # an earlier step; none with `claims`
    days: int = Field(default=0, ge=0, le=60)

    @model_validator(mode="after")
    def _names_a_step(self) -> Self:
        if (self.of is None) != (self.after == "claims"):
            raise ValueError("`of` names the earlier step, and stands with all but `claims`")
        return self


class TermRule(Part):
    """How long the debtor has: a term of the law, or days that the agency chose (where the law sets none)."""

    rule: Literal["fourteen_day_term", "reminder_term", "notice_term", "agency_days"]
    days: int | None = Field(default=None, ge=1, le=60)

    @model_validator(mode="after")
    def _days_only_where_the_law_sets_none(self) -> Self:
        if (self.days is None) != (self.rule != "agency_days"):
            raise ValueError("`days` stands with agency_days alone")
        return self


class Step(Part):
    """One notice, or a reminder of one."""

    name: str = Field(pattern=r"^[a-z_]+$")
    notice_type: NoticeType
    text: str  # the file in `notices/`
    channels: tuple[Medium, ...] = Field(min_length=1)  # in the order in which they are tried
    starts: Start
    term: TermRule | None = None
    optional: bool = False  # passed over when no channel reaches the debtor
    tone: Literal["neutral"] = "neutral"
    rules: tuple[str, ...]  # rule ids that ask for this step or bound it

    @model_validator(mode="after")
    def _sms_carries_no_notice(self) -> Self:
        if "sms" in self.channels and (self.term is not None or not self.optional):
            raise ValueError("an SMS only reminds: it has no term and can be left out")
        return self


class Release(Part):
    """How long a message may still leave after it was judged."""

    email_minutes: int = Field(ge=1, le=720)
    sms_minutes: int = Field(ge=1, le=720)
    letter_minutes_after_cut_off: int = Field(ge=1, le=240)


class Strategy(Part):
    """The whole path of a case file of one segment."""

    segment: Segment
    law: Literal["nl", "be"]  # whose calendar, hours and references hold
    trust_account: Country
    send_from: time  # local, on working days
    send_until: time
    review_at: time  # when a term that ended is found to have passed: after the bank's statement of the morning
    print_cut_off: time
    release: Release
    wait_after_payment_days: int = Field(ge=1, le=30)
    needs_interest_terms: bool  # the first notice states interest, so the ledger must have told from when
    steps: tuple[Step, ...] = Field(min_length=1)
    judicial_phase: Start

    @model_validator(mode="after")
    def _steps_stand_in_order(self) -> Self:
        names = [step.name for step in self.steps]
        if len(set(names)) != len(names):
            raise ValueError("two steps bear one name")
        for position, step in enumerate(self.steps):
            self._check_start(step.starts, earlier=self.steps[:position], where=step.name)
        if self.steps[0].starts.after != "claims":
            raise ValueError("the first step starts after the claims")
        self._check_start(self.judicial_phase, earlier=self.steps, where="judicial_phase")
        if not self.review_at <= self.send_from < self.send_until <= self.print_cut_off:
            raise ValueError("review_at, send_from, send_until and print_cut_off follow each other")
        return self

    @staticmethod
    def _check_start(start: Start, *, earlier: tuple[Step, ...], where: str) -> None:
        named = {step.name: step for step in earlier if not step.optional}
        if start.of is not None and start.of not in named:
            raise ValueError(f"{where} waits for {start.of}, which is no step before it that is always taken")
        if start.after in {"term", "charges"} and named[start.of or ""].term is None:
            raise ValueError(f"{where} waits for the term of {start.of}, which has none")

    def start_of(self, position: int) -> Start:
        """What the step at this position waits for; after the last one stands the judicial phase."""
        return self.steps[position].starts if position < len(self.steps) else self.judicial_phase


def read_strategy(text: str) -> Strategy:
    """A strategy from its YAML. Raises pydantic's ValidationError that names what is wrong."""
    content: dict[str, Any] = yaml.safe_load(text)
    return Strategy.model_validate(content)


@cache
def strategies() -> Mapping[Segment, Strategy]:
    """The strategy of each segment. Raises when a file does not validate or a segment has none."""
    folder = files("dunning") / "strategies"
    found = {segment: read_strategy((folder / f"{segment.value}.yaml").read_text("utf-8")) for segment in Segment}
    assert all(strategy.segment is segment for segment, strategy in found.items()), "a file holds its own segment"
    return MappingProxyType(found)
