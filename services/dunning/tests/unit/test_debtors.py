"""One debtor, several files: at most one contact a day and three a week, over all of them."""

from datetime import date, datetime

from common.ids import name_id
from contracts.dunning import AskContact, GrantContact, RefuseContact
from contracts.notifications import SendMessage
from contracts.values import Segment
from dunning.handlers import grant_or_refuse_contact

NOW = datetime.fromisoformat("2026-03-03T08:00:00+00:00")


def ask(file: str, on: date, step: str = "demand", version: int = 1) -> AskContact:
    return AskContact(
        debtor_id=name_id("debtor", "jansen"),
        case_file_id=name_id("file", file),
        step=step,
        version=version,
        contact_on=on,
    )


def answers(*asks):
    debtor, given = None, []
    for one in asks:
        decision = grant_or_refuse_contact(debtor, one, NOW)
        debtor = decision.state
        given += decision.send
    return given


def test_the_second_file_of_a_day_waits_for_the_next_day():
    first, second = answers(ask("a", date(2026, 3, 3)), ask("b", date(2026, 3, 3)))

    assert isinstance(first, GrantContact)
    assert isinstance(second, RefuseContact)
    assert (second.until_on, second.rule) == (date(2026, 3, 4), "NL-WKI-6")


def test_the_fourth_contact_in_seven_days_waits_until_the_first_is_a_week_old():
    days = [date(2026, 3, day) for day in (2, 4, 6, 7)]

    *granted, refused = answers(*(ask(str(day), day) for day in days))

    assert all(isinstance(answer, GrantContact) for answer in granted)
    assert refused.until_on == date(2026, 3, 9)


def test_a_step_whose_message_never_left_asks_again_for_nothing_extra():
    given = answers(ask("a", date(2026, 3, 3)), ask("a", date(2026, 3, 3), version=2))

    assert [type(answer) for answer in given] == [GrantContact, GrantContact]


def test_a_refused_file_sends_on_the_day_that_it_was_told(a_world):
    world = a_world(Segment.NL_CONSUMER)
    other = ask("another client's", date(2026, 3, 3)).model_copy(update={"debtor_id": world.debtor.debtor_id})
    world.deliver(other)
    world.start()

    world.run_until(date(2026, 3, 4))

    assert [message.medium for message in world.of(SendMessage)] == ["email"]
    assert [line for line in world.story() if "SendMessage" in line] == ["03-04 09:00 SendMessage email"]
    assert [(r.decision.value, r.outcome) for r in world.receipts] == [
        ("skip", "contact_frequency"),
        ("send", "released"),
    ]
