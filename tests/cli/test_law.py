"""`quittance law` as people and programs call it."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.law import law_app
from statutes import law_page, tables, verification

EXAMPLES = Path(__file__).parents[2] / "libs" / "statutes" / "tests"


def run(*arguments: str, status: int = 0) -> str:
    result = CliRunner().invoke(law_app, list(arguments), env={"COLUMNS": "200"})
    assert result.exit_code == status, result.output
    return result.stdout


def as_json(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json"))


@pytest.mark.parametrize("name", ["examples_nl.json", "examples_be.json"])
def test_a_list_of_questions_is_answered_in_order_with_json_alone_on_standard_output(name: str):
    questions = json.loads((EXAMPLES / name).read_text())
    answers = json.loads(run("evaluate", str(EXAMPLES / name)))
    assert [answer["id"] for answer in answers] == [question["id"] for question in questions]
    for question, answer in zip(questions, answers, strict=True):
        assert ("error" in answer) == ("expected_error" in question)
        if "error" in answer:
            assert answer["error"]["type"] == question["expected_error"]["type"]
            assert answer["error"]["message"]


def test_one_bad_question_never_harms_its_neighbours(tmp_path: Path):
    good = {"id": "good", "topic": "nl.writ_term", "inputs": {"served_on": "2026-03-02"}}
    bad: list[Any] = [
        {"id": "unknown", "topic": "nl.nothing", "inputs": {}},
        {"id": "number", "topic": "nl.collection_costs", "inputs": {"principals": [3500.00]}},
        {"id": "typo", "topic": "nl.writ_term", "inputs": {"served_at": "2026-03-02"}},
        {"id": "no inputs", "topic": "nl.writ_term"},
        {"id": "list", "topic": "nl.writ_term", "inputs": ["2026-03-02"]},
        {"id": "no day", "topic": "nl.writ_term", "inputs": {"served_on": "2026-02-30"}},
        {"id": "far", "topic": "nl.writ_term", "inputs": {"served_on": "9999-12-31"}},
        {"id": "a topic of no text", "topic": ["nl.writ_term"], "inputs": {}},
        "no question at all",
    ]
    file = tmp_path / "questions.json"
    file.write_text(json.dumps([good, *bad, good]))
    answers = json.loads(run("evaluate", str(file)))
    assert answers[0] == answers[-1]
    assert answers[0]["result"]["earliest_hearing_on"] == "2026-03-10"
    assert [answer["error"]["type"] for answer in answers[1:-1]] == [
        "UnknownTopic",
        *["InvalidInput"] * 6,
        "UnknownTopic",
        "InvalidInput",
    ]


@pytest.mark.parametrize("content", ["{", '{"id": "1"}', "3"])
def test_a_file_that_holds_no_list_fails_and_prints_nothing_on_standard_output(tmp_path: Path, content: str):
    file = tmp_path / "questions.json"
    file.write_text(content)
    assert run("evaluate", str(file), status=2) == ""
    assert run("evaluate", str(tmp_path / "absent.json"), status=2) == ""


def test_every_readable_command_gives_the_result_of_its_topic():
    assert as_json("costs", "3500", "--no-vat-deduction")["collection_costs_including_vat"] == "574.75"
    lines = as_json("interest", "5000", "--series", "nl_6_119", "--from", "2024-03-15", "--until", "2026-02-17")
    assert lines["late_interest"] == "623.82"
    belgian = as_json("interest", "1000", "--series", "be_b2b", "--from", "2026-01-02", "--until", "2026-01-31")
    assert belgian["days"] == 30
    assert as_json("notice", "2026-01-09")["delivered_on"] == "2026-01-13"
    assert as_json("notice", "2026-03-02", "--channel", "e_mail")["term_ends_on"] == "2026-03-16"
    assert "indemnity_from" in as_json("notice", "2026-03-02", "--country", "be")
    assert "other_measures_from" in as_json("notice", "2026-03-02", "--country", "be", "--formal")
    allocated = as_json("allocate", "123.45", "--principal", "3000", "--costs", "100", "--late-interest", "50")
    assert allocated["left"]["late_interest"] == "26.55"
    assert "term_ends_on" in as_json("ios", "2026-03-02")
    assert as_json("limitation", "2021-03-15")["barred_from"] == "2026-03-16"
    assert "ends_on" in as_json("limitation", "2025-03-15", "--country", "be", "--interrupted-on", "2025-09-01")
    assert as_json("reference", "000056789012345", "--make")["reference"] == "5000056789012345"
    assert as_json("reference", "12 2345 3462 2567")["valid"]
    assert as_json("reference", "RF18539007547034", "--kind", "rf")["valid"]
    owed = as_json(
        *("statement", "7300", "--from", "2026-04-01", "--as-of", "2026-05-01", "--series", "nl_6_119a"),
        *("--payment", "2026-04-10=2000"),
    )
    assert owed["total_open"] == "5349.89"
    belgian_claim = as_json(
        *("statement", "3650", "--from", "2026-01-01", "--as-of", "2026-01-10", "--series", "be_b2b"),
        *("--country", "be", "--indemnity", "2026-01-05=40", "--payment", "2026-01-10=10.50"),
    )
    assert (belgian_claim["total_late_interest"], belgian_claim["total_open"]) == ("10.50", "3690.00")
    assert as_json("rates", "nl_6_119", "--as-of", "2026-01-01")["percent"] == "4"
    assert {each["key"] for each in as_json("rates")} >= {"nl_6_119", "nl_6_119a", "be_b2b", "be_civil"}


def test_a_person_reads_the_explanation_in_his_language_with_the_article():
    table = run("costs", "100", "--language", "nl")
    assert "De incassokosten zijn volgens de wet minstens € 40,00." in table
    assert "Besluit BIK art. 2 lid 2" in table
    assert "10.15" in run("rates", "nl_6_119a")
    assert "NL-WKI-5" in run("tables")


def test_what_the_law_refuses_is_a_sentence_and_a_failure():
    result = CliRunner().invoke(law_app, ["ios", "2026-03-01"])
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "served_on_sunday" in result.stderr
    run("interest", "1000", "--series", "nl_6_119", "--from", "2026-12-01", "--until", "2027-03-01", status=1)
    run("costs", "a lot", status=1)
    run("rates", "nl_6_120", status=1)


def test_the_check_warns_within_a_month_of_an_end_and_fails_after_it(monkeypatch: pytest.MonkeyPatch):
    dutch = {key: each for key, each in tables.all_tables().items() if each.country == "nl"}
    monkeypatch.setattr(verification, "all_tables", lambda: dutch)

    def check(day: str, status: int) -> tuple[Any, str]:
        result = CliRunner().invoke(law_app, ["check", "--as-of", day, "--json"])
        assert result.exit_code == status
        return json.loads(result.stdout), result.stderr

    states, warned = check("2026-11-24", 0)
    assert {each["state"] for each in states} == {"verified"}
    assert warned == ""
    states, warned = check("2026-12-10", 0)
    assert "nl_6_119: verification ends on 2026-12-31" in warned
    states, warned = check("2027-01-01", 1)
    assert "nl_6_119: verification ended on 2026-12-31" in warned


def test_the_page_is_written_where_asked(tmp_path: Path):
    run("page", "--output", str(tmp_path / "law.md"))
    assert (tmp_path / "law.md").read_text() == law_page.render()
