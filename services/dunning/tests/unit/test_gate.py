"""The gate at the last moment: what came between asking and sending stops it, and without the gate it would not."""

from datetime import date

import pytest

from common.ids import name_id
from common.messages import Personal
from contracts.dunning import AskContact, FileDispute, GrantContact
from contracts.notifications import SendMessage
from contracts.values import Segment
from dunning.domain import gate, path
from dunning.domain.case_file import CaseFile


def asked(world):
    """The file has asked for its contact, and no answer came yet."""
    world.start()
    answers_to = world.answers_to
    world.answers_to = lambda sent: [] if isinstance(sent, AskContact) else answers_to(sent)
    world.run_until(date(2026, 3, 3), "09:00")
    assert world.of(SendMessage) == []
    assert world.case_file.contact_asked
    return world


def grant(world):
    [ask] = world.of(AskContact)
    world.deliver(GrantContact(case_file_id=ask.case_file_id, step=ask.step, version=ask.version))
    return [message.medium for message in world.of(SendMessage)]


def a_dispute(world):
    dispute_id = name_id("dispute", 1)
    return FileDispute(
        case_file_id=world.case_file_id, dispute_id=dispute_id, reason="other", text=Personal.of("Nee")
    )  # fmt: skip


def test_leave_to_contact_sends_the_notice(a_world):
    assert grant(asked(a_world(Segment.NL_CONSUMER))) == ["email"]


def test_a_payment_in_full_between_asking_and_sending_stops_the_notice(a_world):
    world = asked(a_world(Segment.NL_CONSUMER))
    world.deliver(world.payment(76_391, on=date(2026, 3, 3)))
    world.deliver(world.paid(date(2026, 3, 3)))

    assert grant(world) == []


def test_money_of_which_only_the_allocation_is_known_stops_it_too(a_world):
    world = asked(a_world(Segment.BE_CONSUMER))
    world.deliver(world.payment(76_000, on=date(2026, 3, 3)))

    assert grant(world) == []
    assert world.receipts[-1].outcome == "nothing_open"


def test_a_part_of_the_money_lowers_what_the_notice_asks(a_world):
    world = asked(a_world(Segment.BE_CONSUMER))
    world.deliver(world.payment(70_000, on=date(2026, 3, 3)))

    grant(world)
    assert all("€ 760,00 aan" not in text for text in world.texts())


def test_a_dispute_between_asking_and_sending_stops_the_notice(a_world):
    world = asked(a_world(Segment.NL_CONSUMER))
    world.deliver(a_dispute(world))

    assert grant(world) == []


def test_the_same_leave_twice_sends_once(a_world):
    world = asked(a_world(Segment.NL_CONSUMER))
    grant(world)

    assert grant(world) == ["email"]


def test_leave_for_an_earlier_version_sends_nothing(a_world):
    world = asked(a_world(Segment.NL_CONSUMER))
    [ask] = world.of(AskContact)
    world.deliver(GrantContact(case_file_id=ask.case_file_id, step=ask.step, version=ask.version + 1))

    assert world.of(SendMessage) == []


# --- each mechanism taken away: the failure comes back -------------------------------------------------


def test_without_the_gate_a_disputed_file_would_be_written_to(a_world, monkeypatch: pytest.MonkeyPatch):
    world = asked(a_world(Segment.NL_CONSUMER))
    ask = world.of(AskContact)[0]
    world.deliver(a_dispute(world))
    version, state = world.rows["case_file", world.case_file_id]
    world.rows["case_file", world.case_file_id] = (version, path.replace(state, contact_asked=True))
    monkeypatch.setattr(CaseFile, "is_stopped", property(lambda _: False))

    world.deliver(GrantContact(case_file_id=ask.case_file_id, step=ask.step, version=ask.version))

    assert len(world.of(SendMessage)) == 1


def test_without_the_balance_in_the_gate_a_paid_file_would_be_written_to(a_world, monkeypatch: pytest.MonkeyPatch):
    world = asked(a_world(Segment.BE_CONSUMER))
    before = world.case_file
    world.deliver(world.payment(76_000, on=date(2026, 3, 3)))
    known = gate.statement_on
    monkeypatch.setattr(gate, "statement_on", lambda _, day: known(before, day))

    assert grant(world) == ["email"]


def test_without_the_law_s_hours_a_sunday_mail_would_pass_the_gate(a_world, local, monkeypatch: pytest.MonkeyPatch):
    world = a_world(Segment.NL_CONSUMER).start()
    step, sunday = path.current_step(world.case_file), local(date(2026, 3, 8), "10:00")
    assert gate.judge(world.case_file, step, sunday, has_agency=True).outcome == "contact_window"

    rules = gate.law_of(path.strategy_of(world.case_file))
    monkeypatch.setattr(type(rules), "contact_faults", lambda *_: ())
    assert gate.judge(world.case_file, step, sunday, has_agency=True).outcome == "outside_sending_hours"
    monkeypatch.setattr(gate, "is_sending_time", lambda *_: True)
    assert gate.judge(world.case_file, step, sunday, has_agency=True).outcome == "released"
