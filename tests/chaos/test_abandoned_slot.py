"""A replication slot that nobody reads keeps the log of the database, until it fills the disk or reaches its limit."""

from local_stack.postgres import SETTINGS, run_sql

SLOTS = """
SELECT pg_create_physical_replication_slot('abandoned_copy', true);
SELECT pg_create_logical_replication_slot('abandoned_reader', 'test_decoding')
"""
STATES = "SELECT slot_name, wal_status FROM pg_replication_slots ORDER BY slot_name"
OLDEST = "SELECT min(name) FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$'"
WRITE_A_SEGMENT = "INSERT INTO claim SELECT generate_series(1, 1000); SELECT pg_switch_wal(); CHECKPOINT"
SEGMENTS = 6  # of 16 MB: far more than the limit below


def test_a_slot_that_nobody_reads_is_given_up_and_its_log_goes_while_the_database_writes_on(own_postgres):
    url = own_postgres.url
    assert run_sql(url, "SHOW max_slot_wal_keep_size") == [[SETTINGS["max_slot_wal_keep_size"]]]
    run_sql(url, "CREATE TABLE claim (id integer)")
    run_sql(url, SLOTS)
    run_sql(url, "ALTER SYSTEM SET max_slot_wal_keep_size = -1")
    run_sql(url, "SELECT pg_reload_conf()")
    begun = run_sql(url, OLDEST)
    for _ in range(SEGMENTS):
        run_sql(url, WRITE_A_SEGMENT)
    assert run_sql(url, OLDEST) == begun, "without a limit the slots keep all of it"
    assert {state for _, state in run_sql(url, STATES)} <= {"reserved", "extended"}

    run_sql(url, "ALTER SYSTEM SET max_slot_wal_keep_size = '32MB'")
    run_sql(url, "SELECT pg_reload_conf()")
    run_sql(url, WRITE_A_SEGMENT)

    assert run_sql(url, STATES) == [["abandoned_copy", "lost"], ["abandoned_reader", "lost"]]
    assert run_sql(url, OLDEST) > begun
    for _ in range(SEGMENTS):
        run_sql(url, WRITE_A_SEGMENT)
    assert run_sql(url, "SELECT count(*) FROM claim") == [[str(1000 * (2 * SEGMENTS + 1))]]
