"""A small demo with traces on: a claim's whole way, from the client's file to his payout, is one trace."""

import asyncio
import io
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from plays import CHECKOUT
from rich.console import Console

from cli.demo.run import erase_traces
from cli.demo.show import Show
from cli.demo.stage import Servers, Setting
from cli.demo.steps import play
from testkit.otlp import Collector, ToldSpan

DAYS = 25

WAY = (  # service, thing, span
    ("intake", "case_file", "fold SubmitClaim"),
    ("ledger", "case_account", "fold CaseFileOpened"),
    ("dunning", "case_file", "fold CaseFileOpened"),
    ("dunning", "case_file", "fold Due"),
    ("dunning", "debtor", "fold AskContact"),
    ("notifications", "correspondence", "fold SendMessage"),
    ("dunning", "case_file", "fold MessageSent"),
    ("ledger", "case_account", "fold MatchedReceipt"),
    ("dunning", "case_file", "fold CaseFilePaid"),
    ("intake", "case_file", "fold CloseCaseFile"),
    ("ledger", "client_account", "fold CreditClient"),
    ("ledger", "client_account", "fold Due"),
)


@pytest.fixture
def collector():
    with Collector() as running:
        yield running


@pytest.fixture
def figures(
    servers: Servers, run_dir: Path, prefix: str, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> Generator[dict[str, Any]]:
    """The account of a demo that was played with traces on."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint)
    setting = Setting(
        claims=10,
        days=DAYS,
        seed=2,
        top=run_dir / prefix.strip("_"),
        agency_file=CHECKOUT / "agency.toml",
        partner_program=CHECKOUT / "examples" / "partner.py",
        servers=servers,
        database_prefix=prefix,
        topic_prefix=prefix,
        interference=None,
    )
    setting.top.mkdir()
    played = asyncio.run(play(setting, Show(Console(file=io.StringIO()), days=DAYS)))
    yield played.figures
    erase_traces(setting)


def hops(spans: list[ToldSpan]) -> set[tuple[str, object, str]]:
    return {(span.service, span.attributes.get("quittance.thing"), span.name) for span in spans}


def test_a_claims_whole_way_from_file_to_payout_is_one_trace(figures: dict[str, Any], collector: Collector):
    traces: dict[str, list[ToldSpan]] = {}
    for span in collector.spans:
        traces.setdefault(span.trace_id, []).append(span)
    case_files = [spans for spans in traces.values() if hops(spans) & {WAY[0]}]
    whole = [spans for spans in case_files if set(WAY) <= hops(spans)]
    assert len(case_files) == figures["case_files"]["opened"]
    assert whole, f"no trace has every hop; the longest lacks {min((set(WAY) - hops(s) for s in case_files), key=len)}"
    for spans in case_files:
        own = {span.span_id for span in spans}
        assert {span.parent_id for span in spans} <= own | {""}, "a span hangs on one that was never told"
        sent = [span for span in spans if span.name in {"call smtp", "call twilio"}]
        assert all(span.parent_id for span in sent), "a call hangs on what asked for it"
