"""Files over HTTP and from watched folders: each row answered, nothing twice, whatever breaks in between."""

import csv
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from intake_world import Backend, Registered, a_claim, register

from common.blocking import LARGE_BYTES, BlockingWork
from common.runner import Answer, Submission
from intake.consumers.folders import take_file, take_from
from intake.formats.claims_csv import ROWS_AT_ONCE
from intake.formats.submissions import Submitter
from intake.repository import KnownClient, select_client_by_folder

COLUMNS = list(a_claim(enterprise_number="", phone=""))


def a_csv(*claims: dict[str, str]) -> bytes:
    lines = [";".join(COLUMNS), *(";".join(claim.get(column, "") for column in COLUMNS) for claim in claims)]
    return "\r\n".join(lines).encode()


def claims(count: int, **changes: str) -> list[dict[str, str]]:
    return [
        a_claim(client_reference=f"D-{n}", invoice_number=f"F-{n}", debtor_name=f"Debtor {n}", **changes)
        for n in range(count)
    ]


MIXED = a_csv(
    a_claim(client_reference="D-1"),
    a_claim(client_reference="D-2", postcode="99", email="x"),
    a_claim(client_reference="D-3"),
    a_claim(client_reference="D-4", due_date="2026-03-02"),
    a_claim(client_reference="D-1"),
)


async def post_csv(
    http: httpx.AsyncClient, client: Registered, content: bytes, kind: str = "text/csv", key: str = ""
) -> httpx.Response:
    headers = {**client.headers(key), "Content-Type": kind}
    return await http.post("/v1/claim-files", content=content, headers=headers)


async def known(backend: Backend, client: Registered) -> KnownClient:
    found = await select_client_by_folder(backend.pool, client.folder.name)
    assert found is not None
    return found


async def accepted_claims(backend: Backend) -> int:
    return await backend.pool.fetchval("SELECT count(*) FROM claim")


# --- over HTTP -------------------------------------------------------------------------------------------------------


async def test_each_row_of_a_file_is_answered_by_line(http: httpx.AsyncClient, backend: Backend, client: Registered):
    answer = await post_csv(http, client, MIXED)
    assert answer.status_code == 207
    told = answer.json()
    assert [(row["line"], row["outcome"]) for row in told["results"]] == [
        (2, "accepted"), (3, "refused"), (4, "accepted"), (5, "refused"), (6, "repeated"),
    ]  # fmt: skip
    assert (told["rows"], told["accepted"], told["repeated"], told["refused"]) == (5, 2, 1, 2)
    assert [(e["field"], e["code"]) for e in told["results"][1]["errors"]] == [
        ("email", "not_an_email"), ("postcode", "not_a_postcode"),
    ]  # fmt: skip
    assert told["results"][3]["errors"][0]["code"] == "not_due"
    first, third = told["results"][0], told["results"][2]
    assert first["case_file_id"] == third["case_file_id"]  # one debtor, one batch
    assert first["reference_number"] == third["reference_number"]
    assert await backend.published() == [
        "MandateGranted", "CaseFileOpened", "ClaimAccepted", "ClaimAccepted", "ClaimRejected",
    ]  # fmt: skip


async def test_the_same_file_again_changes_nothing(http: httpx.AsyncClient, backend: Backend, client: Registered):
    await post_csv(http, client, MIXED)
    before = await backend.published()
    again = (await post_csv(http, client, MIXED)).json()
    assert (again["accepted"], again["repeated"], again["refused"]) == (0, 3, 2)
    assert await backend.published() == before


async def test_the_same_file_under_the_same_key_has_the_same_answer_and_another_file_is_refused(
    http: httpx.AsyncClient, backend: Backend, client: Registered
):
    first = await post_csv(http, client, MIXED, key="k-1")
    assert first.status_code == 207
    before = await backend.published()
    again = await post_csv(http, client, MIXED, key="k-1")
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert await backend.published() == before

    other = await post_csv(http, client, a_csv(a_claim(client_reference="D-9")), key="k-1")
    assert (other.status_code, other.headers["content-type"]) == (422, "application/problem+json")
    assert other.json()["type"] == "urn:quittance:problem:idempotency_key_reused"
    assert await accepted_claims(backend) == 2


async def test_the_same_file_under_another_key_is_another_request_and_has_its_own_answer_each_time(
    http: httpx.AsyncClient, backend: Backend, client: Registered
):
    await post_csv(http, client, MIXED, key="k-1")
    second = (await post_csv(http, client, MIXED, key="k-2")).json()
    assert (second["accepted"], second["repeated"], second["refused"]) == (0, 3, 2)
    assert (await post_csv(http, client, MIXED, key="k-2")).json() == second
    assert (await post_csv(http, client, MIXED)).json()["repeated"] == 3
    assert await accepted_claims(backend) == 2


async def test_a_key_that_cannot_be_one_is_refused_before_anything_is_taken(
    http: httpx.AsyncClient, backend: Backend, client: Registered
):
    assert (await post_csv(http, client, MIXED, key=" ")).status_code == 400
    assert await accepted_claims(backend) == 0


async def test_an_invoice_under_its_key_is_answered_alike_each_time(
    http: httpx.AsyncClient, backend: Backend, client: Registered
):
    headers = {**client.headers("k-1"), "Content-Type": "application/xml"}
    first = await http.post("/v1/invoices", content=AN_INVOICE, headers=headers)
    again = await http.post("/v1/invoices", content=AN_INVOICE, headers=headers)
    assert first.status_code == 201
    assert first.json()["outcome"] == "accepted"
    assert (again.status_code, again.json()) == (201, first.json())
    other = await http.post("/v1/invoices", content=AN_INVOICE + b"\n", headers=headers)
    assert other.status_code == 422
    assert await accepted_claims(backend) == 1


async def test_a_file_without_a_bad_row_is_200_and_a_form_does_as_well(http: httpx.AsyncClient, client: Registered):
    files = {"file": ("maart.csv", a_csv(*claims(3)), "text/csv")}
    answer = await http.post("/v1/claim-files", files=files, headers=client.headers())
    assert answer.status_code == 200, answer.text
    assert answer.json()["file"] == "maart.csv"
    assert answer.json()["accepted"] == 3


async def test_one_reference_for_two_debtors_in_one_file_is_one_claim(
    http: httpx.AsyncClient, backend: Backend, client: Registered
):
    told = (await post_csv(http, client, a_csv(a_claim(), a_claim(debtor_name="Another")))).json()
    assert [row["outcome"] for row in told["results"]] == ["accepted", "refused"]
    assert told["results"][1]["errors"][0]["code"] == "changed_claim"
    assert await accepted_claims(backend) == 1


async def test_a_rejected_reference_may_not_be_used_for_another_debtor_in_one_batch(
    http: httpx.AsyncClient, backend: Backend, client: Registered
):
    rows = a_csv(a_claim(due_date="2026-03-02"), a_claim(debtor_name="Another"), a_claim(client_reference="D-2"))
    told = (await post_csv(http, client, rows)).json()
    assert [row["outcome"] for row in told["results"]] == ["refused", "refused", "accepted"]
    assert told["results"][1]["errors"][0]["code"] == "changed_claim"
    assert await accepted_claims(backend) == 1


async def test_more_rows_than_a_chunk_are_all_taken_once(http: httpx.AsyncClient, backend: Backend, client: Registered):
    count = ROWS_AT_ONCE * 2 + 7
    told = (await post_csv(http, client, a_csv(*claims(count)))).json()
    assert told["accepted"] == count
    assert await accepted_claims(backend) == count
    assert [row["line"] for row in told["results"]] == list(range(2, count + 2))


@pytest.mark.parametrize(
    ("path", "kind", "content", "expected"),
    [
        ("/v1/claim-files", "application/json", b"{}", (415, "unsupported_media_type")),
        ("/v1/claim-files", "text/csv", b"", (422, "empty")),
        ("/v1/claim-files", "text/csv", b"PK\x03\x04", (422, "not_csv")),
        ("/v1/claim-files", "text/csv", b"a;b\n1;2", (422, "no_header")),
        ("/v1/claim-files", "multipart/form-data; boundary=x", b"--x--", (422, "no_file")),
        ("/v1/claim-files", "multipart/form-data", b"", (400, "bad_request")),
        ("/v1/claim-files", "text/csv", b"a" * (21 * 1024 * 1024), (413, "too_large")),
        ("/v1/claim-files", "text/csv", a_csv() + b"\nx" * 50_001, (413, "too_many_rows")),
        ("/v1/invoices", "text/csv", b"<a/>", (415, "unsupported_media_type")),
        ("/v1/invoices", "application/xml", b"<!DOCTYPE a><a/>", (422, "doctype")),
        ("/v1/invoices", "application/xml", b"<a/>", (422, "not_an_invoice")),
        ("/v1/invoices", "application/xml", b" " * (6 * 1024 * 1024), (413, "too_large")),
    ],
)
async def test_a_body_that_cannot_be_taken_is_a_problem(
    http: httpx.AsyncClient, client: Registered, path: str, kind: str, content: bytes, expected: tuple[int, str]
):
    answer = await http.post(path, content=content, headers={**client.headers(), "Content-Type": kind})
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["type"]) == (expected[0], f"urn:quittance:problem:{expected[1]}")


async def test_a_body_without_a_length_ends_at_the_byte_that_is_too_many(http: httpx.AsyncClient, client: Registered):
    sent = 0

    async def endless():
        nonlocal sent
        while sent < 200:
            sent += 1
            yield b"x" * (1 << 20)

    headers = {**client.headers(), "Content-Type": "text/csv"}
    answer = await http.post("/v1/claim-files", content=endless(), headers=headers)
    assert answer.status_code == 413
    assert sent <= 21


async def test_a_ubl_invoice_is_a_claim_and_the_same_again_is_repeated(
    http: httpx.AsyncClient, backend: Backend, client: Registered
):
    headers = {**client.headers(), "Content-Type": "application/xml"}
    first = await http.post("/v1/invoices", content=AN_INVOICE, headers=headers)
    again = await http.post("/v1/invoices", content=AN_INVOICE, headers=headers)
    assert (first.status_code, first.json()["outcome"]) == (201, "accepted")
    assert again.json() == {**first.json(), "outcome": "repeated"}
    other = await register(http, enterprise_number="87654321", name="Other")
    headers = {**other.headers(), "Content-Type": "application/xml"}
    not_his = await http.post("/v1/invoices", content=AN_INVOICE, headers=headers)
    assert not_his.json()["errors"][0]["code"] == "another_enterprise"
    assert await accepted_claims(backend) == 1


# --- watched folders -------------------------------------------------------------------------------------------------


class DiesAfter:
    """The runner, killed before a chunk: what came before is committed, what comes after never was."""

    def __init__(self, runner: Submitter, chunks: int) -> None:
        self.runner, self.left = runner, chunks

    async def submit(self, submissions: Sequence[Submission]) -> list[Answer]:
        if not self.left:
            raise ConnectionError("killed")
        self.left -= 1
        return await self.runner.submit(submissions)


async def test_a_file_in_a_clients_folder_is_taken_reported_and_moved(backend: Backend, client: Registered):
    path = client.folder / "maart.csv"
    path.write_bytes(MIXED)
    await take_file(path, await known(backend, client), backend)
    done = client.folder / "done"
    assert not path.exists()
    assert (done / "maart.csv").read_bytes() == MIXED
    report = json.loads((done / "maart.csv.report.json").read_text())
    assert (report["rows"], report["accepted"], report["repeated"], report["refused"]) == (5, 2, 1, 2)
    with (done / "maart.csv.refused.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file, delimiter=";"))
    assert [row[:3] for row in rows] == [
        ["line", "field", "code"],
        ["3", "email", "not_an_email"],
        ["3", "postcode", "not_a_postcode"],
        ["5", "due_date", "not_due"],
    ]
    assert sorted(p.name for p in done.iterdir() if p.is_file()) == [
        "maart.csv", "maart.csv.refused.csv", "maart.csv.report.json",
    ]  # fmt: skip


async def test_the_same_file_in_the_folder_again_is_reported_as_repeated(backend: Backend, client: Registered):
    for name in ("maart.csv", "maart.csv", "copy.csv"):
        (client.folder / name).write_bytes(a_csv(*claims(3)))
        await take_file(client.folder / name, await known(backend, client), backend)
    report = json.loads((client.folder / "done" / "copy.csv.report.json").read_text())
    assert (report["accepted"], report["repeated"]) == (0, 3)
    assert (await backend.published()).count("ClaimAccepted") == 3


async def test_a_file_that_was_cut_short_goes_on_and_is_reported_as_if_it_never_was(
    backend: Backend, client: Registered
):
    count = ROWS_AT_ONCE * 2 + 3
    path = client.folder / "large.csv"
    path.write_bytes(a_csv(*claims(count)))
    him = await known(backend, client)
    for chunks in (0, 1, 2):
        with pytest.raises(ConnectionError):
            await take_file(path, him, replace(backend, runner=DiesAfter(backend.runner, chunks)))
        assert path.exists()
        assert list((client.folder / "done").glob("*.json")) == []
    await take_file(path, him, backend)
    report = json.loads((client.folder / "done" / "large.csv.report.json").read_text())
    assert (report["accepted"], report["repeated"], report["refused"]) == (count, 0, 0)
    assert await accepted_claims(backend) == count
    assert (await backend.published()).count("ClaimAccepted") == count


async def test_another_file_of_the_same_name_keeps_both(backend: Backend, client: Registered):
    for number in (1, 2):
        path = client.folder / "claims.csv"
        path.write_bytes(a_csv(a_claim(client_reference=f"D-{number}")))
        await take_file(path, await known(backend, client), backend)
    taken = sorted(p.name for p in (client.folder / "done").glob("*.csv"))
    assert len(taken) == 2
    assert taken[1] == "claims.csv"
    assert taken[0].startswith("claims-")


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("broken.csv", b"PK\x03\x04", "not_csv"),
        ("broken.xml", b"<!DOCTYPE a><a/>", "doctype"),
        ("empty.csv", b"", "empty"),
    ],
)
async def test_a_file_that_cannot_be_read_is_put_aside_with_the_reason(
    backend: Backend, client: Registered, name: str, content: bytes, code: str
):
    (client.folder / name).write_bytes(content)
    await take_file(client.folder / name, await known(backend, client), backend)
    refused = client.folder / "refused"
    assert (refused / name).read_bytes() == content
    assert json.loads((refused / f"{name}.report.json").read_text())["code"] == code
    assert not (client.folder / name).exists()
    assert list((client.folder / "done").glob("*.csv*")) == []


async def test_a_large_file_is_read_in_a_process_of_its_own_and_answered_alike(backend: Backend, client: Registered):
    long = "Bicycle, with all that was ordered for it: " + "bell, " * 60
    rows = [*claims(700, description=long), a_claim(client_reference="bad", postcode="99", description=long)]
    path = client.folder / "large.csv"
    path.write_bytes(a_csv(*rows))
    reader = ReadersSeen()
    await take_file(path, await known(backend, client), replace(backend, blocking=reader))
    reader.close()
    assert len(reader.pids) == 1
    assert reader.pids != {os.getpid()}
    report = json.loads((client.folder / "done" / "large.csv.report.json").read_text())
    assert (report["accepted"], report["refused"]) == (700, 1)
    assert [row["line"] for row in report["results"]] == list(range(2, 703))
    assert [e["field"] for e in report["results"][-1]["errors"]] == ["postcode"]


async def test_a_large_file_that_cannot_be_read_comes_back_with_its_reason(backend: Backend, client: Registered):
    (client.folder / "large.xml").write_bytes(b"<!DOCTYPE a><a>" + b" " * LARGE_BYTES + b"</a>")
    await take_file(client.folder / "large.xml", await known(backend, client), backend)
    report = json.loads((client.folder / "refused" / "large.xml.report.json").read_text())
    assert report["code"] == "doctype"


class ReadersSeen(BlockingWork):
    """The same, remembering which process did the work."""

    def __init__(self) -> None:
        super().__init__()
        self.pids: set[int] = set()

    async def run(self, size_bytes: int, work: Callable, *args: object, **kwargs: object) -> object:
        self.pids.add(await super().run(size_bytes, os.getpid))
        return await super().run(size_bytes, work, *args, **kwargs)


async def test_a_link_to_another_file_is_not_followed(backend: Backend, client: Registered, tmp_path: Path):
    secret = tmp_path / "secret.csv"
    secret.write_bytes(a_csv(a_claim()))
    (client.folder / "link.csv").symlink_to(secret)
    await take_file(client.folder / "link.csv", await known(backend, client), backend)
    assert await accepted_claims(backend) == 0
    assert secret.exists()


async def test_an_invoice_in_the_folder_is_taken(backend: Backend, client: Registered):
    (client.folder / "invoice.xml").write_bytes(AN_INVOICE)
    await take_file(client.folder / "invoice.xml", await known(backend, client), backend)
    report = json.loads((client.folder / "done" / "invoice.xml.report.json").read_text())
    assert (report["rows"], report["accepted"]) == (1, 1)


async def test_a_file_in_nobodys_folder_is_put_aside(backend: Backend):
    folder = backend.settings.watch_folder / "nobody"
    folder.mkdir(parents=True)
    (folder / "claims.csv").write_bytes(MIXED)
    await take_from(folder / "claims.csv", backend)  # type: ignore[arg-type]  what it asks of a service
    assert (folder / "refused" / "claims.csv").exists()
    assert await accepted_claims(backend) == 0


AN_INVOICE = b"""<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
  xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
  xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
  <cbc:ID>2026-0017</cbc:ID><cbc:IssueDate>2026-01-05</cbc:IssueDate><cbc:DueDate>2026-02-04</cbc:DueDate>
  <cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode><cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
  <cac:AccountingSupplierParty><cac:Party>
    <cbc:EndpointID schemeID="0106">12345678</cbc:EndpointID>
    <cac:PostalAddress><cac:Country><cbc:IdentificationCode>NL</cbc:IdentificationCode></cac:Country></cac:PostalAddress>
  </cac:Party></cac:AccountingSupplierParty>
  <cac:AccountingCustomerParty><cac:Party>
    <cbc:EndpointID schemeID="0208">0428759497</cbc:EndpointID>
    <cac:PostalAddress><cbc:StreetName>Rue Haute 7</cbc:StreetName><cbc:CityName>Namur</cbc:CityName>
      <cbc:PostalZone>5000</cbc:PostalZone>
      <cac:Country><cbc:IdentificationCode>BE</cbc:IdentificationCode></cac:Country></cac:PostalAddress>
    <cac:PartyLegalEntity><cbc:RegistrationName>Boulangerie</cbc:RegistrationName></cac:PartyLegalEntity>
  </cac:Party></cac:AccountingCustomerParty>
  <cac:LegalMonetaryTotal><cbc:PayableAmount currencyID="EUR">1250.50</cbc:PayableAmount></cac:LegalMonetaryTotal>
  <cac:InvoiceLine><cbc:ID>1</cbc:ID><cac:Item><cbc:Name>Farine</cbc:Name></cac:Item></cac:InvoiceLine>
</Invoice>
"""
