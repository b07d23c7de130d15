"""The alert rules: their syntax, metrics that exist with the labels asked for, and a page for whoever is called.

No Prometheus is needed: the expressions are read by a parser of their language. Whoever has promtool (Debian's package
`prometheus`) also sees each alert fire and keep quiet, on the series of deploy/prometheus/alerts_test.yml.
"""

import importlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import prometheus_client
import promql_parser
import pytest
import yaml

from cli.up import PREFERRED_HTTP_PORTS

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy/prometheus/alerts.yml"
CASES = RULES.with_name("alerts_test.yml")
CONFIGURATION = RULES.with_name("prometheus.yml")
PROMTOOL = shutil.which("promtool")
WITH_METRICS = ("common", "dunning", "intake", "ledger", "legal", "notifications")
PROMETHEUS_OWN = {"up": {"job", "instance"}}
EVERYWHERE = {"job", "instance"}
TEXT = {"type": "string", "minLength": 1}
RULE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["alert", "expr", "labels", "annotations"],
    "properties": {
        "alert": {"type": "string", "pattern": "^[A-Z][A-Za-z]+$"},
        "expr": TEXT,
        "for": {"type": "string", "pattern": r"^\d+(ms|[smhdwy])$"},
        "labels": {
            "type": "object",
            "required": ["severity"],
            "properties": {"severity": {"enum": ["page", "ticket"]}},
        },
        "annotations": {
            "type": "object",
            "additionalProperties": False,
            "required": ["summary", "runbook_url"],
            "properties": {"summary": TEXT, "runbook_url": {"pattern": r"^docs/runbooks/[a-z-]+\.md$"}},
        },
    },
}
FILE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["groups"],
    "properties": {
        "groups": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["name", "rules"],
                "properties": {"name": TEXT, "rules": {"type": "array", "minItems": 1, "items": RULE}},
            },
        }
    },
}
ASKED_FOR = {  # what must not go unnoticed
    "ConsumerStuck", "OutboxOld", "OutboxShardStopped", "AlarmsLate", "DeadLettersRise", "OutsideCallsUnknown",
    "LawEnds", "RemittanceUnwritten", "StatementNotBooked", "TrustUnproved",
}  # fmt: skip


def read_rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def known_metrics() -> dict[str, set[str]]:
    """Every series that our processes show, with its labels."""
    for member in WITH_METRICS:
        importlib.import_module(f"{member}.metrics")
    known = dict(PROMETHEUS_OWN)
    for collector, names in prometheus_client.REGISTRY._collector_to_names.items():
        for name in names:
            known[name] = set(getattr(collector, "_labelnames", ())) | EVERYWHERE
    return known


def selectors(expression: Any) -> Iterator[promql_parser.VectorSelector]:
    """What an expression reads."""
    if isinstance(expression, promql_parser.VectorSelector):
        yield expression
    for name in ("lhs", "rhs", "expr", "vector_selector"):
        if (part := getattr(expression, name, None)) is not None:
            yield from selectors(part)
    for part in getattr(expression, "args", ()):
        yield from selectors(part)


def faults_of(rule: dict[str, Any], known: dict[str, set[str]]) -> list[str]:
    """What is wrong with a rule, if anything."""
    try:
        read = list(selectors(promql_parser.parse(rule["expr"])))
    except ValueError as fault:
        return [f"{rule['alert']}: {fault}"]
    found = [f"{rule['alert']}: no metric {one.name}" for one in read if one.name not in known]
    labels = set().union(*(known.get(one.name, set()) for one in read))
    grouped = set(",".join(re.findall(r"by \(([^)]*)\)", rule["expr"])).replace(" ", "").split(",")) - {""}
    asked = {matcher.name for one in read for matcher in one.matchers.matchers} | grouped
    found += [f"{rule['alert']}: no label {name}" for name in sorted(asked - labels)]
    shown = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
    kept = grouped or labels
    found += [f"{rule['alert']}: the summary names {name}, which is not kept" for name in sorted(shown - kept)]
    if not read:
        found.append(f"{rule['alert']}: reads nothing")
    if not (ROOT / rule["annotations"]["runbook_url"]).is_file():
        found.append(f"{rule['alert']}: no page {rule['annotations']['runbook_url']}")
    return found


def test_the_file_has_the_form_that_prometheus_reads():
    jsonschema.validate(yaml.safe_load(RULES.read_text()), FILE)
    names = [rule["alert"] for rule in read_rules()]
    assert len(names) == len(set(names))


def test_every_rule_reads_metrics_of_ours_and_leads_to_a_page():
    known = known_metrics()
    assert [fault for rule in read_rules() for fault in faults_of(rule, known)] == []


def test_nothing_that_must_be_noticed_is_left_out():
    assert {rule["alert"] for rule in read_rules()} >= ASKED_FOR


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed: it comes with Prometheus")
@pytest.mark.parametrize(
    "arguments", [("check", "config", CONFIGURATION), ("test", "rules", CASES)], ids=["configuration", "cases"]
)
def test_prometheus_itself_takes_the_configuration_and_the_alerts_fire_as_their_cases_say(arguments):
    done = subprocess.run([PROMTOOL, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_case_where_it_fires_and_one_where_it_keeps_quiet():
    fires, quiet = set(), set()
    for case in yaml.safe_load(CASES.read_text())["tests"]:
        for check in case["alert_rule_test"]:
            (fires if check["exp_alerts"] else quiet).add(check["alertname"])
    assert fires == quiet == {rule["alert"] for rule in read_rules()}


def test_the_cases_are_about_series_as_our_processes_show_them():
    known = known_metrics()
    for case in yaml.safe_load(CASES.read_text())["tests"]:
        for series in case["input_series"]:
            shown = promql_parser.parse(series["series"])
            assert {matcher.name for matcher in shown.matchers.matchers} == known[shown.name], series["series"]


def test_prometheus_scrapes_every_service_where_up_and_the_containers_put_it():
    configuration = yaml.safe_load(CONFIGURATION.read_text())
    [job] = configuration["scrape_configs"]
    targets = {one["labels"]["instance"]: one["targets"] for one in job["static_configs"]}
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    published = {name: re.search(r":-(\d+)}:8000$", *compose[name]["ports"])[1] for name in PREFERRED_HTTP_PORTS}
    assert targets == {name: [f"127.0.0.1:{port}"] for name, port in PREFERRED_HTTP_PORTS.items()}
    assert targets == {name: [f"127.0.0.1:{port}"] for name, port in published.items()}
    assert configuration["rule_files"] == [RULES.name]
    assert {job["job_name"]} == {
        matcher.value
        for rule in read_rules()
        for one in selectors(promql_parser.parse(rule["expr"]))
        for matcher in one.matchers.matchers
        if matcher.name == "job"
    }


def test_every_page_is_what_some_alert_leads_to_and_names_its_metrics():
    pages = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs/runbooks").glob("*.md")}
    named = {rule["annotations"]["runbook_url"] for rule in read_rules()}
    unnamed = [
        f"{rule['annotations']['runbook_url']} does not name {one.name}"
        for rule in read_rules()
        for one in selectors(promql_parser.parse(rule["expr"]))
        if one.name not in PROMETHEUS_OWN and one.name not in (ROOT / rule["annotations"]["runbook_url"]).read_text()
    ]
    assert pages - named == set()
    assert unnamed == []


@pytest.mark.parametrize(
    ("part", "value", "fault"),
    [
        ("expr", "max by (service (quittance_outbox_age_seconds) > 1", "syntax"),
        ("expr", "max by (service) (quittance_outbox_years) > 1", "no metric quittance_outbox_years"),
        ("expr", 'quittance_outbox_age_seconds{shard="1"} > 1', "no label shard"),
        ("expr", "max by (topic) (quittance_outbox_age_seconds) > 1", "no label topic"),
        ("expr", "vector(1) > 0", "reads nothing"),
        ("annotations", {"summary": "{{ $labels.thing }}", "runbook_url": "docs/runbooks/dead-letters.md"}, "not kept"),
        ("annotations", {"summary": "old", "runbook_url": "docs/runbooks/nowhere.md"}, "no page"),
    ],
)
def test_a_rule_with_one_fault_is_found(part: str, value: Any, fault: str):
    good = next(rule for rule in read_rules() if rule["alert"] == "OutboxOld")
    found = faults_of({**good, part: value}, known_metrics())
    assert found
    assert fault == "syntax" or any(fault in one for one in found), found
