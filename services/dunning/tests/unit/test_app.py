"""What the process does with the agency's facts when it starts."""

from pathlib import Path

import pytest

from dunning.app import load_agency, make_service
from dunning.settings import Settings


def test_a_missing_or_incomplete_agency_is_said_and_sends_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    incomplete = tmp_path / "agency.toml"
    incomplete.write_text('name = "Vereffen"\n', "utf-8")

    assert load_agency(tmp_path / "nowhere.toml") is None
    assert load_agency(incomplete) is None

    said = capsys.readouterr().out
    assert said.count("agency_facts_missing") == 2
    assert "address_lines" in said


def test_the_page_for_disputes_is_printed_under_the_public_address(tmp_path: Path):
    settings = Settings(
        database_url="postgresql://nowhere", instance="dunning-0", http_port=8102, public_url="https://pay.example/",
        agency_file=tmp_path / "agency.toml",
    )  # fmt: skip

    assert settings.dispute_url == "https://pay.example/disputes"
    assert make_service(settings).name == "dunning"
