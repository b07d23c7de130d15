"""Time is an argument, faults have a policy, money has no fraction, and the broker has one factory."""

import ast
import re

import pytest
from source_tree import Plant, Rule, Source, Tree, listed

ASKS_THE_TIME = {
    ("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"),
    ("time", "time"), ("time", "time_ns"), ("time", "localtime"), ("time", "gmtime"),
}  # fmt: skip
SQL_ASKS_THE_TIME = re.compile(
    r"\b(now|clock_timestamp|statement_timestamp|transaction_timestamp)\s*\(\s*\)"
    r"|\b(current_date|current_time|current_timestamp|localtime|localtimestamp)\b",
    re.IGNORECASE,
)
LOOKS_LIKE_SQL = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|DEFAULT|CREATE TABLE)\b")
RUNNERS = {
    "runner",
    "relay",
    "calls",
    "outcomes",
    "folders",
    "service",
    "redrive",
}  # in common: loops that outlive a fault unknown to them
CLOCKS = {"clock", "service"}  # in common: the clock, and who tells how long a consumer has been silent
BROKER = "broker"
NEAR_MONEY = {"statutes", "ledger"}
NOT_MONEY = {"settings", "metrics", "app"}  # seconds and buckets


def may_ask_the_time(source: Source) -> bool:
    return source.member in {"cli", "local_stack"} or source.module == "app" or is_in_common(source, CLOCKS)


def is_in_common(source: Source, modules: set[str]) -> bool:
    return source.member == "common" and source.module in modules


def asks_the_time(tree: Tree) -> list[str]:
    """Code below `app.py` that asks for the time instead of being told."""
    found: list[str] = []
    for source in tree.code():
        if may_ask_the_time(source):
            continue
        for node in ast.walk(source.syntax):
            match node:
                case ast.Attribute(value=ast.Name(id=owner) | ast.Attribute(attr=owner), attr=name):
                    asked = (owner, name) in ASKS_THE_TIME
                case ast.ImportFrom(module="time", names=names):
                    asked = bool({alias.name for alias in names} & {"time", "time_ns", "localtime", "gmtime"})
                case ast.Call(func=ast.Name(id="system_now") | ast.Attribute(attr="system_now")):
                    asked = source.is_service or source.member == "statutes"
                case ast.Constant(value=str(text)):
                    asked = bool(LOOKS_LIKE_SQL.search(text) and SQL_ASKS_THE_TIME.search(text))
                case _:
                    continue
            if asked:
                found.append(f"{source.name}:{node.lineno}: asks for the time")
    return found


def sql_asks_the_time(tree: Tree) -> list[str]:
    """SQL that reads the server's clock: simulated time would not reach it."""
    return [
        f"{source.name}:{number}: asks for the time"
        for source in tree.files
        if source.name.endswith(".sql") and source.parts[0] in {"services", "libs"}
        for number, line in enumerate(source.text.splitlines(), start=1)
        if SQL_ASKS_THE_TIME.search(line.split("--")[0])
    ]


def catches_everything(tree: Tree) -> list[str]:
    """`except Exception` where a fault should go up to the one loop that has a policy."""
    return [
        f"{source.name}:{node.lineno}: catches everything"
        for source in tree.code()
        if source.module != "app" and not is_in_common(source, RUNNERS)
        for node in ast.walk(source.syntax)
        if isinstance(node, ast.ExceptHandler) and is_catch_all(node.type)
    ]


def is_catch_all(caught: ast.expr | None) -> bool:
    if caught is None:
        return True
    names = {node.id for node in ast.walk(caught) if isinstance(node, ast.Name)}
    return bool(names & {"Exception", "BaseException"})


def floats_near_money(tree: Tree) -> list[str]:
    """Float literals, annotations and conversions in the law, the ledger and the money types."""
    found: list[str] = []
    for source in tree.code():
        near = source.member in NEAR_MONEY and source.module not in NOT_MONEY
        if not near and not is_in_common(source, {"money"}):
            continue
        for node in ast.walk(source.syntax):
            match node:
                case ast.Constant(value=float()):
                    found.append(f"{source.name}:{node.lineno}: the float {node.value}")
                case ast.Call(func=ast.Name(id="float")):
                    found.append(f"{source.name}:{node.lineno}: makes a float")
                case ast.arg(annotation=kind) | ast.AnnAssign(annotation=kind) | ast.FunctionDef(returns=kind) if kind:
                    if any(isinstance(part, ast.Name) and part.id == "float" for part in ast.walk(kind)):
                        found.append(f"{source.name}:{node.lineno}: is a float")
    return found


def brokers_of_its_own(tree: Tree) -> list[str]:
    """A broker or subscriber beside the one factory, with the framework's defaults, which lose messages."""
    found: list[str] = []
    for source in tree.code():
        if is_in_common(source, {BROKER}):
            continue
        for node in ast.walk(source.syntax):
            match node:
                case ast.Call(func=ast.Name(id="KafkaBroker") | ast.Attribute(attr="KafkaBroker")):
                    found.append(f"{source.name}:{node.lineno}: KafkaBroker(")
                case ast.Call(func=ast.Attribute(attr="subscriber" | "publisher")):
                    found.append(f"{source.name}:{node.lineno}: a subscriber or publisher of its own")
    return found


@pytest.mark.parametrize(
    "rule", [asks_the_time, sql_asks_the_time, catches_everything, floats_near_money, brokers_of_its_own]
)
def test_our_tree_keeps_the_rule(tree: Tree, rule: Rule):
    found = rule(tree)
    assert not found, listed(found)


@pytest.mark.parametrize(
    ("rule", "name", "text"),
    [
        (asks_the_time, "services/dunning/dunning/handlers.py", "datetime.now(tz=UTC)"),
        (asks_the_time, "services/dunning/dunning/handlers.py", "datetime.datetime.utcnow()"),
        (asks_the_time, "libs/statutes/statutes/nl/bik.py", "field(default_factory=date.today)"),
        (asks_the_time, "services/dunning/dunning/repository.py", "system_now()"),
        (asks_the_time, "libs/common/common/runner.py", "time.time()"),
        (asks_the_time, "libs/common/common/runner.py", "from time import time"),
        (asks_the_time, "libs/common/common/outbox.py", 'X = "INSERT INTO outbox VALUES (now())"'),
        (sql_asks_the_time, "services/ledger/ledger/sql/queries.sql", "SELECT 1\nWHERE due_at < now();"),
        (sql_asks_the_time, "services/ledger/ledger/sql/migrations/0001_a_b.sql", "on_day date DEFAULT CURRENT_DATE"),
        (catches_everything, "services/ledger/ledger/handlers.py", "try: ...\nexcept Exception: ..."),
        (catches_everything, "services/ledger/ledger/handlers.py", "try: ...\nexcept: ..."),
        (catches_everything, "libs/common/common/inbox.py", "try: ...\nexcept (OSError, BaseException): ..."),
        (floats_near_money, "services/ledger/ledger/domain.py", "rate = 0.1"),
        (floats_near_money, "libs/statutes/statutes/interest.py", "x = float(1)"),
        (floats_near_money, "libs/common/common/money.py", "def f(x: float): ..."),
        (brokers_of_its_own, "services/ledger/ledger/app.py", "broker = KafkaBroker('x')"),
        (brokers_of_its_own, "services/ledger/ledger/consumers.py", "@broker.subscriber('t')\nasync def f(): ..."),
    ],
)
def test_a_breach_is_found(plant: Plant, rule: Rule, name: str, text: str):
    assert len(rule(plant({name: text}))) == 1


@pytest.mark.parametrize(
    ("rule", "name", "text"),
    [
        (asks_the_time, "libs/common/common/clock.py", "datetime.now(tz=UTC)"),
        (asks_the_time, "services/dunning/dunning/app.py", "datetime.now(tz=UTC)"),
        (asks_the_time, "cli/cli/demo.py", "time.time()"),
        (asks_the_time, "libs/common/common/relay.py", "system_now()"),
        (asks_the_time, "libs/common/common/runner.py", "time.monotonic()\nclock.now()"),
        (asks_the_time, "libs/common/common/clock_row.py", 'X = "SELECT now FROM clock"'),
        (sql_asks_the_time, "services/ledger/ledger/sql/queries.sql", "SELECT now -- never now()\nFROM clock;"),
        (catches_everything, "libs/common/common/runner/loop.py", "try: ...\nexcept Exception: ..."),
        (catches_everything, "services/ledger/ledger/app.py", "try: ...\nexcept Exception: ..."),
        (catches_everything, "services/ledger/ledger/handlers.py", "try: ...\nexcept InvalidMessage: ..."),
        (floats_near_money, "libs/statutes/statutes/tables.py", "if isinstance(read, float): raise TypeError"),
        (floats_near_money, "services/ledger/ledger/settings.py", "poll_seconds: float = 0.5"),
        (floats_near_money, "services/notifications/notifications/domain.py", "wait = 0.5"),
        (brokers_of_its_own, "libs/common/common/broker.py", "KafkaBroker('x').subscriber('t')"),
    ],
)
def test_what_is_allowed_passes(plant: Plant, rule: Rule, name: str, text: str):
    assert rule(plant({name: text})) == []
