"""When a message may leave: working days of the strategy, at its hour; and until when it may still leave."""

from datetime import UTC, date, datetime, time, timedelta

from contracts.notifications import Medium
from dunning.domain.jurisdictions import LAWS, Law
from dunning.domain.strategies import Strategy


def law_of(strategy: Strategy) -> Law:
    """The law that a strategy names."""
    return LAWS[strategy.law]


def local_day(strategy: Strategy, at: datetime) -> date:
    """The day on the clock of the strategy's country."""
    return at.astimezone(law_of(strategy).timezone).date()


def instant(strategy: Strategy, day: date, hour: time) -> datetime:
    """A local time as an instant in UTC."""
    return datetime.combine(day, hour, law_of(strategy).timezone).astimezone(UTC)


def first_slot(strategy: Strategy, at: datetime) -> datetime:
    """The first instant, `at` or later, at which this strategy sends.

    All that becomes sendable overnight gets the same instant: the opening hour of the next working day. Raises
    RateNotVerified outside the verified calendar.
    """
    local = at.astimezone(law_of(strategy).timezone)
    day = local.date() + timedelta(days=int(local.time() >= strategy.send_until))
    opening = law_of(strategy).next_working_day(day)
    return max(at, instant(strategy, opening, strategy.send_from))


def first_slot_on(strategy: Strategy, day: date) -> datetime:
    """The first slot on or after a local day."""
    return first_slot(strategy, instant(strategy, day, time()))


def review_of_term(strategy: Strategy, charges_from: date) -> datetime:
    """When a term is found to have passed: on the first working day on which more may be claimed, after the bank's
    statement of that morning, so that a payment inside the term is known by then. Raises RateNotVerified.
    """
    return instant(strategy, law_of(strategy).next_working_day(charges_from), strategy.review_at)


def is_sending_time(strategy: Strategy, at: datetime) -> bool:
    """Whether the strategy sends at this instant."""
    return first_slot(strategy, at) == at


def release_until(strategy: Strategy, medium: Medium, now: datetime) -> datetime:
    """The last instant at which a message judged now may leave: letters until shortly after the print cut-off, others
    some time, and never past the day's sending hours for long.
    """
    if medium == "letter":
        cut_off = instant(strategy, local_day(strategy, now), strategy.print_cut_off)
        return cut_off + timedelta(minutes=strategy.release.letter_minutes_after_cut_off)
    minutes = strategy.release.email_minutes if medium == "email" else strategy.release.sms_minutes
    closing = instant(strategy, local_day(strategy, now), strategy.send_until)
    return min(now + timedelta(minutes=minutes), closing + timedelta(minutes=1))
