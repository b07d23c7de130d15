"""The benchmarks of the whole platform, with a handful of claims: that they run, and say what they measured."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # pytest's importlib mode puts no test folder on the path

from _platform import Scene, a_scene
from _stand import Figure, servers
from end_to_end import Round, bench_end_to_end, figures
from latency import bench_latency, p99

FOLDER = Path(__file__).parent


@pytest.fixture(scope="module")
def scene() -> Generator[Scene]:
    with servers() as stand, a_scene(stand) as made:
        yield made


def value(found: list[Figure], figure: str) -> float:
    return next(one.value for one in found if one.figure == figure)


def test_given_a_few_claims_when_they_and_their_payments_are_timed_then_each_has_a_latency_beside_its_limit(scene):
    found = asyncio.run(bench_latency(scene, claims=3, load=8))
    whole = value(found, "claim registered (201) to mail accepted, p99")
    assert whole > 0
    assert value(found, "of it 201 to planned, p50") < whole
    assert value(found, "payment booked to sending blocked, half load, p99") > 0
    assert all(one.limit_value for one in found if one.unit == "ms")


def test_given_a_small_file_when_it_goes_from_end_to_end_then_rate_and_cost_of_each_process_are_told(scene):
    found = asyncio.run(bench_end_to_end(scene, claims=8, rounds=1))
    assert value(found, "file to mail accepted") > 0
    parts = {one.figure.removeprefix("processor time: ") for one in found}
    assert {"intake", "dunning", "ledger", "notifications", "legal", "kafka", "smtp", "postgres: dunning"} <= parts


def test_given_three_rounds_then_the_median_counts_and_both_spans_do():
    rounds = [
        Round(claims=100, answering=0.5, planning=1.0, sending=sending, cost={"intake": 0.2})
        for sending in (1.0, 3.0, 9.0)
    ]
    assert value(figures(rounds, bare=500, alone=400), "file to mail accepted") == 25


def test_given_a_hundred_values_then_p99_leaves_one_out():
    assert p99([0.001 * n for n in range(1, 101)]) == pytest.approx(99.01)


def test_given_json_when_the_law_is_measured_then_the_rows_stand_beside_their_limits():
    command = [sys.executable, str(FOLDER / "law.py"), "--json", "--claims", "20", "--rounds", "1"]
    env = os.environ | {"PYTHONPATH": str(FOLDER)}
    told = json.loads(subprocess.run(command, env=env, capture_output=True, text=True, check=False).stdout)
    assert set(told) == {"name", "machine", "rows"}
    assert set(told["rows"][0]) == {"figure", "value", "unit", "limit", "limit_value", "ratio"}
