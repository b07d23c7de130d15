"""Letters: what a scanner, a screen reader, an archive and a printer's program find in them."""

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
import zxingcpp
from notification_builders import MESSAGE, QR_PAYLOAD, a_content, a_payment, at

from common.decisions import Result
from common.errors import InvalidMessage, TemporaryFailure
from common.ids import name_id
from common.messages import Personal
from contracts.notifications import TableBlock, TextBlock
from contracts.values import Address
from notifications.channels.letter import CannotBeSet, letter_pool, set_letter
from notifications.channels.printer import PrintChannel
from notifications.channels.returns import put_away, read_status
from notifications.domain import NEVER_LEFT, BatchPlace, LetterToPrint, PrintOrder

MONDAY = date(2026, 3, 2)
HOSTILE = '#panic("x") $x^2$ *bold* _it_ `raw` <label> @ref \\u{41} // comment /* x */ = heading'


def a_letter(**changed):
    return set_letter(a_content(**changed), language="nl", on=MONDAY)


def text_of(letter):
    document = pypdfium2.PdfDocument(letter.pdf)
    pages = [document[place].get_textpage().get_text_range() for place in range(len(document))]
    return " ".join("".join(pages).replace("\u200b", "").replace("\ufffe", "").split())


def paragraphs(*texts):
    return tuple(TextBlock(kind="paragraph", text=text) for text in texts)


def test_a_letter_is_an_archive_and_an_accessible_document():
    letter = a_letter()
    with pikepdf.open(io.BytesIO(letter.pdf)) as pdf:
        facts = pdf.open_metadata()
        assert (facts["pdfaid:part"], facts["pdfaid:conformance"]) == ("3", "A")
        assert facts["pdfuaid:part"] == "1"
        assert facts["dc:title"] == "Uw dossier 1000000017"
        assert str(pdf.Root.Lang) == "nl-NL"
        assert pdf.Root.MarkInfo.Marked
        assert len(pdf.pages) == letter.pages == 1
        box = pdf.pages[0].mediabox
        assert [round(float(side)) for side in box] == [0, 0, 595, 842]
        assert b"QR-code voor uw bankapp" in b"".join(
            bytes(thing.get("/Alt", b"")) for thing in pdf.objects if isinstance(thing, pikepdf.Dictionary)
        )


def test_a_letter_says_what_it_was_given():
    text = text_of(a_letter())
    for part in (
        "Jürgen van den Broek Lange Nieuwstraat 12 b 3512 PH Utrecht",
        "Utrecht, 2 maart 2026",
        "€ 249,75",
        "NL91 ABNA 0417 1643 00",
        "5000 0010 0000 0017",
        "Levering brood",
        "Ingeschreven onder nummer BI-0001.",
        "1 / 1",
    ):
        assert part in text, part


@pytest.mark.parametrize(("country", "is_left"), [("NL", True), ("BE", False)])
def test_the_address_stands_in_the_window_of_the_country(country, is_left):
    address = Address(street="Kerkstraat", house_number="1", postcode="2000", city="Plaats", country=country)
    page = pypdfium2.PdfDocument(a_letter(address=address).pdf)[0]
    words = page.get_textpage()
    place = words.search("Kerkstraat").get_next()[0]
    left, bottom, _, top = words.get_charbox(place)
    millimetres = 72 / 25.4
    assert (page.get_height() - top) / millimetres >= 45
    assert (page.get_height() - bottom) / millimetres <= 77
    assert (20 <= left / millimetres <= 30) if is_left else (105 <= left / millimetres <= 115)


def test_the_code_on_paper_scans_to_the_payload_it_was_given():
    picture = pypdfium2.PdfDocument(a_letter().pdf)[0].render(scale=3).to_pil()
    (code,) = zxingcpp.read_barcodes(picture)
    assert code.text.encode() == QR_PAYLOAD.encode()


def test_the_same_letter_has_the_same_bytes_in_another_process():
    program = (
        "import sys, datetime; from contracts.notifications import Content;"
        "from notifications.channels.letter import set_letter;"
        "content = Content.model_validate_json(sys.stdin.read());"
        "print(set_letter(content, language='nl', on=datetime.date(2026, 3, 2)).sha256)"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program], input=a_content().model_dump_json().encode(), capture_output=True, check=True
    )
    assert printed.stdout.decode().strip() == a_letter().sha256
    assert set_letter(a_content(), language="nl", on=date(2026, 3, 3)).sha256 != a_letter().sha256


def test_hostile_text_is_printed_as_text():
    letter = a_letter(
        recipient_name=HOSTILE,
        subject=HOSTILE,
        sender_name=HOSTILE,
        sender_lines=(HOSTILE,),
        footer=(HOSTILE,),
        blocks=(
            *paragraphs(HOSTILE),
            TableBlock(header=(HOSTILE, "x"), rows=((HOSTILE, HOSTILE),)),
            a_payment(reference=HOSTILE),
        ),
    )
    assert text_of(letter).count('#panic("x") $x^2$ *bold*') >= 7


@pytest.mark.parametrize("text", ["woord " * 1_700, "w" * 10_000])
def test_ten_thousand_characters_are_printed_whole(text):
    letter = a_letter(blocks=paragraphs(text))
    assert letter.pages > 1
    assert text_of(letter).replace(" ", "").count("w") >= text.count("w")


@pytest.mark.parametrize(
    "name", ["Γιώργος Παπαδόπουλος", "Юрій Шевченко-Ґалаґан", "Nguyễn Thị Phượng", "Łukasz Øster-Çelik"]
)
def test_names_of_europe_and_vietnam_are_printed(name):
    assert name in text_of(a_letter(recipient_name=name))


def test_a_letter_with_a_sign_that_no_font_has_is_not_set():
    with pytest.raises(CannotBeSet):
        a_letter(recipient_name="田中")


def test_a_table_with_long_text_in_two_columns_stays_on_its_page():
    rows = (("F/" + "9" * 60, "31 december 2025", "Levering van gas en stroom en nog veel meer", "€ 760,00"),)
    letter = a_letter(blocks=(TableBlock(header=("Factuur", "Datum", "Waarvoor", "Bedrag"), rows=rows),))
    assert letter.pages == 1
    words = pypdfium2.PdfDocument(letter.pdf)[0].get_textpage()
    lefts = [words.get_charbox(words.search(text).get_next()[0])[0] for text in ("31 dec", "Levering", "€ 760")]
    assert lefts == sorted(lefts)
    assert lefts[0] > 50 * 72 / 25.4  # the long number has room of its own, and the date does not stand on it


def test_rows_of_a_long_table_go_on_over_pages_under_their_header():
    rows = tuple((f"2026-{number:04}", "Levering", "€ 1,00") for number in range(200))
    letter = a_letter(blocks=(TableBlock(header=("Factuur", "Wat", "Bedrag"), rows=rows),))
    assert letter.pages > 3
    text = text_of(letter)
    assert text.count("Factuur") == letter.pages
    assert all(row[0] in text for row in rows)


# --- the printer's folder ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pool():
    with letter_pool(1) as processes:
        yield lambda: processes


def an_order(*contents):
    place = BatchPlace(print_on=MONDAY)
    letters = tuple(
        LetterToPrint(message_id=name_id("letter", number), language="nl", content=Personal.pack(content))
        for number, content in enumerate(contents)
    )
    return PrintOrder(batch_id=place.batch_id, name=place.name, print_on=MONDAY, created_at=at(2, 16), letters=letters)


async def test_given_a_batch_when_it_is_printed_then_the_folder_has_its_letters_manifest_and_mark(tmp_path, pool):
    order = an_order(a_content(), a_content(recipient_name="An Peeters"))
    detail = json.loads(await PrintChannel(tmp_path, pool).call(order.batch_id, order))
    folder = tmp_path / "2026-03-02-1"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (folder / ".ready").read_bytes() == b""
    assert (manifest["format_version"], manifest["batch_id"], manifest["count"]) == (1, str(order.batch_id), 2)
    for letter, entry in zip(order.letters, manifest["letters"], strict=True):
        pdf = (folder / entry["file"]).read_bytes()
        assert entry["letter_id"] == str(letter.message_id)
        assert entry["sha256"] == hashlib.sha256(pdf).hexdigest() == detail["printed"][entry["letter_id"]]
        assert entry["recipient"]["city"] == "Utrecht"
        assert (entry["pages"], entry["language"], entry["product"]) == (1, "nl", "standard")
    assert manifest["letters"][1]["recipient"]["name"] == "An Peeters"
    assert not list(tmp_path.rglob("*.tmp"))


async def test_given_a_batch_that_was_handed_over_when_ordered_again_then_nothing_is_printed_twice(tmp_path, pool):
    channel, order = PrintChannel(tmp_path, pool), an_order(a_content())
    first = await channel.call(order.batch_id, order)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert await channel.call(order.batch_id, order) == first
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    known = await channel.was_accepted(order.batch_id, order)
    assert (known.result, known.detail) == (Result.ACCEPTED, first)


async def test_given_a_batch_broken_off_before_its_mark_then_it_never_left_and_is_written_afresh(tmp_path, pool):
    channel, order = PrintChannel(tmp_path, pool), an_order(a_content())
    letters = tmp_path / order.name / "letters"
    letters.mkdir(parents=True)
    (letters / "withdrawn-since.pdf").write_bytes(b"half")
    known = await channel.was_accepted(order.batch_id, order)
    assert (known.result, known.detail) == (Result.FAILED, NEVER_LEFT)
    await channel.call(order.batch_id, order)
    assert [path.name for path in letters.iterdir()] == [f"{order.letters[0].message_id}.pdf"]


async def test_given_a_letter_that_cannot_be_set_then_it_is_left_out_and_the_others_are_printed(tmp_path, pool):
    order = an_order(a_content(recipient_name="田中"), a_content(), a_content(address=None))
    detail = json.loads(await PrintChannel(tmp_path, pool).call(order.batch_id, order))
    bad, good, nowhere = (str(letter.message_id) for letter in order.letters)
    assert list(detail["printed"]) == [good]
    assert set(detail["faults"]) == {bad, nowhere}
    assert [path.stem for path in (tmp_path / order.name / "letters").iterdir()] == [good]


async def test_given_a_folder_that_cannot_be_written_then_nothing_was_handed_over(tmp_path, pool):
    (tmp_path / "2026-03-02-1").write_text("a file where the batch should be")
    order = an_order(a_content())
    with pytest.raises(TemporaryFailure):
        await PrintChannel(tmp_path, pool).call(order.batch_id, order)


async def test_given_a_table_of_uneven_rows_then_that_letter_alone_is_left_out(tmp_path, pool):
    uneven = a_content(blocks=(TableBlock(header=("a", "b"), rows=(("1",),)),))
    order = an_order(uneven, a_content())
    detail = json.loads(await PrintChannel(tmp_path, pool).call(order.batch_id, order))
    assert (len(detail["printed"]), list(detail["faults"])) == (1, [str(order.letters[0].message_id)])


async def test_given_a_process_that_dies_while_it_sets_then_the_batch_is_written_by_another(tmp_path):
    pools = []

    def make_pool():
        pools.append(letter_pool(1))
        return pools[-1]

    channel, order = PrintChannel(tmp_path, make_pool), an_order(a_content())
    channel.pool = make_pool()
    channel.pool.submit(os.kill, channel.pool.submit(os.getpid).result(), signal.SIGKILL)
    with pytest.raises(TemporaryFailure):
        await channel.call(order.batch_id, order)
    assert not (tmp_path / order.name / ".ready").exists()
    assert json.loads(await channel.call(order.batch_id, order))["printed"]
    for pool in pools:
        pool.shutdown()


def test_a_process_of_the_pool_ends_when_its_parent_is_killed(tmp_path):
    program = (
        "import os, sys, time; from notifications.channels.letter import letter_pool\n"
        "if __name__ == '__main__':\n"
        "    print(letter_pool(1).submit(os.getpid).result(), flush=True)\n"
        "    time.sleep(600)\n"
    )
    script = tmp_path / "parent.py"
    script.write_text(program)
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE)
    child = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    for _ in range(500):
        if not is_running(child):
            return
        signal.sigtimedwait([], 0.02)
    os.kill(child, signal.SIGKILL)
    pytest.fail("it outlived its parent")


def is_running(pid):
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


# --- the printer's status file -----------------------------------------------------------------------------


async def test_given_a_status_file_then_its_returned_letters_are_read_and_bad_lines_counted(tmp_path, pool):
    order = an_order(a_content())
    await PrintChannel(tmp_path, pool).call(order.batch_id, order)
    path = tmp_path / order.name / "status.csv"
    letter_id = order.letters[0].message_id
    path.write_text(
        "letter_id,status,reason,on\n"
        f"{letter_id},returned,moved away,2026-03-06\n{MESSAGE},printed,,2026-03-03\nx,returned,,2026-03-06\n"
    )
    status = read_status(path)
    (report,) = status.returned
    assert (report.batch_id, report.message_id, report.reason) == (order.batch_id, letter_id, "moved away")
    assert status.unreadable == 1
    taken = put_away(path)
    assert taken.is_file()
    assert not path.exists()


def test_given_a_status_file_without_a_batch_or_its_columns_then_it_is_refused(tmp_path):
    path = tmp_path / "status.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(InvalidMessage, match="not handed over"):
        read_status(path)
    (tmp_path / "manifest.json").write_text(json.dumps({"batch_id": str(MESSAGE)}))
    with pytest.raises(InvalidMessage, match="columns"):
        read_status(path)
