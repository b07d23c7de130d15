"""Payment codes are what EPC069-12 asks for: level M, plain UTF-8 bytes, never above version 13."""

import io

import pytest
import zxingcpp
from PIL import Image

from notifications.channels.qr import qr_png, qr_svg

LARGEST_PAYLOAD = 331  # bytes, by EPC069-12


def a_payload(*, name: str = "Incasso Test BV") -> str:
    return f"BCD\n002\n1\nSCT\n\n{name}\nNL91ABNA0417164300\nEUR140.50\n\nRF18539007547034\n\n"


def scanned(picture: bytes) -> zxingcpp.Barcode:
    [code] = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)))
    return code


@pytest.mark.parametrize("name", ["Incasso Test BV", "Étude Éric Noël", "Łódź €", "ÄÖÜ à çà", "\u0080\u009f"])
def test_given_any_letters_then_the_code_holds_their_utf8_at_level_m(name):
    code = scanned(qr_png(a_payload(name=name)))
    assert code.bytes == a_payload(name=name).encode()
    assert code.text == a_payload(name=name)
    assert code.ec_level == "M"


@pytest.mark.parametrize("letter", ["a", "é"])
def test_given_the_largest_payload_then_it_stands_in_version_13_with_no_room_for_a_character_set(letter):
    payload = (letter * LARGEST_PAYLOAD).encode()[:LARGEST_PAYLOAD].decode(errors="ignore")
    code = scanned(qr_png(payload))
    assert code.text == payload
    assert code.extra["Version"] == "13"


def test_given_a_payload_that_no_code_can_hold_then_there_is_none():
    for draw in (qr_png, qr_svg):
        with pytest.raises(ValueError, match="too long"):
            draw("a" * 3_000)


def test_the_same_payload_has_the_same_picture_black_on_white_with_a_quiet_zone():
    picture = Image.open(io.BytesIO(qr_png(a_payload())))
    picture.load()
    assert qr_png(a_payload()) == qr_png(a_payload())
    assert picture.mode == "1"
    side = picture.width
    modules = 17 + 4 * int(scanned(qr_png(a_payload())).extra["Version"])
    assert side == picture.height == 8 * (modules + 2 * 4)
    assert picture.crop((0, 0, side, 32)).getextrema() == (255, 255)
    assert picture.crop((32, 32, 32 + 8 * 7, 40)).getextrema() == (0, 0)  # the edge of the finder
