"""Payment codes. One fixed mask: the same payload gives the same picture, in a ninth of the time."""

import struct
import zlib
from typing import Any

import zxingcpp

MASK = 3
NO_CHARACTER_SET = -1  # plain bytes, as EPC069-12 has them: its payload names its character set itself
PIXELS_A_MODULE = 8
QUICK = 2  # zlib's level: a third more bytes of few, in a seventh of the time


def qr_png(payload: str) -> bytes:
    """The code as a PNG for screens, with its quiet zone. Raises ValueError for what no code can hold."""
    modules: Any = make(payload).to_image(scale=1)  # a buffer, which its type does not say
    side, cells = int(modules.shape[0]), bytes(modules)
    # a module is a byte, 0 or 255, and in a picture of one bit a pixel the same byte is eight pixels of it
    rows = b"".join((b"\0" + cells[start : start + side]) * PIXELS_A_MODULE for start in range(0, side * side, side))
    size = side * PIXELS_A_MODULE
    head = struct.pack(">IIBBBBB", size, size, 1, 0, 0, 0, 0)  # one bit, grey, not interlaced
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, QUICK)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_part(kind, content) for kind, content in parts)


def png_part(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG file: length, kind, content, checksum."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def qr_svg(payload: str) -> str:
    """The code as an SVG for paper, with its quiet zone. Raises ValueError for what no code can hold."""
    return make(payload).to_svg()


def make(payload: str) -> zxingcpp.Barcode:
    """Error level M and UTF-8, as EPC069-12 asks."""
    return zxingcpp.create_barcode(  # pyright: ignore[reportUnknownMemberType]  its options have no types
        payload.encode(), zxingcpp.BarcodeFormat.QRCode, ec_level="M", data_mask=MASK, eci=NO_CHARACTER_SET
    )
