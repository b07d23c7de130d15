"""What the clients do: register, and hand claims over as files, uploads, single claims and invoices."""

import asyncio
import csv
import io
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cli.demo.clients import CLIENTS, Client, Style, Way
from cli.demo.http import Answer, HttpClient
from cli.demo.invoices import write_invoice
from cli.demo.world import Claim, Handover

OPERATOR_KEY = "demo-operator"
CSV, JSON, XML = "text/csv", "application/json", "application/xml"
LONGEST_SECONDS = 120.0
HEADERS = {
    "client_reference": ("referentie", "référence"),
    "invoice_number": ("factuurnummer", "numéro de facture"),
    "invoice_date": ("factuurdatum", "date de facture"),
    "due_date": ("vervaldatum", "date d'échéance"),
    "description": ("omschrijving", "libellé"),
    "principal": ("hoofdsom", "principal dû"),
    "debtor_type": ("type debiteur", "type de débiteur"),
    "debtor_name": ("naam debiteur", "nom du débiteur"),
    "enterprise_number": ("ondernemingsnummer", "numéro d'entreprise"),
    "street": ("straat", "rue"),
    "house_number": ("huisnummer", "numéro"),
    "postcode": ("postcode", "code postal"),
    "city": ("plaats", "localité"),
    "country": ("land", "pays"),
    "language": ("taal", "langue"),
    "email": ("e-mail", "courriel"),
    "phone": ("telefoon", "téléphone"),
    "agreed_percent": ("contractuele rente", "taux conventionnel"),
    "indemnity_percent": ("schadebeding percent", "clause indemnitaire"),
    "indemnity_min": ("schadebeding minimum", "clause indemnitaire minimum"),
}


@dataclass(kw_only=True)
class Office:
    """A client as the agency knows him: key and folder; and what he was told about his rows."""

    client: Client
    api_key: str
    folder: Path
    submitted: set[str] = field(default_factory=set[str])
    accepted: set[str] = field(default_factory=set[str])
    refused: set[str] = field(default_factory=set[str])

    @property
    def bearer(self) -> dict[str, str]:
        """Who he is, for HTTP."""
        return {"Authorization": f"Bearer {self.api_key}"}


class Offices:
    """All clients. `portfolio` holds their watched folders; copies of what went by HTTP lie there too."""

    def __init__(self, *, intake_url: str, portfolio: Path, http: HttpClient) -> None:
        self.url, self.portfolio, self.http = intake_url, portfolio, http
        self.offices: dict[int, Office] = {}

    def register(self) -> None:
        """The operator makes every client. Where the answer was lost, he gives a new key."""
        operator = {"Authorization": f"Bearer {OPERATOR_KEY}"}
        for client in CLIENTS:
            body = json.dumps(client.registration()).encode()
            answer = self.http.post(f"{self.url}/v1/clients", body, content_type=JSON, headers=operator)
            if not answer.is_success:
                raise RuntimeError(f"{client.name} can't be registered: {answer.status} {answer.body.decode()}")
            told = answer.json()
            self.offices[client.number] = Office(
                client=client, api_key=told["api_key"], folder=self.portfolio / told["folder"]
            )

    def hand_over(self, handover: Handover) -> None:
        """One after the other, each until it was answered."""
        office = self.offices[handover.client.number]
        office.submitted |= {claim.reference for claim in handover.claims}
        match handover.way:
            case Way.FOLDER:
                self._by_folder(office, handover)
            case Way.UPLOAD:
                self._by_upload(office, handover)
            case Way.SINGLE:
                self._single(office, handover)
            case Way.INVOICES:
                self._invoice(office, handover)

    def _by_folder(self, office: Office, handover: Handover) -> None:
        office.folder.mkdir(parents=True, exist_ok=True)
        draft = office.folder / f"{handover.name}.part"
        draft.write_bytes(csv_file(handover))
        waiting = office.folder / handover.name
        draft.replace(waiting)
        wait_until_taken(waiting)
        report = office.folder / "done" / f"{handover.name}.report.json"
        self._read_report(office, handover, json.loads(report.read_text("utf-8")))

    def _by_upload(self, office: Office, handover: Handover) -> None:
        body = csv_file(handover)
        self._keep_copy(office, handover.name, body)
        answer = self.http.post(f"{self.url}/v1/claim-files", body, content_type=CSV, headers=office.bearer)
        if not answer.is_success:
            raise RuntimeError(f"{handover.name} was not read: {answer.status} {answer.body.decode()}")
        self._keep_copy(office, f"{handover.name}.report.json", answer.body)
        self._read_report(office, handover, answer.json())

    def _read_report(self, office: Office, handover: Handover, report: dict[str, list[dict[str, object]]]) -> None:
        results = report["results"]
        assert len(results) == len(handover.claims), f"{handover.name}: every row is answered"
        for claim, result in zip(handover.claims, results, strict=True):
            note(office, claim, is_refused=result["outcome"] == "refused")

    def _single(self, office: Office, handover: Handover) -> None:
        [claim] = handover.claims
        body = json.dumps({name: text for name, text in claim.fields.items() if text}, ensure_ascii=False).encode()
        self._keep_copy(office, handover.name, body)
        headers = {**office.bearer, "Idempotency-Key": claim.reference}
        answer = self.http.post(f"{self.url}/v1/claims", body, content_type=JSON, headers=headers)
        self._note_single(office, claim, answer)

    def _invoice(self, office: Office, handover: Handover) -> None:
        [claim] = handover.claims
        body = write_invoice(claim).encode()
        self._keep_copy(office, handover.name, body)
        answer = self.http.post(f"{self.url}/v1/invoices", body, content_type=XML, headers=office.bearer)
        self._note_single(office, claim, answer)

    def _note_single(self, office: Office, claim: Claim, answer: Answer) -> None:
        if answer.status not in {201, 422}:
            raise RuntimeError(f"{claim.reference}: {answer.status} {answer.body.decode()}")
        note(office, claim, is_refused=not answer.is_success)
        if not answer.is_success:
            self._keep_copy(office, f"{claim.reference}.refused.json", answer.body)

    def _keep_copy(self, office: Office, name: str, body: bytes) -> None:
        folder = office.folder / "by-http"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(body)


def note(office: Office, claim: Claim, *, is_refused: bool) -> None:
    """What the client was told about a row."""
    (office.refused if is_refused else office.accepted).add(claim.reference)


def csv_file(handover: Handover) -> bytes:
    """The rows as this client's software writes them."""
    style = handover.client.style
    column = {Style.DUTCH: 0, Style.FRENCH: 1}.get(style)
    out = io.StringIO()
    writer = csv.writer(out, delimiter="," if column is None else ";", lineterminator="\r\n")
    writer.writerow(name if column is None else HEADERS[name][column] for name in HEADERS)
    writer.writerows([claim.fields[name] for name in HEADERS] for claim in handover.claims)
    encoding = {Style.DUTCH: "utf-8-sig", Style.FRENCH: "cp1252", Style.PLAIN: "utf-8"}[style]
    return out.getvalue().encode(encoding)


def wait_until_taken(*paths: Path) -> None:
    """Until the platform has taken these files away. Raises TimeoutError naming the first that it has not."""
    deadline = time.monotonic() + LONGEST_SECONDS
    for path in paths:
        while path.exists():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{path} was not taken in {LONGEST_SECONDS:.0f} seconds")
            time.sleep(0.01)


async def wait_for_files(paths: Sequence[Path]) -> None:
    """The same without blocking the loop."""
    if paths:
        await asyncio.to_thread(wait_until_taken, *paths)
