"""Where a case file stands on its strategy's path, and when it goes on: computed anew from the facts at every fold."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from common.ids import name_id
from contracts.notifications import Medium
from contracts.values import DebtorContact
from dunning.domain.balances import has_interest_terms
from dunning.domain.case_file import CaseFile
from dunning.domain.sending_times import first_slot, first_slot_on, local_day
from dunning.domain.strategies import Start, Step, Strategy, strategies


def strategy_of(case_file: CaseFile) -> Strategy:
    """The strategy of the file's segment."""
    return strategies()[case_file.segment]


def current_step(case_file: CaseFile) -> Step | None:
    """The step that the file takes next; None when only the judicial phase is left."""
    steps = strategy_of(case_file).steps
    return steps[case_file.step] if case_file.step < len(steps) else None


def next_medium(case_file: CaseFile, step: Step) -> Medium | None:
    """The first channel of the step that reaches the debtor and has not failed."""
    contact = case_file.contact
    return next((m for m in step.channels if m not in case_file.failed_media and reaches(m, contact)), None)


def reaches(medium: Medium, contact: DebtorContact) -> bool:
    """Whether we know where a message of this medium goes."""
    where = {"email": contact.email, "sms": contact.phone, "letter": contact.address}
    return bool(where[medium])


def message_id_of(case_file: CaseFile, step: Step) -> UUID:
    """The message of this file, step and version: the same for every fold that decides it."""
    return name_id("message", case_file.case_file_id, step.name, case_file.version)


def notice_id_of(case_file: CaseFile, step: Step) -> UUID:
    """The notice of this file, step and version."""
    return name_id("notice", case_file.case_file_id, step.name, case_file.version)


def contact_of(case_file: CaseFile, step: Step) -> str:
    """What the debtor's row calls the contact of this step. What reached him counts; told again, it is another one."""
    reached = sum(notice.step == step.name and not notice.came_back for notice in case_file.notices)
    return f"{step.name}/{reached + 1}" if reached else step.name


def advanced(case_file: CaseFile) -> CaseFile:
    """The file at its next step."""
    return replace(
        case_file, step=case_file.step + 1, version=case_file.version + 1, failed_media=(), not_before_on=None
    )


def told_again(case_file: CaseFile, *, position: int) -> CaseFile:
    """The file back at this step: what it sent from there on has no effect, nor what is under way if it leaves."""
    repeated = {step.name for step in strategy_of(case_file).steps[position:]}
    under_way = case_file.under_way
    return replace(
        case_file,
        step=position,
        version=case_file.version + 1,
        failed_media=(),
        contact_asked=False,
        not_before_on=None,
        notices=tuple(replace(n, is_void=n.is_void or n.step in repeated) for n in case_file.notices),
        under_way=None if under_way is None else replace(under_way, is_superseded=True),
    )


def position_of(case_file: CaseFile, step: str) -> int:
    """Where a step stands on the file's path."""
    return [one.name for one in strategy_of(case_file).steps].index(step)


def position_after_reversal(case_file: CaseFile) -> int:
    """Where a file goes on that was paid and is no more. Nothing worse comes before the debtor was told again: a notice
    whose term ran when he paid is repeated, and so is the last one where only the judicial phase was left.
    """
    last = max(n for n, step in enumerate(strategy_of(case_file).steps) if not step.optional)
    running = [position_of(case_file, notice.step) for notice in case_file.notices if notice.term_runs]
    going_on = case_file.step if current_step(case_file) is not None else last
    return min([going_on, *running])


def put_off(case_file: CaseFile, now: datetime) -> CaseFile:
    """The file with its step not before the next slot; a slot that is now is the next local day's."""
    strategy = strategy_of(case_file)
    slot = first_slot(strategy, now)
    put_off_to = local_day(strategy, slot) + timedelta(days=int(slot == now))
    return replace(case_file, not_before_on=put_off_to)


def next_step_at(case_file: CaseFile, now: datetime) -> datetime | None:
    """When the next step is taken; None while the file rests or what the step waits for has not happened. What should
    have gone earlier goes in the first slot from now.

    Raises RateNotVerified outside the verified calendar.
    """
    if case_file.is_stopped or case_file.contact_asked or case_file.under_way is not None:
        return None
    strategy = strategy_of(case_file)
    start_at = _start_at(case_file, strategy, strategy.start_of(case_file.step))
    if start_at is None:
        return None
    instants = [start_at]
    if case_file.last_payment_on is not None:
        wait = timedelta(days=strategy.wait_after_payment_days)
        instants.append(first_slot_on(strategy, case_file.last_payment_on + wait))
    if case_file.not_before_on is not None:
        instants.append(first_slot_on(strategy, case_file.not_before_on))
    planned_at = max(instants)
    return planned_at if planned_at >= now else first_slot(strategy, now)


def _start_at(case_file: CaseFile, strategy: Strategy, start: Start) -> datetime | None:
    if start.of is None:
        return _after_claims(case_file, strategy)
    notice = case_file.notice_of(start.of)
    if notice is None:
        return None
    wait = timedelta(days=start.days)
    if start.after == "sent":
        return first_slot_on(strategy, notice.sent_on + wait)
    fact_at = notice.expired_at if start.after == "term" else notice.answered_at
    return None if fact_at is None else first_slot(strategy, fact_at + wait)


def _after_claims(case_file: CaseFile, strategy: Strategy) -> datetime | None:
    """The day after the last claim joined, so that claims of one day stand in one notice (NL-CUM-1)."""
    if not case_file.claims or (strategy.needs_interest_terms and not has_interest_terms(case_file)):
        return None
    last_joined_on = max(claim.joined_on for claim in case_file.claims)
    return first_slot_on(strategy, last_joined_on + timedelta(days=1))
