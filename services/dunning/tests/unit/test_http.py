"""The page and the interface for disputes: one answer for every wrong token, nothing of the body repeated."""

import hashlib

import httpx
import pytest

from common.runner import Answer
from dunning.domain.composer import written_token
from dunning.http import MOST_BODY_BYTES, make_http

TOKEN = "00112233445566778899aabbccddeeff"  # noqa: S105  a test's own
HELD = {"dispute_id": "6f2d3a0e-5b0c-5e0a-9f4e-0c1a6a8f2b11", "held_at": "2026-03-04T09:00:00+00:00"}


@pytest.fixture
def submitted():
    return []


@pytest.fixture
def client(submitted):
    async def submit(submissions):
        submitted.extend(submissions)
        known = submissions[0].message.token == TOKEN
        seen = [one.id for one in submitted].count(submissions[0].id) > 1
        if not known:
            return [Answer(status="refused", body={"code": "not_found"})]
        return [Answer(status="repeated" if seen else "applied", body=HELD)]

    return httpx.AsyncClient(transport=httpx.ASGITransport(make_http(submit)), base_url="http://dunning")


def a_dispute(**changed):
    return {"token": written_token(TOKEN), "reason": "already_paid", "text": "Betaald op 1 maart", **changed}


async def test_a_dispute_is_filed_and_says_since_when_the_file_is_held(client, submitted):
    answer = await client.post("/v1/disputes", json=a_dispute())

    assert (answer.status_code, answer.json()) == (201, HELD)
    assert submitted[0].message.text.value == "Betaald op 1 maart"


async def test_the_same_dispute_again_gets_the_first_answer(client, submitted):
    await client.post("/v1/disputes", json=a_dispute())
    answer = await client.post("/v1/disputes", json=a_dispute(token=written_token(TOKEN).lower()))

    assert (answer.status_code, answer.json()) == (200, HELD)
    assert submitted[0].id == submitted[1].id


async def test_every_wrong_token_gets_one_answer(client):
    answers = [
        await client.post("/v1/disputes", json=a_dispute(token=token))
        for token in ("hello", "", written_token("ff" * 16), "A" * 64)
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"reason": "because"}, 422),
        ({"text": "x" * 4001}, 422),
        ({"text": "a\u0000b"}, 422),
        ({"iban": "NL70"}, 422),
        ({"text": "x" * MOST_BODY_BYTES}, 413),
    ],
)
async def test_what_is_no_dispute_is_refused_without_repeating_it(client, submitted, changed, status):
    answer = await client.post("/v1/disputes", json=a_dispute(**changed))

    assert answer.status_code == status
    assert answer.json()["status"] == status
    assert written_token(TOKEN) not in answer.text
    assert submitted == []


async def test_only_json_is_taken(client):
    answer = await client.post("/v1/disputes", content=b"{}", headers={"content-type": "text/plain"})
    assert answer.status_code == 415


async def test_broken_json_is_refused(client):
    answer = await client.post("/v1/disputes", content=b"{", headers={"content-type": "application/json"})
    assert answer.status_code == 422


async def test_a_person_can_dispute_on_the_page(client, submitted):
    page = await client.get("/disputes")
    assert "Code van de brief" in page.text

    sent = await client.post("/disputes", data=a_dispute())
    assert sent.status_code == 201
    assert "Wij zijn gestopt" in sent.text
    assert submitted[0].message.reason == "already_paid"

    wrong = await client.post("/disputes", data=a_dispute(token="x"))  # noqa: S106  no token
    assert wrong.status_code == 404
    assert "Deze code kennen wij niet" in wrong.text


async def test_what_is_not_there_is_a_problem_too(client):
    for answer in (await client.get("/nosuch"), await client.delete("/v1/disputes")):
        assert answer.status_code in {404, 405}
        assert answer.headers["content-type"] == "application/problem+json"


# --- the operator's way --------------------------------------------------------------------------------

OPERATOR = "the operator's own"
CASE_FILE = "11111111-1111-4111-8111-111111111111"


def a_releasing_client(answer, *, key_sha256, submitted=None):
    async def submit(submissions):
        (submitted if submitted is not None else []).extend(submissions)
        return [answer]

    app = make_http(submit, operator_key_sha256=key_sha256)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://dunning")


async def ask_release(client, *, key=OPERATOR, **changed):
    body = {"reason": "dispute", "because": "bewijs gezien", **changed}
    headers = {"Authorization": f"Bearer {key}"}
    return await client.post(f"/v1/case-files/{CASE_FILE}/hold-releases", json=body, headers=headers)


async def test_the_operator_releases_a_hold():
    submitted, key = [], hashlib.sha256(OPERATOR.encode()).hexdigest()
    applied = Answer(status="applied", body={"released_at": "2026-03-04T09:00:00+00:00", "still_held": ["no_channel"]})
    answer = await ask_release(a_releasing_client(applied, key_sha256=key, submitted=submitted))

    assert (answer.status_code, answer.json()["still_held"]) == (201, ["no_channel"])
    assert str(submitted[0].message.case_file_id) == CASE_FILE
    assert submitted[0].message.because.value == "bewijs gezien"


@pytest.mark.parametrize("key_sha256", ["", hashlib.sha256(b"another").hexdigest()])
async def test_nobody_else_releases_one(key_sha256):
    submitted = []
    client = a_releasing_client(Answer(status="applied", body={}), key_sha256=key_sha256, submitted=submitted)

    assert (await ask_release(client)).status_code == 401
    assert (await ask_release(client, key="")).status_code == 401
    assert submitted == []


@pytest.mark.parametrize(
    ("code", "status"), [("no_such_hold", 409), ("not_found", 404)]
)  # fmt: skip
async def test_a_release_that_finds_nothing_says_what(code, status):
    key = hashlib.sha256(OPERATOR.encode()).hexdigest()
    answer = await ask_release(a_releasing_client(Answer(status="refused", body={"code": code}), key_sha256=key))

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_release_behind_a_dead_letter_says_that_it_counts_later():
    key = hashlib.sha256(OPERATOR.encode()).hexdigest()
    answer = await ask_release(a_releasing_client(Answer(status="waiting"), key_sha256=key))
    assert (answer.status_code, answer.json()["title"]) == (409, "The file waits")
    assert "once that is settled" in answer.json()["detail"]


HEADERS = {"Authorization": f"Bearer {OPERATOR}", "content-type": "application/json"}
RELEASES = f"/v1/case-files/{CASE_FILE}/hold-releases"


@pytest.mark.parametrize(
    ("path", "body", "changed", "status"),
    [
        (RELEASES, b"{", {}, 422),
        (RELEASES, b"", {}, 422),
        (RELEASES, b'{"reason": "geheim"}', {}, 422),
        (RELEASES, b'{"reason": "dispute", "because": "geheim", "more": 1}', {}, 422),
        (RELEASES, b"reason=dispute", {"content-type": "application/x-www-form-urlencoded"}, 415),
        (RELEASES, b"geheim" * MOST_BODY_BYTES, {}, 413),
        (RELEASES, b"{", {"Authorization": ""}, 401),  # whoever may not ask is told nothing of what he sent
        ("/v1/case-files/geheim/hold-releases", b"{}", {}, 422),
    ],
)
async def test_what_is_no_release_is_a_problem_that_quotes_nothing(path, body, changed, status):
    submitted, key = [], hashlib.sha256(OPERATOR.encode()).hexdigest()
    client = a_releasing_client(Answer(status="applied", body={}), key_sha256=key, submitted=submitted)

    answer = await client.post(path, content=body, headers={**HEADERS, **changed})

    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert "geheim" not in answer.text
    assert submitted == []


async def test_a_fault_of_ours_is_a_problem_without_its_words():
    async def submit(_):
        raise RuntimeError("geheim")

    key = hashlib.sha256(OPERATOR.encode()).hexdigest()
    transport = httpx.ASGITransport(make_http(submit, operator_key_sha256=key), raise_app_exceptions=False)
    answer = await ask_release(httpx.AsyncClient(transport=transport, base_url="http://dunning"))

    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "geheim" not in answer.text
