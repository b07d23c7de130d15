"""The local stack as `up` uses it: data survives, ports move, kills leave nothing in the way."""

import socket
import stat
from pathlib import Path

import pytest

from kafka_admin import create_topics
from local_stack import jars
from local_stack.faults import LocalStackError
from local_stack.jars import JarError
from local_stack.postgres import PostgresError, run_sql
from local_stack.smtp import is_bouncing
from local_stack.stack import Stack


@pytest.fixture
def no_named_servers(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)


@pytest.fixture
def place(tmp_path: Path, no_named_servers: None):
    state = tmp_path / "a checkout with spaces, and a long name that no socket path would take" / ("x" * 60)
    yield state
    Stack(state).stop()


class ATopic:
    name, partitions, retention_days, max_message_bytes = "claims.v1", 1, 1, 1_048_576


def test_data_survives_a_stop_and_a_kill_and_a_start_of_what_runs_changes_nothing(place: Path):
    stack = Stack(place)
    stack.start_servers()
    run_sql(stack.database_url, "CREATE TABLE claim (id int); INSERT INTO claim VALUES (7)")
    create_topics(stack.bootstrap_servers, [ATopic()])
    stack.start_servers()
    stack.stop()

    stack = Stack(place)
    stack.start_servers()
    stack.processes.kill("postgres")
    stack.processes.kill("kafka")
    stack = Stack(place)
    stack.start_servers()

    assert run_sql(stack.database_url, "SELECT id FROM claim") == [["7"]]
    assert create_topics(stack.bootstrap_servers, [ATopic()]) == []
    assert sorted(stack.stop()) == ["kafka", "postgres"]
    assert stack.stop() == []


def test_a_taken_port_is_left_and_the_next_one_is_named(place: Path):
    said: list[str] = []
    place.mkdir(parents=True)
    stack = Stack(place, say=said.append)
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        taken = stranger.getsockname()[1]

        port = stack.pick_port("intake-http", taken)

    assert port > taken
    assert said == [f"port {taken} is taken, intake-http listens on {port}"]
    assert Stack(place).pick_port("intake-http", taken) == port


def test_the_superusers_password_is_asked_for_and_kept_for_us_alone(place: Path):
    stack = Stack(place)
    stack.start_servers()
    password_file = place / "postgres.password"

    assert stat.S_IMODE(password_file.stat().st_mode) == 0o600
    with pytest.raises(PostgresError, match="password"):
        run_sql(stack.database_url.replace(password_file.read_text(), "wrong"), "SELECT 1")


def test_doubles_keep_their_ports_over_a_restart(place: Path):
    stack = Stack(place)
    stack.start_doubles()
    ports = (stack.smtp_port, stack.sms_url)
    stack.stop()

    stack = Stack(place)
    stack.start_doubles()

    assert (stack.smtp_port, stack.sms_url) == ports
    assert sorted(stack.stop()) == ["sms", "smtp"]


def test_named_servers_are_used_and_not_started(
    tmp_path: Path, postgres: str, kafka: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DATABASE_URL", postgres)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka)
    stack = Stack(tmp_path)

    stack.start_servers()

    assert (stack.database_url, stack.bootstrap_servers, stack.partner_bootstrap_servers) == (postgres, kafka, None)
    assert stack.stop() == []


def test_a_named_server_that_does_not_answer_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://postgres@127.0.0.1:1/postgres")

    with pytest.raises(LocalStackError, match="DATABASE_URL"):
        Stack(tmp_path).start_servers()


def test_every_jar_is_locked_by_checksum_and_a_wrong_one_is_named(tmp_path: Path):
    locked = jars.read_lock()
    assert len(locked) > 40
    for jar in locked:
        (tmp_path / jar.filename).write_bytes(b"half a jar")

    with pytest.raises(JarError, match=locked[0].filename):
        jars.fetch(tmp_path)


def test_a_lock_without_a_checksum_is_refused(tmp_path: Path):
    lock = tmp_path / "jgo.lock.toml"
    lock.write_text('[[dependencies]]\ngroupId = "g"\nartifactId = "a"\nversion = "1"\n')

    with pytest.raises(JarError, match=r"a-1\.jar"):
        jars.read_lock(lock)


def test_a_home_that_can_not_be_written_moves_the_cache_into_the_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file" / "cache"))

    assert jars.cache_dir(tmp_path / "state") == tmp_path / "state" / "cache"


def test_only_the_domain_that_bounces_bounces():
    assert is_bouncing("a@bounce.example")
    assert not is_bouncing("bounce.example@example.nl")
    assert not is_bouncing("a@notbounce.example")


def test_a_service_that_runs_keeps_its_port_and_a_new_one_leaves_it(place: Path):
    stack = Stack(place)
    stack.start_doubles()
    again = Stack(place)

    assert again.pick_port("smtp", listener="smtp") == stack.smtp_port
    assert again.pick_port("other", stack.smtp_port) != stack.smtp_port
