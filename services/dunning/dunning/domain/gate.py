"""The gate: judged again in the fold that sends, on all that is known at that moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from common.errors import InvalidMessage
from common.money import to_cents, to_decimal
from contracts.dunning import HoldReason, NoticeType
from contracts.notifications import Medium
from dunning.domain.balances import balance_of, statement_on
from dunning.domain.case_file import CaseFile
from dunning.domain.jurisdictions import announced_costs
from dunning.domain.path import next_medium, strategy_of
from dunning.domain.receipts import DecisionReceipt, Verdict
from dunning.domain.sending_times import is_sending_time, law_of, local_day
from dunning.domain.strategies import Step
from statutes import RateNotVerified, Statement, be, nl
from statutes.money import Amount

TERM_WORDING: Final = "fifteen_days_after_delivery"  # what notices/fourteen_day_letter.yaml says


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What the gate says of one step at one moment."""

    verdict: Verdict
    outcome: str
    rule_ids: tuple[str, ...]
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    medium: Medium | None = None
    owed: Statement | None = None
    hold_reason: HoldReason | None = None
    passes_over: bool = False  # a step that can be left out is

    def receipt(self, case_file: CaseFile, now: datetime) -> DecisionReceipt:
        """The judgement as it is kept."""
        return DecisionReceipt(
            case_file_id=case_file.case_file_id,
            decided_at=now,
            decision=self.verdict,
            outcome=self.outcome,
            rule_ids=self.rule_ids,
            inputs=self.inputs,
        )


def judge(case_file: CaseFile, step: Step, now: datetime, *, has_agency: bool) -> Judgement:
    """May this step be taken now? Payment, dispute, hold, agency, channel, hours, balance, the law of the notice.

    Raises InvalidMessage where an amount that others charged breaks the law: a person looks at it.
    """
    inputs: dict[str, Any] = {"step": step.name, "version": case_file.version}
    if case_file.is_stopped:
        reasons = [hold.reason.value for hold in case_file.holds]
        return _refused(Verdict.SKIP, "stopped", step, {**inputs, "holds": reasons, "paid_on": str(case_file.paid_on)})
    if not has_agency:
        return _refused(Verdict.SKIP, "agency_facts_missing", step, inputs)
    medium = next_medium(case_file, step)
    if medium is None:
        return _without_channel(case_file, step, inputs)
    inputs["medium"] = medium
    try:
        return _at_its_time(case_file, step, now, inputs, medium) or _on_balance(case_file, step, now, inputs, medium)
    except RateNotVerified as refusal:
        return _law_not_verified(step.rules, inputs, refusal)


def judge_judicial_phase(case_file: CaseFile, now: datetime) -> Judgement:
    """May the file go to a partner? Only with something open, and when the mandate allows it beforehand."""
    inputs: dict[str, Any] = {"step": "judicial_phase", "version": case_file.version}
    try:
        owed = statement_on(case_file, local_day(strategy_of(case_file), now))
    except RateNotVerified as refusal:
        return _law_not_verified((), inputs, refusal)
    inputs |= _figures(owed)
    if owed.total_open <= 0:
        return Judgement(verdict=Verdict.SKIP, outcome="nothing_open", rule_ids=(), inputs=inputs)
    if not case_file.mandate.judicial_phase_approved:
        return Judgement(
            verdict=Verdict.HOLD,
            outcome="judicial_phase_not_approved",
            rule_ids=(),
            inputs=inputs,
            hold_reason=HoldReason.JUDICIAL_PHASE_NOT_APPROVED,
        )
    return Judgement(verdict=Verdict.SEND, outcome="procedure_mandated", rule_ids=(), inputs=inputs, owed=owed)


def _at_its_time(
    case_file: CaseFile, step: Step, now: datetime, inputs: dict[str, Any], medium: Medium
) -> Judgement | None:
    """What forbids sending at this hour, if anything."""
    strategy = strategy_of(case_file)
    rules = law_of(strategy)
    local = now.astimezone(rules.timezone)
    inputs["local_time"] = local.strftime("%Y-%m-%dT%H:%M")
    faults = rules.contact_faults(local, medium, case_file.debtor)
    if faults:
        inputs["contact"] = list(faults)
        return _refused(Verdict.SKIP, "contact_window", step, inputs, rule_ids=rules.contact_rules)
    if not is_sending_time(strategy, now):
        return _refused(Verdict.SKIP, "outside_sending_hours", step, inputs)
    if step.optional and _comes_too_late(case_file, step):
        return _refused(Verdict.SKIP, "reminder_too_late", step, inputs, passes_over=True)
    return None


def _on_balance(case_file: CaseFile, step: Step, now: datetime, inputs: dict[str, Any], medium: Medium) -> Judgement:
    """What is owed today, and whether the notice would have its effect."""
    strategy = strategy_of(case_file)
    owed = statement_on(case_file, local_day(strategy, now))
    inputs |= _figures(owed)
    if owed.total_open <= 0:
        return _refused(Verdict.SKIP, "nothing_open", step, inputs)
    if step.notice_type is NoticeType.FOURTEEN_DAY_LETTER:
        defects = _letter_defects(case_file, owed)
        if defects:
            return _refused(Verdict.SKIP, "letter_would_be_void", step, {**inputs, "defects": list(defects)})
    if step.notice_type is NoticeType.FORMAL_NOTICE and not _formal_notice_is_allowed(case_file, owed):
        raise InvalidMessage("notice_not_allowed", "the amounts are above the maxima, or no reminder's term has passed")
    rules = (*step.rules, *law_of(strategy).contact_rules)
    return Judgement(verdict=Verdict.SEND, outcome="released", rule_ids=rules, inputs=inputs, medium=medium, owed=owed)


def _letter_defects(case_file: CaseFile, owed: Statement) -> tuple[str, ...]:
    """Why the fourteen-day letter would give no right to costs, checked by the law's own list (NL-14D-1 to -11)."""
    mandate = case_file.mandate
    principals: list[Amount] = [claim.principal for claim in owed.claims]
    announced = announced_costs(principals, mandate)
    return nl.fourteen_day_letter(
        principals=principals,
        due_on=max(claim.terms.due_on for claim in case_file.claims),
        sent_on=owed.as_of,
        term_wording=TERM_WORDING,
        stated_collection_costs=announced.collection_costs_including_vat,
        creditor_can_deduct_vat=mandate.creditor.can_deduct_vat,
    ).defects


def _formal_notice_is_allowed(case_file: CaseFile, owed: Statement) -> bool:
    """What a collector checks before his first act (art. XIX.7 § 1 WER/CDE; BE-COL-3, BE-COL-5)."""
    reminders = [
        notice for notice in case_file.notices if notice.notice_type is NoticeType.FIRST_REMINDER and not notice.is_void
    ]
    debts = tuple(be.RemindedDebt(claimed=to_decimal(claim.terms.principal_cents)) for claim in case_file.claims)
    indemnity = sum((claim.indemnity for claim in owed.claims), Decimal(0))
    act = be.first_act(
        reminder_was_sent=bool(reminders),
        free_term_has_ended=any(notice.expired_at is not None for notice in reminders),
        amounts_within_maxima=indemnity <= be.indemnity_cap(debts=debts).maximum,
    )
    return act == "formal_notice"


def _without_channel(case_file: CaseFile, step: Step, inputs: dict[str, Any]) -> Judgement:
    inputs["failed_media"] = list(case_file.failed_media)
    if step.optional:
        return _refused(Verdict.SKIP, "no_channel", step, inputs, passes_over=True)
    moved = "letter" in case_file.failed_media
    reason = HoldReason.ADDRESS_UNKNOWN if moved else HoldReason.NO_CHANNEL
    return Judgement(verdict=Verdict.HOLD, outcome=reason.value, rule_ids=step.rules, inputs=inputs, hold_reason=reason)


def _comes_too_late(case_file: CaseFile, step: Step) -> bool:
    """A reminder of a notice whose term has passed reminds of nothing."""
    reminded = None if step.starts.of is None else case_file.notice_of(step.starts.of)
    return reminded is None or not reminded.term_runs


def _law_not_verified(rules: tuple[str, ...], inputs: dict[str, Any], refusal: RateNotVerified) -> Judgement:
    return Judgement(
        verdict=Verdict.HOLD,
        outcome="law_not_verified",
        rule_ids=rules,
        inputs={**inputs, "law": refusal.message},
        hold_reason=HoldReason.LAW_NOT_VERIFIED,
    )


def _refused(
    verdict: Verdict,
    outcome: str,
    step: Step,
    inputs: dict[str, Any],
    *,
    rule_ids: tuple[str, ...] = (),
    passes_over: bool = False,
) -> Judgement:
    return Judgement(
        verdict=verdict, outcome=outcome, rule_ids=rule_ids or step.rules, inputs=inputs, passes_over=passes_over
    )


def _figures(owed: Statement) -> dict[str, Any]:
    balance = balance_of(owed)
    return {
        "as_of": balance.as_of.isoformat(),
        "open_cents": balance.open_cents,
        "principal_cents": balance.principal_cents,
        "late_interest_cents": balance.late_interest_cents,
        "costs_cents": balance.costs_cents,
        "indemnity_cents": balance.indemnity_cents,
        "paid_cents": to_cents(owed.paid),
    }
