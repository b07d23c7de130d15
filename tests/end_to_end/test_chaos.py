"""The five services under chaos: the same account as undisturbed, whatever died, slept or crashed meanwhile."""

from collections.abc import Callable

from disturbances import CHANNELS, OUT_OF_REACH, RANDOM_INSTANT, Breaker, Killer, plan_of
from plays import Play, PlayDemo, comparable

from cli.demo.stage import Servers
from local_stack.platform import SERVICES
from testkit.chaos import failpoint_names


def test_each_instant_of_each_service_is_in_its_plan_or_out_of_its_reach():
    for service in SERVICES:
        assert sorted([*plan_of(service), *OUT_OF_REACH[service]]) == sorted(failpoint_names())


def test_kills_of_each_service_at_each_instant_and_at_random_change_nothing(
    first_play: Play, play_demo: PlayDemo, nursery, conserved
):
    killer = Killer(nursery)
    disturbed = play_demo(interference=killer)
    conserved(f"five services: {killer.killed.total()} kills {dict(killer.killed)} {dict(killer.open_calls)}")
    tell(disturbed, conserved)
    assert not any(killer.left.values()), f"planned and never injected: {killer.left}"
    planned = {(service, name) for service in SERVICES for name in (*plan_of(service), RANDOM_INSTANT)}
    assert set(killer.killed) == planned
    assert not any(killer.channels_left(service) for service in CHANNELS)
    is_the_same(disturbed, first_play)


def test_sleep_ended_sessions_and_crashes_of_database_and_broker_change_nothing(
    first_play: Play, play_demo: PlayDemo, nursery, own_postgres, own_kafka, conserved
):
    breaker = Breaker(nursery, postgres=own_postgres, kafka=own_kafka)
    disturbed = play_demo(
        interference=breaker,
        on=Servers(
            database_url=own_postgres.url,
            bootstrap=own_kafka.bootstrap_servers,
            partner_bootstrap=own_kafka.partner_bootstrap_servers,
        ),
    )
    conserved(f"five services: {dict(breaker.done)} {dict(breaker.slept)}")
    tell(disturbed, conserved)
    assert not breaker.plans.left
    assert set(breaker.slept) == {(service, name) for service in SERVICES for name in plan_of(service)}
    assert breaker.done["sessions"] > 4 * len(SERVICES)
    is_the_same(disturbed, first_play)


def tell(play: Play, conserved: Callable[[str], None]) -> None:
    for line in play.conservation:
        conserved(str(line))


def is_the_same(disturbed: Play, undisturbed: Play) -> None:
    """Every input counts once, the books are whole, and the account is that of the undisturbed play."""
    assert not [fault for line in disturbed.conservation for fault in line.faults]
    assert all(line.inputs == line.applied + line.duplicates + line.parked for line in disturbed.conservation)
    assert all(line.applied for line in disturbed.conservation)
    assert disturbed.books == undisturbed.books
    assert disturbed.books["unbalanced"] == 0
    assert comparable(disturbed) == comparable(undisturbed)
