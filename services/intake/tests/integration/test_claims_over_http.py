"""Single claims over HTTP: keys, idempotency, refusals by field, case files."""

import asyncio
from datetime import UTC, datetime

import httpx
import pytest
from intake_world import AS_OPERATOR, Backend, Registered, a_claim, a_client, register

PROBLEM = "application/problem+json"


async def test_a_new_client_gets_his_key_once_his_folder_and_his_mandate_is_told(
    http: httpx.AsyncClient, backend: Backend
):
    answer = await http.post("/v1/clients", json=a_client(), headers=AS_OPERATOR)
    assert answer.status_code == 201
    told = answer.json()
    assert told["api_key"].startswith("qk_")
    assert told["folder"].startswith("rijwielhandel-jansen-b-v-")
    assert (backend.settings.watch_folder / told["folder"]).is_dir()
    assert await backend.published() == ["MandateGranted"]
    kept = await backend.pool.fetchval("SELECT state::text FROM client")
    assert told["api_key"] not in kept

    again = await http.post("/v1/clients", json=a_client(), headers=AS_OPERATOR)
    assert (again.status_code, again.headers["content-type"]) == (409, PROBLEM)
    assert await backend.published() == ["MandateGranted"]


async def test_a_client_with_wrong_numbers_is_refused_by_field(http: httpx.AsyncClient):
    asked = a_client(enterprise_number="0428759498", country="BE", payout_iban="NL91ABNA0417164301", phone="1")
    answer = await http.post("/v1/clients", json=asked, headers=AS_OPERATOR)
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} == {
        "enterprise_number", "address.postcode", "payout_iban", "phone",
    }  # fmt: skip


async def test_an_amended_mandate_is_told_again_and_holds_for_new_case_files(
    http: httpx.AsyncClient, backend: Backend, client: Registered
):
    asked = a_client(judicial_phase_approved=False)
    url, headers = f"/v1/clients/{client.client_id}/mandate", {**AS_OPERATOR, "Idempotency-Key": "m-1"}
    assert (await http.put(url, json=asked, headers=headers)).status_code == 200
    assert (await http.put(url, json=asked, headers=headers)).status_code == 200
    assert await backend.published() == ["MandateGranted", "MandateGranted"]

    await http.post("/v1/claims", json=a_claim(), headers=client.headers("k-1"))
    payload = await backend.pool.fetchval(
        "SELECT convert_from(payload, 'UTF8')::jsonb -> 'mandate' ->> 'judicial_phase_approved' FROM outbox"
        " WHERE headers ->> 'ce_type' = 'intake.CaseFileOpened.v1'"
    )
    assert payload == "false"


async def test_a_mandate_cannot_move_to_another_enterprise(http: httpx.AsyncClient, client: Registered):
    answer = await http.put(
        f"/v1/clients/{client.client_id}/mandate",
        json=a_client(enterprise_number="87654321"),
        headers={**AS_OPERATOR, "Idempotency-Key": "m-1"},
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "another_enterprise"


async def test_nobody_is_amended_when_there_is_no_such_client(http: httpx.AsyncClient):
    answer = await http.put(
        "/v1/clients/00000000-0000-0000-0000-000000000001/mandate",
        json=a_client(),
        headers={**AS_OPERATOR, "Idempotency-Key": "m-1"},
    )
    assert (answer.status_code, answer.headers["content-type"]) == (404, PROBLEM)


async def test_a_replaced_key_opens_nothing_any_more(http: httpx.AsyncClient, client: Registered):
    answer = await http.post(f"/v1/clients/{client.client_id}/api-keys", headers=AS_OPERATOR)
    assert answer.status_code == 201
    new = Registered(client_id=client.client_id, api_key=answer.json()["api_key"], folder=client.folder)
    assert (await http.post("/v1/claims", json=a_claim(), headers=client.headers("k-1"))).status_code == 401
    assert (await http.post("/v1/claims", json=a_claim(), headers=new.headers("k-1"))).status_code == 201


@pytest.mark.parametrize("bearer", [None, "", "Bearer", "Bearer wrong", "Basic dTpw", "Bearer \u00e9"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/clients"),
        ("PUT", "/v1/clients/00000000-0000-0000-0000-000000000001/mandate"),
        ("POST", "/v1/clients/00000000-0000-0000-0000-000000000001/api-keys"),
        ("POST", "/v1/claims"),
        ("POST", "/v1/claim-files"),
        ("POST", "/v1/invoices"),
    ],
)
async def test_nothing_opens_without_a_key(http: httpx.AsyncClient, method: str, path: str, bearer: str | None):
    headers = {} if bearer is None else {"Authorization": bearer.encode()}
    body = a_claim() if path == "/v1/claims" else a_client()
    answer = await http.request(method, path, json=body, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (401, PROBLEM)
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_clients_key_makes_no_clients(http: httpx.AsyncClient, client: Registered):
    answer = await http.post("/v1/clients", json=a_client(enterprise_number="87654321"), headers=client.headers())
    assert answer.status_code == 401


async def test_a_claim_opens_a_case_file_with_a_reference_of_ten_digits(
    http: httpx.AsyncClient, backend: Backend, client: Registered
):
    answer = await http.post("/v1/claims", json=a_claim(), headers=client.headers("k-1"))
    assert answer.status_code == 201
    told = answer.json()
    assert told["outcome"] == "accepted"
    assert len(told["reference_number"]) == 10
    assert await backend.published() == ["MandateGranted", "CaseFileOpened", "ClaimAccepted"]
    assert await backend.pool.fetchval("SELECT case_file_id::text FROM claim") == told["case_file_id"]


async def test_the_same_request_again_has_the_same_answer_and_another_under_its_key_is_refused(
    http: httpx.AsyncClient, backend: Backend, client: Registered
):
    first = await http.post("/v1/claims", json=a_claim(), headers=client.headers("k-1"))
    again = await http.post("/v1/claims", json=a_claim(), headers=client.headers("k-1"))
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert (await backend.published()).count("ClaimAccepted") == 1

    other = await http.post("/v1/claims", json=a_claim(principal="1.00"), headers=client.headers("k-1"))
    assert (other.status_code, other.headers["content-type"]) == (422, PROBLEM)
    assert other.json()["type"] == "urn:quittance:problem:idempotency_key_reused"


async def test_a_claim_that_was_refused_is_refused_again_under_its_key(http: httpx.AsyncClient, client: Registered):
    not_due = a_claim(due_date="2026-03-02")
    first = await http.post("/v1/claims", json=not_due, headers=client.headers("k-1"))
    again = await http.post("/v1/claims", json=not_due, headers=client.headers("k-1"))
    assert first.status_code == again.status_code == 422
    assert first.json() == again.json()
    assert first.json()["errors"] == [
        {"field": "due_date", "code": "not_due", "reason": "it may be paid until 2026-03-02 and is not late yet"}
    ]


async def test_a_claim_that_was_not_due_is_accepted_once_it_is(
    http: httpx.AsyncClient, backend: Backend, client: Registered
):
    not_due = a_claim(due_date="2026-03-02")
    refused = await http.post("/v1/claims", json=not_due, headers=client.headers("k-1"))
    assert refused.status_code == 422
    assert (await backend.published())[1:] == ["ClaimRejected"]
    await backend.set_clock(datetime(2026, 3, 2, 23, 30, tzinfo=UTC))  # after midnight in Amsterdam
    accepted = await http.post("/v1/claims", json=not_due, headers=client.headers("k-2"))
    assert accepted.status_code == 201
    assert (await backend.published())[2:] == ["CaseFileOpened", "ClaimAccepted"]


async def test_the_same_claim_under_another_key_is_repeated_and_a_changed_one_is_refused(
    http: httpx.AsyncClient, backend: Backend, client: Registered
):
    first = await http.post("/v1/claims", json=a_claim(), headers=client.headers("k-1"))
    await backend.set_clock(datetime(2026, 4, 1, 9, 0, tzinfo=UTC))
    again = await http.post("/v1/claims", json=a_claim(), headers=client.headers("k-2"))
    assert again.status_code == 201
    assert again.json() == {**first.json(), "outcome": "repeated"}

    changed = await http.post("/v1/claims", json=a_claim(principal="350"), headers=client.headers("k-3"))
    moved = await http.post("/v1/claims", json=a_claim(debtor_name="Another"), headers=client.headers("k-4"))
    for answer in (changed, moved):
        assert answer.status_code == 422
        assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [("client_reference", "changed_claim")]
    assert (await backend.published()).count("ClaimAccepted") == 1


async def test_claims_on_one_debtor_join_one_case_file_on_one_day_and_open_the_next_on_another(
    http: httpx.AsyncClient, backend: Backend, client: Registered
):
    async def submit(number: int, **changes: str) -> str:
        claim = a_claim(client_reference=f"D-{number}", **changes)
        answer = await http.post("/v1/claims", json=claim, headers=client.headers(f"k-{number}"))
        return answer.json()["case_file_id"]

    first = await submit(1)
    assert await submit(2, debtor_name="S. DE VRIÉS", postcode="3511ab") == first
    assert await submit(3, house_number="14") != first
    await backend.set_clock(datetime(2026, 3, 3, 9, 0, tzinfo=UTC))
    next_one = await submit(4)
    assert next_one != first
    assert await submit(5) == next_one


async def test_a_debtor_of_two_clients_is_one_debtor_with_two_case_files(
    http: httpx.AsyncClient, backend: Backend, client: Registered
):
    other = await register(http, enterprise_number="87654321", name="Other")
    mine = await http.post("/v1/claims", json=a_claim(), headers=client.headers("k-1"))
    his = await http.post("/v1/claims", json=a_claim(), headers=other.headers("k-1"))
    assert mine.json()["case_file_id"] != his.json()["case_file_id"]
    debtors = await backend.pool.fetch("SELECT DISTINCT state -> 'debtor' ->> 'debtor_id' FROM case_file")
    assert len(debtors) == 1


async def test_many_claims_at_once_on_one_new_debtor_meet_in_one_case_file(
    http: httpx.AsyncClient, backend: Backend, client: Registered
):
    async def submit(number: int) -> str:
        claim = a_claim(client_reference=f"D-{number}")
        answer = await http.post("/v1/claims", json=claim, headers=client.headers(f"k-{number}"))
        assert answer.status_code == 201, answer.text
        return answer.json()["case_file_id"]

    found = await asyncio.gather(*(submit(number) for number in range(12)))
    assert len(set(found)) == 1
    assert (await backend.published()).count("CaseFileOpened") == 1


async def test_wrong_fields_are_all_named_and_no_value_is_quoted(http: httpx.AsyncClient, client: Registered):
    claim = a_claim(
        postcode="99", email="nobody at home", phone="12", principal="1.234", due_date="31/02/2026", city="",
        debtor_name="=cmd()",
    )  # fmt: skip
    answer = await http.post("/v1/claims", json=claim, headers=client.headers("k-1"))
    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM)
    assert {error["field"]: error["code"] for error in answer.json()["errors"]} == {
        "debtor_name": "formula",
        "city": "missing",
        "email": "not_an_email",
        "postcode": "not_a_postcode",
        "phone": "not_a_phone_number",
        "due_date": "not_a_day",
        "principal": "ambiguous_amount",
    }
    assert "nobody" not in answer.text


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"{", None),
        (b"[]", None),
        (b"{}", {"invoice_number", "invoice_date", "due_date", "description", "principal", "debtor_type", "debtor_name",
                 "street", "house_number", "postcode", "city", "country"}),
        (b'{"principal": 349.9}', None),
    ],
)  # fmt: skip
async def test_a_body_of_another_shape_is_a_problem_too(
    http: httpx.AsyncClient, client: Registered, body: bytes, fields: set[str] | None
):
    headers = {**client.headers("k-1"), "Content-Type": "application/json"}
    answer = await http.post("/v1/claims", content=body, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM)
    assert answer.json()["errors"]
    if fields:
        assert {error["field"] for error in answer.json()["errors"]} == fields


async def test_every_refusal_of_the_framework_is_a_problem(http: httpx.AsyncClient, client: Registered):
    missing_key = await http.post("/v1/claims", json=a_claim(), headers=client.headers())
    not_json = await http.post("/v1/claims", data=a_claim(), headers=client.headers("k-1"))
    too_large = await http.post("/v1/claims", json=a_claim(description="x" * 70_000), headers=client.headers("k-1"))
    nowhere, wrong_method = await http.get("/v1/nowhere"), await http.delete("/v1/claims")
    answers = (missing_key, not_json, too_large, nowhere, wrong_method)
    assert [answer.status_code for answer in answers] == [400, 415, 413, 404, 405]
    for answer in answers:
        assert answer.headers["content-type"] == PROBLEM
        assert answer.json()["status"] == answer.status_code
        assert answer.json()["type"].startswith("urn:quittance:problem:")
        assert answer.json()["title"]


async def test_the_document_of_the_interface_is_openapi_3_1_with_its_keys(http: httpx.AsyncClient):
    document = (await http.get("/v1/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    assert set(document["components"]["securitySchemes"]) == {"client", "operator"}
    for path, methods in document["paths"].items():
        for route in methods.values():
            assert "security" in route or path == "/v1/claim-template"
            assert "422" in route["responses"]
    named = [p["name"] for p in document["paths"]["/v1/claims"]["post"]["parameters"]]
    assert named == ["Idempotency-Key"]
    assert "requestBody" in document["paths"]["/v1/claim-files"]["post"]
